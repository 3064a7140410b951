"""The family that a published text-to-video model makes: rules checked, checkpoint found, weights loaded."""

from __future__ import annotations

from pathlib import Path

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import metal, parameters, tokens
from ttvideo.families.clips import quantization, step_cache
from ttvideo.families.clips.fields import ClipParams
from ttvideo.families.clips.model import ClipModel
from ttvideo.families.family import Family, OnEvent, Pipeline
from ttvideo.families.metal import Metal, MetalClips
from ttvideo.families.weights import checkpoints, loras, single_file
from ttvideo.families.weights.checkpoints import Published


def clip_family(model: ClipModel) -> Family:
    return Family(
        id=model.id,
        title=model.title,
        makes="clip",
        Params=model.takes,
        published=model.published,
        checkpoints=lambda: tuple(checkpoints.checkpoint(each) for each in model.published),
        draws=False,
        devices=frozenset({"cpu", "cuda"}) | metal.devices(model.published),
        unable=lambda device, params: metal.unable(
            device, model.published, None if params is None else (published_for(model, params), params)
        ),
        fit=lambda given: fit(model, given),
        remarks=lambda prompt, negative: remarks(model, prompt, negative),
        vocabulary=lambda: None,
        revision=lambda params: "+".join(
            [checkpoints.revision(published_for(model, params)), *loras.prints(params.loras)]
        ),
        unread=lambda params: None if model.guided(params) else model.unread,
        load=lambda device, params, on_event: load(model, device, params, on_event),
        loads=lambda params: (published_for(model, params), model.loras(params)),
        prepare=lambda device, published, on_event: prepare(model, device, published, on_event),
    )


def published_for(model: ClipModel, params: ClipParams) -> Published:
    """The checkpoint that is asked for: one of the family's, or a folder or file that holds one of its kind.

    Raises WorkerError: INVALID_PARAMETERS, MODEL_BROKEN, and MODEL_MISSING for a file without an installed checkpoint
    of its kind.
    """
    for published in model.published:
        if params.checkpoint in (published.id, published.repo):
            return model.complete(published, params)
    if params.checkpoint.startswith(("/", "~")):
        place = Path(params.checkpoint).expanduser()
        if place.is_dir():
            return model.complete(checkpoints.in_folder(model.published, place), params)
        # A file holds one denoiser: where two take turns, it cannot be told whose it is.
        whole = [each for each in model.published if not set(model.denoisers[1:]) & set(each.weights)]
        found = single_file.completed(single_file.checked(params.checkpoint), model.title, model.pieces, whole)
        return model.complete(found, params)
    known = ", ".join(published.id for published in model.published)
    raise WorkerError(
        ErrorKind.INVALID_PARAMETERS,
        f"{model.title} has no checkpoint '{params.checkpoint[:80]}'.",
        f"Its checkpoints are {known}; a folder or file is named by its whole path.",
    )


def fit(model: ClipModel, params: ClipParams) -> tuple[ClipParams, list[str]]:
    """Raises WorkerError: INVALID_PARAMETERS, UNSUPPORTED."""
    published = published_for(model, params)
    unit = model.sides(published)
    notes = single_file.remarks(published, published.file, model.pieces) if published.file is not None else []
    changes: dict[str, int] = {}
    width, height = (max(unit, int(pixels / unit + 0.5) * unit) for pixels in (params.width, params.height))
    if (width, height) != (params.width, params.height):
        notes.append(
            f"{model.title} makes sizes in multiples of {unit}: {width}x{height} instead of "
            f"{params.width}x{params.height}."
        )
        changes |= {"width": width, "height": height}
    multiple = model.frame_multiple
    count = max(0, int((params.frames - 1) / multiple + 0.5)) * multiple + 1
    if multiple > 1 and count != params.frames:
        notes.append(f"{model.title} makes {multiple}k+1 frames: {count} instead of {params.frames}.")
        changes |= {"frames": count}
    quantization.check(quantization.of(params))
    if step_cache.of(params) is None and parameters.differs(params, "cache_threshold"):
        notes.append("Without a step cache its threshold changes nothing.")
    if (named := loras.pinned(params.loras)) != params.loras:
        params = params.model_copy(update={"loras": named})
    loras.parse(params.loras)
    _check_start(model, published, getattr(params, "start_image", None))
    params, more = model.fit(params.model_copy(update=changes))
    return params, notes + more


def _check_start(model: ClipModel, published: Published, picture: str | None) -> None:
    pipeline = model.from_picture(published)
    if picture is not None and pipeline is None:
        others = [each.id for each in model.published if model.from_picture(each)]
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{published.title} does not begin with a picture.",
            f"Take one of the checkpoints that do: {', '.join(others)}." if others else "Leave the picture out.",
        )
    if picture is None and pipeline == published.pipeline:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{published.title} makes clips of a picture, and none was given.",
            "Give one with --start-image, or in the editor as the start image.",
        )


def remarks(model: ClipModel, prompt: str, negative_prompt: str) -> list[str]:
    """What of the prompts is beyond the text length; that only an installed model can tell."""
    for published in model.published:
        try:
            folder = checkpoints.find(published) / model.tokenizer
        except WorkerError:
            continue
        return tokens.cut_off(folder, model.tokens, prompt, negative_prompt)
    return []


def load(model: ClipModel, device: str, params: ClipParams, on_event: OnEvent) -> Pipeline:
    """Raises WorkerError: MODEL_MISSING, or MODEL_BROKEN when files can't be read or weights are missing or left over.

    Computes in bfloat16, but on a CPU without instructions for it in float32. On boards: see `Metal`.
    """
    if device == "tt":
        return MetalClips(Metal(published_for(model, params), model.published, on_event))
    from ttvideo.families.clips.pipeline import load_clip_pipeline

    return load_clip_pipeline(model, published_for(model, params), device, params, on_event)


def prepare(model: ClipModel, device: str, published: Published, on_event: OnEvent) -> list[Path]:
    """See `Family.prepare`; tt-metal keeps what it prepares itself."""
    if device == "tt":
        return []
    from ttvideo.families.clips import prepared
    from ttvideo.families.clips.parts import Parts

    return prepared.make(Parts(model, published, device), on_event, everything=True)
