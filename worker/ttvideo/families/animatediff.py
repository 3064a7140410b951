"""AnimateDiff: Stable Diffusion 1, with modules beside its own that let the frames of a clip see each other."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import parameters, tokens
from ttvideo.families.animatediff_weights import (
    ADAPTERS,
    GUIDANCE,
    MODULES,
    PIECES,
    PUBLISHED,
    SEEN,
    STEPS,
    WEIGHTS,
    Adapter,
    modules_of,
    motion_file,
    seen,
)
from ttvideo.families.clips import fields
from ttvideo.families.clips.family import clip_family, load, prepare, published_for
from ttvideo.families.clips.fields import ClipParams
from ttvideo.families.clips.model import ClipModel, Schedulers
from ttvideo.families.family import OnEvent, Pipeline
from ttvideo.families.weights import checkpoints, loras, single_file
from ttvideo.families.weights.checkpoints import Published

if TYPE_CHECKING:
    import torch

    from ttvideo.families.animatediff_steps import Cuts
    from ttvideo.families.clips.model import Embeddings
    from ttvideo.families.clips.prepared import Recipe

WINDOW, STRIDE = 16, 4
"""Of FreeNoise, as diffusers' documentation has them: frames that are seen at once, and how far apart windows begin."""
STRENGTH = 0.8
"""Of the pipeline in diffusers."""
EVERY, WHOLE = 3, 3
"""Of the step cache: how often the inner layers run, and in how many of the first steps at least."""
BOARDS_ONLY: dict[str, Any] = {
    "devices": ["tt"],
    "elsewhere": "elsewhere --set motion=false makes frames that do not see each other",
}
LATER = re.compile(r"(?:^|[|,])\s*(\d+)\s*:")
SYNTAX = "Write frames and what to show from there on: 8: a dog | 16: a bird"


class Params(ClipParams):
    checkpoint: str = fields.checkpoint(*PUBLISHED)
    adapter: Literal[
        "animatediff-v1-5-2",
        "animatediff-lightning-1",
        "animatediff-lightning-2",
        "animatediff-lightning-4",
        "animatediff-lightning-8",
        "animatelcm",
    ] = Field(
        "animatediff-v1-5-2",
        title="Motion",
        description="Which motion modules; lightning and animatelcm take few steps, and bring their guidance",
        json_schema_extra={"advanced": True},
    )
    motion_file: str | None = Field(
        None,
        title="Motion file",
        description="Other motion modules: one .safetensors file, or .ckpt, as AnimateDiff's makers publish them",
        json_schema_extra={"format": "path", "contentMediaType": "application/octet-stream", "advanced": True},
    )
    start_video: str | None = parameters.start_video(
        "The video the clip is made of: its first frames at the frame rate, cut to the size"
    )
    strength: float = Field(
        STRENGTH,
        gt=0,
        le=1,
        title="Strength",
        description="How far to leave the start video: so much of the steps is made, the rest is the video's",
        examples=[0.6, 0.8],
    )
    steps: int = fields.steps(STEPS)
    guidance: float = fields.guidance(GUIDANCE)
    frames: int = fields.frames(16)
    fps: float = fields.fps(8)
    width: int = fields.side("Width", 512, 8)
    height: int = fields.side("Height", 512, 8)
    scheduler: Literal["default", "ddim", "euler", "dpm++", "pndm", "lcm"] = Field(
        "default",
        title="Scheduler",
        description="How noise becomes a clip; default: the one that the motion modules are made for",
        json_schema_extra={"advanced": True},
    )
    travel: str = Field(
        "",
        max_length=4000,
        title="Later prompts",
        description="What the clip comes to show at later frames: 8: a dog | 16: a bird",
        json_schema_extra={"advanced": True},
    )
    cache: Literal["none", "deep"] = Field(
        "none",
        title="Step cache",
        description="deep: after the first fifth of the steps the inner layers run in every third; quicker, not quite "
        "the same clip",
        json_schema_extra={"advanced": True},
    )
    guided: float = Field(
        1.0,
        ge=0,
        le=1,
        title="Guided part",
        description="Of the steps, the part that is guided; the others take half the time, with the negative prompt "
        "unread",
        examples=[0.7],
        json_schema_extra={"advanced": True},
    )
    frames_apart: bool = Field(
        False,
        title="Frames one by one",
        description="Each frame on its own, without motion modules, from nearly the same noise: Phase 2 of the "
        "AnimateDiff lesson, to compare with",
        json_schema_extra={"advanced": True, **BOARDS_ONLY},
    )
    perturbation: float = Field(
        0.05,
        ge=0,
        le=1,
        title="Perturbation",
        description="How much of a frame's noise is its own, when frames are made one by one",
        json_schema_extra={"advanced": True, **BOARDS_ONLY},
    )
    board_weights: parameters.BoardWeights = parameters.board_weights()
    motion: bool = Field(
        True,
        title="Motion modules",
        description="Without them the frames do not see each other: single pictures of one prompt",
        json_schema_extra={"advanced": True},
    )


class AnimateDiff(ClipModel):
    id = "animatediff"
    title = "AnimateDiff"
    takes = Params
    published = PUBLISHED
    pipeline = "AnimateDiffPipeline"
    classes: ClassVar[Mapping[str, str]] = {
        "tokenizer": "transformers.CLIPTokenizer",
        "text_encoder": "transformers.CLIPTextModel",
        "vae": "diffusers.AutoencoderKL",
        "scheduler": "diffusers.PNDMScheduler",
        "unet": "diffusers.UNetMotionModel",
        "motion_adapter": "diffusers.MotionAdapter",
        "feature_extractor": "transformers.CLIPImageProcessor",
        "image_encoder": "transformers.CLIPVisionModelWithProjection",
    }
    pieces = PIECES
    encoders = ("text_encoder",)
    denoisers = ("unet",)
    # Stable Diffusion's own have other betas, and clip: motion modules were trained with these. As diffusers' pages on
    # AnimateDiff have it, which for Lightning (`scheduler`) is its model card's too.
    schedulers: ClassVar[Schedulers] = {
        "ddim": (
            "DDIMScheduler",
            {"beta_schedule": "linear", "clip_sample": False, "timestep_spacing": "linspace", "steps_offset": 1},
        ),
        "euler": ("EulerDiscreteScheduler", {"beta_schedule": "linear", "timestep_spacing": "linspace"}),
        "dpm++": (
            "DPMSolverMultistepScheduler",
            {"beta_schedule": "linear", "timestep_spacing": "linspace", "use_karras_sigmas": True},
        ),
        "pndm": ("PNDMScheduler", {"beta_schedule": "linear"}),
        "lcm": ("LCMScheduler", {"beta_schedule": "linear"}),
    }
    side_multiple = 8
    # CLIP reads 77, of which the first is the beginning and the last the end.
    tokens = 75
    float32 = frozenset()

    def complete(self, published: Published, params: Params) -> Published:
        return replace(published, weights=WEIGHTS, also=(_adapter_of(params, published).published,))

    def fit(self, params: Params) -> tuple[Params, list[str]]:
        adapter = _adapter_of(params)
        notes = single_file.warnings(adapter.published.file) if adapter.published.file is not None else []
        changes: dict[str, Any] = {}
        title = adapter.published.title
        if params.steps != adapter.steps and (adapter.only or params.steps == STEPS):
            notes.append(f"{title} is made for {adapter.steps} steps: so many are taken instead of {params.steps}.")
            changes["steps"] = adapter.steps
        if params.guidance == GUIDANCE != adapter.guidance:
            notes.append(f"{title} is made for guidance {adapter.guidance:g}: it is taken instead of {GUIDANCE:g}.")
            changes["guidance"] = adapter.guidance
        if adapter.only and params.scheduler not in ("default", adapter.scheduler):
            notes.append(f"{title} is made for {adapter.scheduler}: it is taken instead of {params.scheduler}.")
            changes["scheduler"] = "default"
        params, more = _with_video(params.model_copy(update=changes))
        notes += more
        if params.frames > (most := _seen(params)) and not params.frames_apart:
            notes.append(
                f"The motion modules see {most} frames: {params.frames} are made in windows of {WINDOW} that overlap "
                "(FreeNoise), which takes a fifth longer for each frame."
            )
        notes += [
            f"{lora.file.name} changes the text encoder, too: that part of it is left out."
            for lora in loras.parse(params.loras)
            if loras.changes_text(lora.file)
        ]
        if parameters.differs(params, "perturbation") and not params.frames_apart:
            notes.append("Where frames are not made one by one, the perturbation changes nothing.")
        folder = _tokenizer(params)
        later = [text for _, text in travel(params)]
        notes += tokens.cut_off(folder, self.tokens, *later) if folder and later else []
        return params, notes

    def begun(self, published: Published, params: Params) -> str | None:
        return "AnimateDiffVideoToVideoPipeline" if params.start_video is not None else None

    def start(self, params: Params) -> dict[str, Any]:
        if params.start_video is None:
            return {}
        from PIL import Image

        from ttvideo.media.footage import open_video

        pictures = open_video(Path(params.start_video)).pictures(params.fps, params.frames, params.width, params.height)
        return {
            "video": [Image.fromarray(each) for each in pictures],
            "strength": params.strength,
            # Frames that are encoded together; more need more memory than decoding does.
            "decode_chunk_size": 1,
        }

    def recipe(self, published: Published, folder: Path, name: str, dtype: torch.dtype) -> Recipe | None:
        """The UNet with motion modules: the class that has both names tensors as the files do."""
        from ttvideo.families.animatediff_unet import fused
        from ttvideo.families.clips import prepared

        own = super().recipe(published, folder, name, dtype)
        if name != "unet":
            return own
        adapter = published.also[0]
        place = checkpoints.find(adapter)
        stored = checkpoints.weight_files(folder / name) or ()
        base = own.files if own is not None and published.file is not None else tuple(stored)
        if adapter.file is not None:
            motion = single_file.Held(adapter.file, MODULES, {})
            return prepared.Recipe(fused(folder / name, None, **modules_of(adapter.file)), (*base, motion), needed=True)
        if adapter.weights:
            return prepared.Recipe(
                fused(folder / name, place), (*base, *(checkpoints.weight_files(place) or ())), needed=True
            )
        # One of AnimateDiff-Lightning's files, which have no settings beside them: they are the default ones.
        return prepared.Recipe(fused(folder / name, None), (*base, place / adapter.files[0]), needed=True)

    def scheduler(self, scheduler: Any, params: Params) -> Any:
        import diffusers

        if params.frames_apart and params.scheduler == "default":
            return scheduler
        adapter = _adapter_of(params)
        name, settings = self.schedulers[adapter.scheduler if params.scheduler == "default" else params.scheduler]
        trailing = {"timestep_spacing": "trailing"} if adapter.only else {}
        return getattr(diffusers, name).from_config(scheduler.config, **(dict(settings) | trailing))

    def loras(self, params: Params) -> tuple[loras.Lora, ...]:
        adapter = _adapter_of(params)
        own = [loras.Lora(checkpoints.find(adapter.published) / adapter.lora, 1.0)] if adapter.lora else []
        return (*own, *super().loras(params))

    def keeps(self, params: Params, step: int) -> bool:
        return cuts(params).whole(step)

    def blocks(self, denoiser: Any) -> Sequence[Any]:
        from ttvideo.families.animatediff_unet import blocks

        return blocks(denoiser)

    def texts(self, prompt: str, params: Params) -> tuple[str, ...]:
        return (prompt, *(text for _, text in travel(params)))

    def encode(self, pipe: Any, text: str) -> dict[str, torch.Tensor]:
        embeddings, _ = pipe.encode_prompt(text, pipe._execution_device, 1, False)
        return {"prompt_embeds": embeddings}

    @contextmanager
    def calling(self, pipe: Any, params: Params, texts: Sequence[Embeddings]) -> Iterator[dict[str, Any]]:
        from ttvideo.families import animatediff_steps as steps
        from ttvideo.families import animatediff_unet as unet

        prompts = [text["prompt_embeds"] for text in texts]
        negative = prompts.pop() if self.guided(params) else None
        later = [frame for frame, _ in travel(params)]
        with ExitStack() as stack:
            if not params.motion:
                stack.enter_context(unet.still(pipe.unet))
            if params.frames > _seen(params) or later:
                window = WINDOW if params.frames > _seen(params) else params.frames
                each = unet.between(prompts, [0, *later], params.frames)
                stack.enter_context(unet.free_noise(pipe, window, STRIDE, each, negative))
            stack.enter_context(steps.cut(pipe.unet, cuts(params)))
            yield {"prompt_embeds": prompts[0], "negative_prompt_embeds": negative}

    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = 1 / vae.config.scaling_factor * latents.to(vae.dtype)
        return scaled

    def encode_picture(self, vae: Any, picture: torch.Tensor) -> torch.Tensor:
        latents: torch.Tensor = vae.encode(picture).latent_dist.mode()
        return latents

    def scale(self, vae: Any) -> int:
        return 1 << len(vae.config.block_out_channels) - 1

    def decode(
        self, vae: Any, latents: torch.Tensor, params: Params, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        for frame in latents.unbind(2):
            yield vae.decode(frame).sample[0][:, None]


def travel(params: Params) -> list[tuple[int, str]]:
    """Later frames and their texts, in order. Raises WorkerError(INVALID_PARAMETERS)."""
    before, *parts = LATER.split(params.travel)
    found = sorted((int(frame), text.strip()) for frame, text in zip(parts[::2], parts[1::2], strict=True))
    frames = [frame for frame, _ in found]
    if before.strip() or not all(text for _, text in found) or len(set(frames)) < len(frames):
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"'{params.travel[:80]}' are no later prompts.", SYNTAX)
    if found and not 0 < frames[0] <= frames[-1] < params.frames:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"Later prompts are of frames 1 to {params.frames - 1}, not {frames[0] or frames[-1]}.",
            "The prompt itself is that of frame 0; later ones come before the clip's end.",
        )
    return found


def _with_video(params: Params) -> tuple[Params, list[str]]:
    """What a start video has of what is asked, and what is to be said. Raises WorkerError(INVALID_PARAMETERS)."""
    if params.start_video is None:
        unused = parameters.differs(params, "strength")
        return params, ["Without a start video the strength changes nothing."] if unused else []
    from ttvideo.media.footage import open_video

    footage = open_video(Path(params.start_video).expanduser())
    if made_steps(params) < 1:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"A strength of {params.strength:g} leaves none of {params.steps} steps to make.",
            "Ask for more steps, or for a higher strength.",
        )
    name, there, notes = footage.path.name, footage.count(params.fps), []
    if there < params.frames:
        notes.append(f"{name} has {there} frames at {params.fps:g} a second: so many are made, not {params.frames}.")
        params = params.model_copy(update={"frames": there})
    elif there > params.frames:
        seconds = params.frames / params.fps
        notes.append(f"Of {name} the first {seconds:.3g} of {footage.seconds:.3g} seconds are taken.")
    if (footage.width, footage.height) != (params.width, params.height):
        notes.append(f"Its frames of {footage.width}x{footage.height} are cut to fill {params.width}x{params.height}.")
    return params, notes


def made_steps(params: Params) -> int:
    """As the pipeline counts them."""
    return params.steps if params.start_video is None else min(int(params.steps * params.strength), params.steps)


def cuts(params: Params) -> Cuts:
    """What is left out of which steps."""
    from ttvideo.families.animatediff_steps import Cuts

    steps = made_steps(params)
    every, begin = (EVERY, max(WHOLE, math.ceil(steps / 5))) if params.cache == "deep" else (1, 0)
    guided = math.ceil(params.guided * steps) if params.guidance > 1 else steps
    return Cuts(every, begin, guided if guided < steps else None)


def _adapter_of(params: Params, base: Published = PUBLISHED[0]) -> Adapter:
    """The motion modules that are asked for, those of a file checked against the base."""
    return ADAPTERS[params.adapter] if params.motion_file is None else motion_file(params.motion_file, base)


def _seen(params: Params) -> int:
    return SEEN if params.motion_file is None else seen(single_file.checked(params.motion_file))


def _tokenizer(params: Params) -> Path | None:
    try:
        return checkpoints.find(published_for(MODEL, params)) / MODEL.tokenizer
    except WorkerError:
        return None


def _unable(device: str, params: Params | None) -> WorkerError | None:
    """What the boards' program cannot do, of what is asked. The motion modules need not be here."""
    if device != "tt" or params is None:
        return None
    adapter = _adapter_of(params)
    refused = {
        "a start video": params.start_video is not None,
        "LoRAs": bool(loras.parse(params.loras)),
        f"{adapter.published.title}, which brings a LoRA,": adapter.lora is not None,
        "the step cache": params.cache != "none",
        "a guided part": params.guided < 1,
        f"more than {_seen(params)} frames": params.frames > _seen(params) and not params.frames_apart,
        "the scheduler dpm++": params.scheduler == "dpm++",
    }
    other = parameters.differs(params, "adapter") or params.motion_file is not None
    if params.frames_apart and (other or travel(params)):
        return WorkerError(
            ErrorKind.UNSUPPORTED,
            "Frames that are made one by one have no later prompts and no other motion modules.",
            "Leave those out, or leave out framesApart.",
        )
    why = next((what for what, asked in refused.items() if asked), None)
    if why is None:
        return None
    return WorkerError(
        ErrorKind.UNSUPPORTED,
        f"AnimateDiff on Tenstorrent boards cannot do {why} yet.",
        "Leave it out, or run the job on another device: --device cpu.",
    )


def _load(device: str, params: Params, on_event: OnEvent) -> Pipeline:
    if device != "tt":
        return load(MODEL, device, params, on_event)
    from ttvideo.families import animatediff_boards

    return animatediff_boards.load(MODEL, published_for(MODEL, params), params, on_event)


def _prepare(device: str, published: Published, on_event: OnEvent) -> list[Path]:
    """With an adapter's name, of the default checkpoint with that adapter."""
    base = published if published in PUBLISHED else replace(PUBLISHED[0], also=(published,))
    return prepare(MODEL, device, base, on_event)


MODEL = AnimateDiff()
EVERYTHING = (*PUBLISHED, *(adapter.published for adapter in ADAPTERS.values()))
FAMILY = replace(
    clip_family(MODEL),
    published=EVERYTHING,
    checkpoints=lambda: tuple(checkpoints.checkpoint(each) for each in EVERYTHING),
    prepare=_prepare,
    devices=frozenset({"cpu", "cuda", "tt"}),
    unable=_unable,
    load=_load,
)
