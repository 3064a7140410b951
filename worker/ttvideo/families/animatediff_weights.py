"""What AnimateDiff's weights are: Stable Diffusion 1, motion modules for it, and how single files hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights import checkpoints, single_file
from ttvideo.families.weights.checkpoints import Published
from ttvideo.families.weights.single_file import Piece, Shape

STEPS, GUIDANCE = 25, 7.5
SEEN = 32
"""Frames that the motion modules see at once: their motion_max_seq_length."""
WEIGHTS = ("vae", "text_encoder", "unet")


@dataclass(frozen=True)
class Adapter:
    """Motion modules, and what they were made to be run with, by the model cards."""

    published: Published
    scheduler: str = "ddim"
    steps: int = STEPS
    only: bool = False
    """They work with these steps and this scheduler only."""
    guidance: float = GUIDANCE
    lora: str | None = None
    """A file of the adapter's that changes the base to go with it."""


def _adapter(id: str, title: str, repo: str, license: str, **more: Any) -> Published:
    asked: dict[str, Any] = {"pipeline": "MotionAdapter", "weights": ("",), "size_bytes": 908_000_000, **more}
    return Published(id=id, title=title, repo=repo, license=license, gated=False, **asked)


def _lightning(steps: int) -> Adapter:
    published = _adapter(
        f"animatediff-lightning-{steps}",
        f"AnimateDiff-Lightning, {steps} step{'s' if steps > 1 else ''}",
        "ByteDance/AnimateDiff-Lightning",
        "CreativeML OpenRAIL-M",
        pipeline="",
        weights=(),
        files=(f"animatediff_lightning_{steps}step_diffusers.safetensors",),
    )
    return Adapter(published, "euler", steps, only=True, guidance=1.0)


LCM_LORA = "AnimateLCM_sd15_t2v_lora.safetensors"
MOTION = Adapter(
    _adapter(
        "animatediff-v1-5-2", "AnimateDiff's motion, v1.5.2", "guoyww/animatediff-motion-adapter-v1-5-2", "Apache-2.0"
    )
)
LCM = Adapter(
    _adapter("animatelcm", "AnimateLCM", "wangfuyun/AnimateLCM", "MIT", files=(LCM_LORA,), size_bytes=1_043_000_000),
    "lcm",
    steps=6,
    guidance=1.5,
    lora=LCM_LORA,
)
ADAPTERS = {adapter.published.id: adapter for adapter in (MOTION, *map(_lightning, (1, 2, 4, 8)), LCM)}


def _base(id: str, title: str, repo: str) -> Published:
    return Published(
        id=id,
        title=title,
        repo=repo,
        pipeline="StableDiffusionPipeline",
        weights=WEIGHTS,
        license="CreativeML OpenRAIL-M",
        gated=False,
        size_bytes=2_133_000_000,  # 1066 M parameters in half precision
        exclude=("safety_checker/*", "feature_extractor/*"),
        also=(MOTION.published,),
    )


PUBLISHED = (
    _base("animatediff", "AnimateDiff with Stable Diffusion 1.4", "CompVis/stable-diffusion-v1-4"),
    _base("animatediff-sd15", "AnimateDiff with Stable Diffusion 1.5", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
)


def _unet(config: Mapping[str, Any]) -> dict[str, Shape | None]:
    width, places = config["block_out_channels"][0], "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    return {
        "input_blocks.0.0.weight": (width, config["in_channels"]),
        places: (width, config["cross_attention_dim"]),
    }


# As Stable Diffusion 1 was published, and what is made of it is to this day.
PIECES = (
    Piece(
        "unet",
        ("model.diffusion_model.",),
        "input_blocks.0.0.weight",
        _unet,
        "UNet2DConditionModel",
        under="model.diffusion_model.",
    ),
    Piece(
        "vae",
        ("first_stage_model.",),
        "decoder.conv_in.weight",
        lambda config: {"decoder.conv_in.weight": (config["block_out_channels"][-1], config["latent_channels"])},
        "AutoencoderKL",
        under="first_stage_model.",
    ),
    Piece(
        "text_encoder",
        ("cond_stage_model.transformer.",),
        "text_model.embeddings.token_embedding.weight",
        lambda config: {
            "text_model.embeddings.token_embedding.weight": (config["vocab_size"], config["hidden_size"]),
        },
        None,
    ),
)
MODULE = "down_blocks.{}.motion_modules.0.temporal_transformer."
PLACES = f"{MODULE.format(0)}transformer_blocks.0.attention_blocks.0.pos_encoder.pe"


def _motion(config: Mapping[str, Any]) -> dict[str, Shape | None]:
    """Of the configuration of the UNet that the modules are for."""
    channels: list[int] = config["block_out_channels"]
    found: dict[str, Shape | None] = {f"{MODULE.format(block)}norm.weight": (n,) for block, n in enumerate(channels)}
    return found | {f"{MODULE.format(len(channels))}norm.weight": None}


# Of mm_sd_v14 to v3_sd15_mm, and of those that others trained. As diffusers does it, which leaves the places out.
MODULES = Piece(
    "unet",
    ("", "module."),
    PLACES,
    _motion,
    None,
    renames=(
        (".temporal_transformer", ""),
        (".attention_blocks.0.pos_encoder", ".pos_embed"),
        (".attention_blocks.1.pos_encoder", ".pos_embed"),
        (".attention_blocks.0", ".attn1"),
        (".attention_blocks.1", ".attn2"),
        (".norms.0", ".norm1"),
        (".norms.1", ".norm2"),
        (".ff_norm", ".norm3"),
    ),
)


def motion_file(text: str, base: Published) -> Adapter:
    """Motion modules in a file of their makers' layout. Raises WorkerError: INVALID_PARAMETERS, MODEL_BROKEN."""
    file = single_file.checked(text)
    if not single_file.pieces_in(file, [MODULES]):
        raise WorkerError(
            ErrorKind.MODEL_BROKEN,
            f"{file.name} holds no motion modules as AnimateDiff's makers name them.",
            "Take a file such as mm_sd_v15_v2.ckpt; modules in diffusers' format are not read from files.",
        )
    folder = checkpoints.where(replace(base, also=()))
    if folder is not None and not single_file.fits(file, MODULES, folder):
        raise WorkerError(
            ErrorKind.MODEL_BROKEN,
            f"The motion modules in {file.name} are of another size than {base.title}.",
            "Take modules that were made for Stable Diffusion 1.",
        )
    published = Published(
        id=str(file),
        title=file.name,
        repo="",
        pipeline="",
        weights=(),
        license="",
        gated=False,
        size_bytes=file.stat().st_size,
        folder=file.parent,
        file=file,
    )
    return Adapter(published)


def seen(file: Path) -> int:
    """Frames that the motion modules of a file see at once."""
    return _named(file)[PLACES][1]


def modules_of(file: Path) -> dict[str, Any]:
    """The settings of the motion modules of a file, as far as its shapes tell; others are those that all have."""
    names = _named(file)
    each = MODULE.partition("{}")[0] + "0.motion_modules."
    return {
        "motion_max_seq_length": seen(file),
        "use_motion_mid_block": any(name.startswith("mid_block.") for name in names),
        "motion_layers_per_block": len({name.split(".")[3] for name in names if name.startswith(each)}),
    }


def _named(file: Path) -> dict[str, Shape]:
    return {name.removeprefix("module."): shape for name, shape in single_file.shapes(file).items()}
