"""The bundled model: a small AnimateDiff, trained on this project's own renders, run through diffusers' own pipeline.

It knows a few dozen words and makes 16 frames of 128x128; `tiny_model/README.md` is its model card.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ttvideo.contract import Checkpoint, Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Family, OnEvent, PhaseEvent, Run, StepEvent

if TYPE_CHECKING:
    import torch

    from ttvideo.families.continuing import ContinuingDDIM
    from ttvideo.families.family import Frame, Pixels

FOLDER = Path(__file__).with_name("tiny_model")
SIDE, FRAMES = 128, 16
LARGEST_SEED = 2**53 - 1
"""Of whole numbers, the largest that JavaScript can tell from the next."""
DECODE_FRAMES = 4
"""Frames decoded at once; fixed, because the last bits of a frame depend on what it is decoded with."""


class Params(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)

    steps: int = Field(
        20, ge=1, le=100, title="Steps", description="Denoising steps: more is slower and finer", examples=[10, 20, 40]
    )
    guidance: float = Field(
        3.0,
        ge=0,
        le=20,
        title="Guidance",
        description="How closely to follow the prompt; up to 1 the negative prompt is not read",
        examples=[1.0, 3.0, 6.0],
    )
    seed: int = Field(
        0,
        ge=0,
        le=LARGEST_SEED,
        title="Seed",
        description="The same seed makes the same clip; -1 draws a new one",
        # What a request may say and what it says when it says nothing; here the seed is drawn already.
        json_schema_extra={"minimum": -1, "default": -1},
        examples=[7],
    )
    start_image: str | None = Field(
        None,
        title="Start image",
        description="The picture the clip begins with, cut to a square",
        json_schema_extra={"format": "path", "contentMediaType": "image/*"},
    )
    strength: float = Field(
        0.8,
        ge=0,
        le=1,
        title="Strength",
        description="How far to leave the start image: at 0 it stands still, at 1 only the first frame is like it",
        examples=[0.6, 0.8, 1.0],
    )
    frames: int = Field(
        FRAMES,
        ge=1,
        title="Frames",
        description="Frames of the clip",
        json_schema_extra={"maximum": FRAMES},
        examples=[8, FRAMES],
    )
    fps: float = Field(
        8.0, gt=0, le=120, title="Frame rate", description="Frames per second of the file", examples=[8.0, 12.0, 24.0]
    )
    width: int = Field(
        SIDE, ge=1, title="Width", description="Pixels", json_schema_extra={"enum": [SIDE], "advanced": True}
    )
    height: int = Field(
        SIDE, ge=1, title="Height", description="Pixels", json_schema_extra={"enum": [SIDE], "advanced": True}
    )


def fit(params: Params) -> tuple[Params, list[str]]:
    notes = []
    if params.frames > FRAMES:
        notes.append(f"The bundled model makes at most {FRAMES} frames: {FRAMES} instead of {params.frames}.")
    if (params.width, params.height) != (SIDE, SIDE):
        notes.append(f"The bundled model makes {SIDE}x{SIDE} only, instead of {params.width}x{params.height}.")
    return params.model_copy(update={"frames": min(params.frames, FRAMES), "width": SIDE, "height": SIDE}), notes


def remarks(prompt: str, negative_prompt: str) -> list[str]:
    """Words the model never saw in training, and words beyond its text length."""
    known, length = _vocabulary()
    words = re.findall(r"[^\W_]+(?:'\w+)?", f"{prompt} {negative_prompt}".lower())
    unknown = list(dict.fromkeys(word for word in words if word not in known))
    notes = [f"This small model doesn't know: {', '.join(unknown)}."] if unknown else []
    for text in (prompt, negative_prompt):
        tokens = re.findall(r"[^\W_]+|[^\w\s]", text.lower())
        if len(tokens) > length - 2:
            notes.append(f"Only the first {length - 2} words are read; cut off: “{' '.join(tokens[length - 2 :])}”.")
    return notes


def vocabulary() -> tuple[str, ...] | None:
    """The words the model was trained on; None when the model is missing."""
    file = FOLDER / "vocabulary.txt"
    return tuple(file.read_text().split()) if file.exists() else None


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[frozenset[str], int]:
    """The words the model was trained on, and how many tokens the text encoder reads."""
    _require_model()
    config = json.loads((FOLDER / "text_encoder" / "config.json").read_text())
    return frozenset(vocabulary() or ()), config["max_position_embeddings"]


@lru_cache(maxsize=1)
def revision() -> str:
    """A hash over all weight files."""
    _require_model()
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def checkpoints() -> tuple[Checkpoint, ...]:
    installed = (FOLDER / "model_index.json").exists()
    size = sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) if installed else 0
    return (
        Checkpoint(id="tiny", title="Bundled", license="Apache-2.0", size_bytes=size, gated=False, installed=installed),
    )


def _require_model() -> None:
    if not (FOLDER / "model_index.json").exists():
        raise WorkerError(
            ErrorKind.MODEL_MISSING,
            "The bundled model is missing from this installation of ttvideo.",
            "Reinstall ttvideo: pip install --force-reinstall --no-deps ttvideo",
        )


def load(device: str, on_event: OnEvent) -> TinyPipeline:
    """Raises WorkerError(MODEL_BROKEN) when a weight is missing or left over."""
    _require_model()
    on_event(PhaseEvent(Phase.LOADING, total=5))
    _quiet()
    import torch
    from diffusers import AnimateDiffPipeline, AutoencoderKL, DDIMScheduler, MotionAdapter, UNet2DConditionModel
    from safetensors.torch import load_file
    from transformers import CLIPTextModel, CLIPTokenizer

    # fp16 is how the weights are stored; computing in it on a CPU is tens of times slower than in fp32.
    parts: dict[str, Any] = {}
    classes = (
        ("vae", AutoencoderKL),
        ("text_encoder", CLIPTextModel),
        ("unet", UNet2DConditionModel),
        ("motion_adapter", MotionAdapter),
    )
    for step, (name, cls) in enumerate(classes):
        on_event(StepEvent(step, 5))
        parts[name], info = cls.from_pretrained(
            FOLDER / name, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
        wrong = [key for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in info.get(kind, ())]
        if wrong:
            raise WorkerError(
                ErrorKind.MODEL_BROKEN,
                f"The weights of the bundled model's {name} do not fit: {', '.join(map(str, wrong[:3]))}.",
                "The installed diffusers or transformers may be too old or too new for them: see `ttvideo doctor`.",
            )
    on_event(StepEvent(4, 5))
    pipe = AnimateDiffPipeline(
        tokenizer=CLIPTokenizer.from_pretrained(FOLDER / "tokenizer", local_files_only=True),
        scheduler=DDIMScheduler.from_pretrained(FOLDER / "scheduler", local_files_only=True),
        **parts,
    )
    pipe.set_progress_bar_config(disable=True)
    preview = load_file(FOLDER / "preview.safetensors")
    on_event(StepEvent(5, 5))
    return TinyPipeline(pipe.to(device), preview["decode"], preview["mean"])


def _quiet() -> None:
    """Progress bars and advice of the libraries are written for notebooks; what goes wrong still raises."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()


class TinyPipeline:
    def __init__(self, pipe: Any, preview_decode: torch.Tensor, preview_mean: torch.Tensor) -> None:
        self.pipe, self._decode, self._mean = pipe, preview_decode, preview_mean

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        import torch

        assert isinstance(run.params, Params)
        with torch.inference_mode():
            latents = self._denoise(run, run.params, on_event)
        on_event(PhaseEvent(Phase.DECODING, total=run.params.frames))
        for first in range(0, run.params.frames, DECODE_FRAMES):
            indices = range(first, min(first + DECODE_FRAMES, run.params.frames))
            if not run.have.issuperset(indices):
                with torch.inference_mode():
                    chunk = self.pipe.decode_latents(latents[:, :, indices.start : indices.stop], DECODE_FRAMES)
                frames = self.pipe.video_processor.postprocess_video(chunk, output_type="np")[0]
                yield from ((index, frame) for index, frame in zip(indices, frames, strict=True))
            on_event(StepEvent(indices.stop, run.params.frames))

    def _denoise(self, run: Run, params: Params, on_event: OnEvent) -> torch.Tensor:
        """Latents [1, channels, frames, height / 16, width / 16]."""
        import torch

        from ttvideo.families.continuing import ContinuingDDIM, dump, restore

        kept = restore(run.state) if run.state else None
        left_out = 0 if params.start_image is None else params.steps - max(1, round(params.steps * params.strength))
        total = params.steps - left_out
        if kept is not None and kept.step == total:
            return kept.latents.to(self.pipe.device)
        on_event(PhaseEvent(Phase.ENCODING))
        guided = params.guidance > 1
        prompt, negative = self.pipe.encode_prompt(
            run.prompt, self.pipe.device, 1, guided, run.negative_prompt or "" if guided else None
        )
        done = kept.step if kept else 0
        self.pipe.scheduler = scheduler = ContinuingDDIM.from_config(self.pipe.scheduler.config)
        scheduler.skip = left_out
        latents = self._begin(params, scheduler) if params.start_image is not None else None
        scheduler.skip = left_out + done
        on_event(PhaseEvent(Phase.DENOISING, total=total))

        def after_step(
            pipe: Any, index: int, timestep: int, tensors: dict[str, torch.Tensor]
        ) -> dict[str, torch.Tensor]:
            step = done + index + 1
            on_event(
                StepEvent(
                    step,
                    total,
                    preview=lambda: self._preview(scheduler.predicted),
                    state=lambda: dump(step, tensors["latents"]),
                )
            )
            return {}

        output = self.pipe(
            prompt_embeds=prompt,
            negative_prompt_embeds=negative if guided else None,
            num_frames=params.frames,
            width=params.width,
            height=params.height,
            num_inference_steps=params.steps,
            guidance_scale=params.guidance,
            generator=torch.Generator().manual_seed(params.seed),
            latents=kept.latents.to(self.pipe.device) if kept else latents,
            output_type="latent",
            callback_on_step_end=after_step,
        )
        denoised: torch.Tensor = output.frames
        return denoised

    def _begin(self, params: Params, scheduler: ContinuingDDIM) -> torch.Tensor:
        """Noised latents of the start image, like those of `_denoise`; it fades from the first frame to the last.

        Noise over the same picture in every frame makes a clip that stands still. So the picture is given in full to
        the first frame only, which is held to it while the model makes the others move on from there.
        """
        import torch

        from ttvideo.media.frames import load_picture

        assert params.start_image is not None
        device = self.pipe.device
        pixels = load_picture(Path(params.start_image), params.width, params.height, cover=True)
        image = torch.from_numpy(pixels.copy()).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
        clean = self.pipe.vae.encode(image).latent_dist.mode()[:, :, None] * self.pipe.vae.config.scaling_factor
        shape = (*clean.shape[:2], params.frames, *clean.shape[3:])
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(params.seed)).to(device)
        if params.frames > 1:
            scheduler.first = clean, noise[:, :, :1]
        scheduler.set_timesteps(params.steps)
        # What is missing of the picture must be hidden by noise: of little noise the model makes no picture again.
        fade = (1 - float(scheduler.alphas_cumprod[scheduler.timesteps[0]])) ** 2
        presence = torch.linspace(1, 1 - fade, params.frames, device=device).view(1, 1, -1, 1, 1)
        latents: torch.Tensor = scheduler.add_noise(clean * presence, noise, scheduler.timesteps[:1])
        return latents

    def _preview(self, latents: torch.Tensor) -> Pixels:
        """The linear part of the decoder: uint8 [frames / 2, 64, 64, 3] from every other frame."""
        chosen = latents[0].permute(1, 2, 3, 0)[::2].float().cpu()
        patches = chosen @ self._decode.T + self._mean
        n, rows, columns, _ = patches.shape
        grid = patches.view(n, rows, columns, 8, 8, 3).permute(0, 1, 3, 2, 4, 5).reshape(n, rows * 8, columns * 8, 3)
        pixels: Pixels = grid.clamp(-1, 1).add(1).mul(127.5).byte().numpy()
        return pixels


FAMILY = Family(
    id="tiny",
    title="Bundled small model",
    makes="clip",
    Params=Params,
    checkpoints=checkpoints,
    devices=frozenset({"cpu", "cuda"}),
    fit=fit,
    remarks=remarks,
    vocabulary=vocabulary,
    revision=revision,
    load=load,
)
