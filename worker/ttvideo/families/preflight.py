"""What preflight runs of each model: the program that denoises it on Tenstorrent boards, where there is one of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import animatediff, tiny
from ttvideo.families.family import Family
from ttvideo.families.weights import headers
from ttvideo.tt.boards import System
from ttvideo.tt.metal import table
from ttvideo.tt.mock.trial import Subject
from ttvideo.tt.nn.config import UNetConfig
from ttvideo.tt.nn.division import Clip, divide

SD1_TEXT, SD1_CHANNELS, SD1_PIXELS = (77, 768), 4, 8
"""Stable Diffusion 1's tokens of a text and their width, channels of latents, and pixels of a latent's side."""


def refusal(family: Family) -> WorkerError | None:
    """Why there is nothing to try of a model, if there is not."""
    if family.Params in (tiny.Params, animatediff.Params):
        return None
    if any(table.known(published.id) for published in family.published):
        return WorkerError(
            ErrorKind.UNSUPPORTED,
            f"{family.title} runs on boards by tt-metal's own pipeline, which cannot be tried on a mock board.",
            f"`ttvideo devices` says whether it runs on the boards of this machine; else it runs on {_on(family)}.",
        )
    return WorkerError(
        ErrorKind.UNSUPPORTED,
        f"{family.title} has no program for Tenstorrent boards: there is nothing to try.",
        f"It runs on {_on(family)}. AnimateDiff and the bundled model have one.",
    )


def subject(family: Family, params: Any) -> Subject:
    """What is tried for `params`, which are fitted. Needs no weights of the model. Raises what `refusal` gives."""
    if isinstance(params, tiny.Params):
        return _tiny(params)
    if isinstance(params, animatediff.Params):
        return _animatediff(params)
    raise refusal(family) or AssertionError(family.id)


def steps(params: Any) -> int:
    """How often the program's step runs for a clip."""
    apart = isinstance(params, animatediff.Params) and params.frames_apart
    made: int = params.steps * (params.frames if apart else 1)
    return made


def divided(params: Any, tried: Subject, system: System) -> tuple[Subject, str]:
    """What is tried on the mesh that a job opens on this system, and how its chips share the clip, in words.

    Nothing is said where one chip makes it, or every chip computes the same.
    """
    if system.chips == 1 or not isinstance(params, animatediff.Params):
        return tried, ""
    found = divide(system, clip(tried))
    tried = replace(tried, mesh=found.mesh, parts=found.parts, tensor_axis=found.tensor_axis)
    if found.chips == 1:
        return tried, ""
    rows, columns = found.mesh
    return tried, (
        f"It was tried on a {rows}x{columns} mesh. {found.sentence} In a step each receives "
        f"{found.ethernet / 1e6:.0f} MB from other chips, which the lower bound leaves out; the planner, which counts "
        f"them, has {found.seconds:.3f} s."
    )


def clip(tried: Subject) -> Clip:
    """What of it is divided among chips."""
    videos, _, frames, height, width = tried.latents
    heads = UNetConfig.of(*tried.configs).common_heads
    return Clip(videos, frames, height, width, tried.guidance is not None, tried.weights, heads)


def _on(family: Family) -> str:
    return " or ".join(sorted(family.devices - {"tt"}))


def _tiny(params: tiny.Params) -> Subject:
    unet, motion, text, vae = (
        json.loads((tiny.FOLDER / part / "config.json").read_text())
        for part in ("unet", "motion_adapter", "text_encoder", "vae")
    )
    pixels = 2 ** (len(vae["block_out_channels"]) - 1)
    guided = params.guidance > 1
    return Subject(
        configs=(unet, motion),
        weights=dict(_stored("unet", *(["motion_adapter"] if params.motion else []))),
        latents=(1, vae["latent_channels"], params.frames, params.height // pixels, params.width // pixels),
        text=(2 if guided else 1, text["max_position_embeddings"], text["hidden_size"]),
        guidance=params.guidance if guided else None,
        dtype=params.board_weights,
    )


def _stored(*parts: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in parts:
        for tensor in headers.tensors(tiny.FOLDER / part / "diffusion_pytorch_model.safetensors"):
            yield tensor.name, tensor.shape


def _animatediff(params: animatediff.Params) -> Subject:
    """As all checkpoints of Stable Diffusion 1 are, with the motion modules of v1.5.2; of frames one by one, one."""
    from accelerate import init_empty_weights  # type: ignore[import-untyped]
    from diffusers import UNetMotionModel

    from ttvideo.families.animatediff_boards import PADDED

    with init_empty_weights():
        unet = UNetMotionModel(cross_attention_dim=SD1_TEXT[1])
    guided, apart = params.guidance > 1, params.frames_apart
    tokens, width = SD1_TEXT
    frames = 1 if apart else params.frames
    return Subject(
        configs=({name: value for name, value in unet.config.items() if not name.startswith("_")},),
        weights={
            name: tuple(weight.shape)
            for name, weight in unet.state_dict().items()
            if (params.motion and not apart) or "motion_modules" not in name
        },
        latents=(1, SD1_CHANNELS, frames, params.height // SD1_PIXELS, params.width // SD1_PIXELS),
        text=(2 if guided else 1, PADDED if apart else tokens, width),
        guidance=params.guidance if guided else None,
        dtype=params.board_weights,
    )
