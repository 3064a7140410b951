"""The bundled model: a small AnimateDiff, trained on this project's own renders, run through diffusers' own pipeline.

It knows a few dozen words and makes 16 frames of 128x128; `tiny_model/README.md` is its model card.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ttvideo.contract import Checkpoint, Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import parameters
from ttvideo.families.family import Family, OnEvent, PhaseEvent, StepEvent
from ttvideo.families.weights.verified import OWN

if TYPE_CHECKING:
    from ttvideo.families.tiny_pipeline import TinyPipeline as TinyPipeline

FOLDER = Path(__file__).with_name("tiny_model")
SIDE, FRAMES, MOST_FRAMES = 128, 16, 24


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
    seed: int = parameters.seed("clip")
    start_image: str | None = parameters.start_image("The picture the clip begins with, cut to a square")
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
        description="Frames of the clip; it shows the whole motion in as many",
        json_schema_extra={"maximum": MOST_FRAMES},
        examples=[8, FRAMES, MOST_FRAMES],
    )
    fps: float = Field(
        8.0, gt=0, le=120, title="Frame rate", description="Frames per second of the file", examples=[8.0, 12.0, 24.0]
    )
    loop: bool = Field(
        False,
        title="Loop",
        description="The motion goes back the way it came, so that the last frame meets the first",
    )
    motion: bool = Field(
        True,
        title="Motion modules",
        description="Temporal attention; without it the frames do not see each other: single pictures of one prompt",
        json_schema_extra={"advanced": True},
    )
    board_weights: parameters.BoardWeights = parameters.board_weights()
    width: int = Field(
        SIDE, ge=1, title="Width", description="Pixels", json_schema_extra={"enum": [SIDE], "advanced": True}
    )
    height: int = Field(
        SIDE, ge=1, title="Height", description="Pixels", json_schema_extra={"enum": [SIDE], "advanced": True}
    )


def fit(params: Params) -> tuple[Params, list[str]]:
    notes = []
    if params.frames > MOST_FRAMES:
        notes.append(f"The bundled model makes at most {MOST_FRAMES} frames: so many instead of {params.frames}.")
    if (params.width, params.height) != (SIDE, SIDE):
        notes.append(f"The bundled model makes {SIDE}x{SIDE} only, instead of {params.width}x{params.height}.")
    return params.model_copy(update={"frames": min(params.frames, MOST_FRAMES), "width": SIDE, "height": SIDE}), notes


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
        Checkpoint(
            id="tiny",
            name="tiny",
            title="Bundled",
            license="Apache-2.0",
            size_bytes=size,
            gated=False,
            installed=installed,
            bundled=True,
            folder=str(FOLDER),
            disk_bytes=size,
            verified={"cpu": OWN},
        ),
    )


def _require_model() -> None:
    if not (FOLDER / "model_index.json").exists():
        raise WorkerError(
            ErrorKind.MODEL_MISSING,
            "The bundled model is missing from this installation of ttvideo.",
            "Reinstall ttvideo: pip install --force-reinstall --no-deps ttvideo",
        )


def load(device: str, params: BaseModel, on_event: OnEvent) -> TinyPipeline:
    """Raises WorkerError(MODEL_BROKEN) when a weight is missing or left over."""
    from ttvideo.families.weights.loading import load_part, load_settings, quiet

    _require_model()
    on_event(PhaseEvent(Phase.LOADING, total=5))
    quiet()
    import diffusers
    import torch
    import transformers
    from safetensors.torch import load_file

    from ttvideo.families.tiny_pipeline import TinyPipeline

    whole = "the bundled model"

    def encoder() -> Any:
        # fp16 is how the weights are stored; computing in it on a CPU is tens of times slower than in fp32.
        return load_part(whole, transformers.CLIPTextModel, FOLDER / "text_encoder", torch.float32).to(host)

    boards = device == "tt"
    host = "cpu" if boards else device
    if boards:
        from ttvideo.families.boards import open_boards

        # The model is so small that other chips would wait for one.
        open_boards(on_event)
    classes = {"vae": diffusers.AutoencoderKL}
    if not boards:
        classes |= {"unet": diffusers.UNet2DConditionModel, "motion_adapter": diffusers.MotionAdapter}
    parts: dict[str, Any] = {"unet": None, "motion_adapter": None}
    for step, (name, cls) in enumerate(classes.items()):
        on_event(StepEvent(step, 5))
        parts[name] = load_part(whole, cls, FOLDER / name, torch.float32)
    on_event(StepEvent(3, 5))
    parts["text_encoder"] = encoder()
    on_event(StepEvent(4, 5))
    pipe = diffusers.AnimateDiffPipeline(
        tokenizer=load_settings(whole, transformers.CLIPTokenizer, FOLDER / "tokenizer"),
        scheduler=load_settings(whole, diffusers.DDIMScheduler, FOLDER / "scheduler"),
        **parts,
    )
    pipe.set_progress_bar_config(disable=True)
    preview = load_file(FOLDER / "preview.safetensors")
    on_event(StepEvent(5, 5))
    return TinyPipeline(pipe.to(host), encoder, preview["decode"], preview["mean"], boards=boards)


FAMILY = Family(
    id="tiny",
    title="Bundled small model",
    makes="clip",
    Params=Params,
    published=(),
    checkpoints=checkpoints,
    draws=True,
    devices=frozenset({"cpu", "cuda", "tt"}),
    fit=fit,
    remarks=remarks,
    vocabulary=vocabulary,
    revision=lambda params: revision(),
    load=load,
)
