"""The parameters of one clip, and how each is described; a family chooses its defaults."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ttvideo.families import parameters
from ttvideo.families.weights.checkpoints import Published

LARGEST_SIDE = 2048
MOST_FRAMES = 1024


class ClipParams(BaseModel):
    """Parameters of one clip; a family gives its own defaults."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)

    checkpoint: str
    steps: int
    guidance: float
    seed: int = parameters.seed("clip")
    frames: int
    fps: float
    width: int
    height: int
    scheduler: str
    loras: str = Field(
        "",
        title="LoRAs",
        description="LoRA weights, each with how much of it: /files/style.safetensors:0.8, user/repository:file:0.5",
        json_schema_extra={"advanced": True},
    )
    memory: Literal["auto", "low"] = Field(
        "auto",
        title="Memory",
        description="low: one part of the model at a time, and pictures decoded in tiles; slower",
        json_schema_extra={"advanced": True},
    )


class TransformerParams(ClipParams):
    """Of a clip that a video transformer makes."""

    cache: Literal["none", "first-block"] = Field(
        "none",
        title="Step cache",
        description="first-block: in steps in which the first block adds about what it added before, the others are "
        "left out; quicker, not quite the same clip",
        json_schema_extra={"advanced": True},
    )
    cache_threshold: float = Field(
        0.05,
        gt=0,
        le=1,
        title="Step cache threshold",
        description="How large a change of the first block's is still left out: more is quicker and less exact",
        examples=[0.05, 0.1],
        json_schema_extra={"advanced": True},
    )
    quantization: Literal["none", "fp8", "int8"] = Field(
        "none",
        title="Quantization",
        description="Weights of the transformer in eight bits: half the memory, nearly the same clip; not verified on "
        "a GPU yet",
        json_schema_extra={
            "advanced": True,
            "devices": ["cuda"],
            "elsewhere": "on a CPU they were measured to take longer (int8 1.1 times, fp8 5 times) and no less memory",
        },
    )
    compile: bool = Field(
        False,
        title="Compile",
        description="Compile the transformer's blocks (torch.compile): a longer wait for the first step, then quicker "
        "ones, in later jobs at once; not verified on a GPU yet",
        json_schema_extra={
            "advanced": True,
            "devices": ["cuda"],
            "elsewhere": "on a CPU it was measured to change a step's time by less than a tenth",
        },
    )


def checkpoint(*published: Published) -> Any:
    names = ", ".join(each.id for each in published)
    return Field(
        published[0].id,
        title="Checkpoint",
        description=f"Which weights: {names}, or the path of a folder in diffusers' format or of a single file",
        json_schema_extra={"advanced": True},
        examples=[each.id for each in published],
    )


def steps(default: int, least: int = 1) -> Any:
    return Field(
        default,
        ge=least,
        le=200,
        title="Steps",
        description="Denoising steps: more is slower and finer",
        examples=[default // 2, default],
    )


def guidance(default: float, description: str = "") -> Any:
    return Field(
        default,
        ge=0,
        le=20,
        title="Guidance",
        description=description or "How closely to follow the prompt; up to 1 the negative prompt is not read",
        examples=[1.0, default],
    )


def frames(default: int, multiple: int = 1) -> Any:
    rule = f"; a multiple of {multiple} and one more" if multiple > 1 else ""
    return Field(
        default,
        ge=1,
        le=MOST_FRAMES,
        title="Frames",
        description=f"Frames of the clip{rule}",
        examples=[default],
    )


def fps(default: float) -> Any:
    return Field(
        default,
        gt=0,
        le=120,
        title="Frame rate",
        description=f"Frames per second of the file; the model was trained on {default:g}",
        examples=[default],
    )


def scheduler() -> Any:
    return Field(
        "default",
        title="Scheduler",
        description="How noise becomes a clip; default: the checkpoint's own",
        json_schema_extra={"advanced": True},
    )


def side(name: str, default: int, multiple: int) -> Any:
    return Field(
        default,
        ge=multiple,
        le=LARGEST_SIDE,
        title=name,
        description=f"Pixels, a multiple of {multiple}",
        examples=[default],
    )
