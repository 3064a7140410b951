"""What the published text-to-image families share: parameters and their rules, and how such a model is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ttvideo.backends import cpu_has_bfloat16
from ttvideo.contract import Phase
from ttvideo.errors import WorkerError
from ttvideo.families import metal, parameters, tokens
from ttvideo.families.family import Family, Illustrator, OnEvent, PhaseEvent, StepEvent
from ttvideo.families.metal import Metal, MetalPictures
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published

LARGEST_SIDE = 2048


@dataclass(frozen=True)
class ImageModel:
    """A text-to-image model: by whom it is published, of what classes it is made, what pictures it was trained on."""

    published: Published
    from_picture: str
    """The pipeline in diffusers that begins with a picture."""
    from_picture_is_sized: bool
    """Whether that pipeline takes width and height."""
    denoiser: tuple[str, str]
    """Part and class in diffusers."""
    encoders: Mapping[str, str]
    """Parts and classes in transformers."""
    tokenizers: Mapping[str, str]
    scheduler: str
    """Class in diffusers; one of the Euler methods."""
    dtype: Literal["float16", "bfloat16"]
    """What it computes in on a GPU."""
    multiple: int
    """Width and height are multiples of this many pixels."""
    megapixels: tuple[float, float]
    """Of the pictures it was trained on, from about and to about, in 2**20."""
    tokens: int
    """How many a prompt may have for all of it to be read, by the last of the tokenizers."""
    bytes_per_pixel: int
    """Memory that one more picture takes while denoising with guidance, in 16 bits: `bench/batching.py --memory`."""
    encoding: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the pipeline's `encode_prompt`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of both pipelines."""


class ImageParams(BaseModel):
    """Parameters of one picture; a family gives its own defaults."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)

    steps: int
    guidance: float
    seed: int = parameters.seed("picture")
    start_image: str | None = parameters.start_image("The picture to begin with, cut to the size")
    strength: float = Field(
        0.6,
        ge=0,
        le=1,
        title="Strength",
        description="How far to leave the start image: at 0 it stays nearly as it is, at 1 little of it is left",
        examples=[0.3, 0.6, 0.8],
    )
    width: int
    height: int


def steps(default: int) -> Any:
    return Field(
        default,
        ge=1,
        le=150,
        title="Steps",
        description="Denoising steps: more is slower and finer",
        examples=[default // 2, default, 50],
    )


def guidance(default: float) -> Any:
    return Field(
        default,
        ge=0,
        le=20,
        title="Guidance",
        description="How closely to follow the prompt; up to 1 the negative prompt is not read",
        examples=[1.0, default, 7.5],
    )


def side(name: str, multiple: int) -> Any:
    return Field(
        1024,
        ge=64,
        le=LARGEST_SIDE,
        title=name,
        description=f"Pixels, a multiple of {multiple}",
        examples=[768, 1024, 1344],
    )


def family(model: ImageModel, params: type[ImageParams]) -> Family:
    return Family(
        id=model.published.id,
        title=model.published.title,
        makes="image",
        Params=params,
        published=(model.published,),
        checkpoints=lambda: (checkpoints.checkpoint(model.published),),
        draws=True,
        devices=frozenset({"cpu", "cuda"}) | metal.devices([model.published]),
        unable=lambda device, params: metal.unable(
            device, [model.published], None if params is None else (model.published, params)
        ),
        fit=lambda given: fit(model, given),
        remarks=lambda prompt, negative: remarks(model, prompt, negative),
        vocabulary=lambda: None,
        revision=lambda params: checkpoints.revision(model.published),
        load=lambda device, params, on_event: load(model, device, on_event),
    )


def fit(model: ImageModel, params: ImageParams) -> tuple[ImageParams, list[str]]:
    title, unit = model.published.title, model.multiple
    width, height = (max(unit, int(pixels / unit + 0.5) * unit) for pixels in (params.width, params.height))
    notes = []
    if (width, height) != (params.width, params.height):
        notes.append(
            f"{title} makes sizes in multiples of {unit}: {width}x{height} instead of {params.width}x{params.height}."
        )
    least, most = model.megapixels
    if not least <= width * height / 2**20 <= most:
        wants = "larger" if width * height / 2**20 < least else "smaller"
        notes.append(f"{title} was trained on {wants} pictures than {width}x{height}: expect worse ones.")
    return params.model_copy(update={"width": width, "height": height}), notes


def remarks(model: ImageModel, prompt: str, negative_prompt: str) -> list[str]:
    """What of the prompts is beyond the text length; that only an installed model can tell."""
    try:
        folder = checkpoints.find(model.published) / list(model.tokenizers)[-1]
    except WorkerError:
        return []
    return tokens.cut_off(folder, model.tokens, prompt, negative_prompt)


def load(model: ImageModel, device: str, on_event: OnEvent) -> Illustrator:
    """Raises WorkerError: MODEL_MISSING, or MODEL_BROKEN when files can't be read or weights are missing or left over.

    On a GPU it computes in `model.dtype`; on a CPU in bfloat16 where the processor has instructions for it, else in
    float32. Where that is float16 the VAE stays in float32, because its numbers get too large. On boards: see `Metal`.
    """
    if device == "tt":
        return MetalPictures(Metal(model.published, [model.published], on_event))
    from ttvideo.families.weights.loading import quiet

    folder = checkpoints.find(model.published)
    total = len(model.encoders) + 3
    on_event(PhaseEvent(Phase.LOADING, total=total))
    quiet()
    import torch

    from ttvideo.families.painter import Painter, Parts

    dtype = getattr(torch, model.dtype) if device == "cuda" else torch.bfloat16 if cpu_has_bfloat16() else torch.float32
    parts = Parts(model, folder, dtype, device)
    vae = parts.vae()
    on_event(StepEvent(1, total))
    denoiser = parts.denoiser()
    on_event(StepEvent(2, total))
    encoders = {}
    for step, name in enumerate(model.encoders, start=3):
        encoders[name] = parts.encoder(name)
        on_event(StepEvent(step, total))
    painter = Painter(parts, vae, denoiser, encoders)
    on_event(StepEvent(total, total))
    return painter
