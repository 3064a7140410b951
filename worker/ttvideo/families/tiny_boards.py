"""The bundled model's denoising and decoding on Tenstorrent boards; its text encoder stays on the host."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ttvideo.families import boards
from ttvideo.families.continuing import ContinuingDDIM
from ttvideo.families.family import OnEvent
from ttvideo.families.tiny import FOLDER, Params
from ttvideo.tt.nn import decoding
from ttvideo.tt.nn.program import Asked
from ttvideo.tt.nn.schedules import Pair, steps_of

if TYPE_CHECKING:
    from ttvideo.families.family import Frame

PARTS = ("unet", "motion_adapter")


def denoise(
    pipe: Any,
    text: torch.Tensor,
    params: Params,
    generators: Sequence[torch.Generator],
    latents: torch.Tensor | None,
    on_event: OnEvent,
    begin: Callable[[], None],
    after_step: Callable[[int, torch.Tensor], None],
) -> torch.Tensor:
    """Latents [prompts, channels, frames, height / 16, width / 16].

    text: [prompts, tokens, channels], after as many of the negative prompts when there is guidance. latents: those to
    begin with; None: noise. begin: called when the first step begins. after_step: called with the number of steps that
    are done and their latents, while the scheduler's `predicted` is that step's.
    Raises WorkerError: what `boards.denoise` raises.
    """
    scheduler: ContinuingDDIM = pipe.scheduler
    scheduler.set_timesteps(params.steps)
    guided = params.guidance > 1
    if latents is None:
        prompts, channels = len(text) // (2 if guided else 1), pipe.vae.config.latent_channels
        size = params.frames, params.height, params.width
        latents = pipe.prepare_latents(prompts, channels, *size, text.dtype, "cpu", list(generators))
    tensors = {"latents": latents, "text": text}
    if scheduler.first is not None:
        tensors["held"], tensors["held_noise"] = (part.contiguous() for part in scheduler.first)
    asked = Asked(
        weights=_weights(*PARTS),
        motion=params.motion,
        configs=tuple(_config(part) for part in PARTS),
        steps=tuple(steps_of(scheduler)),
        guidance=params.guidance if guided else None,
        dtype=params.board_weights,
        held=() if scheduler.first is None else _held(scheduler),
        shown=True,
    )

    def step(number: int, latents: torch.Tensor, clean: torch.Tensor) -> None:
        scheduler.predicted = clean
        after_step(number, latents)

    return boards.denoise(tensors, asked, on_event, begin, step)


def frames(
    pipe: Any, latents: torch.Tensor, on_host: Callable[[int], Iterator[torch.Tensor]], on_event: OnEvent
) -> Iterator[Frame]:
    """Of latents [frames, channels, height / 16, width / 16] as they are denoised; as `boards.frames`."""
    asked = decoding.Asked(_weights("vae"), _config("vae"))
    return boards.frames(latents / pipe.vae.config.scaling_factor, asked, on_host, on_event)


def _weights(*parts: str) -> tuple[str, ...]:
    return tuple(str(FOLDER / part / "diffusion_pytorch_model.safetensors") for part in parts)


def _config(part: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((FOLDER / part / "config.json").read_text())
    return config


def _held(scheduler: ContinuingDDIM) -> tuple[Pair, ...]:
    """How much of the clean first frame and of its noise there is after each step; after the last only the frame."""
    later = scheduler.timesteps[1:].tolist()
    alphas = [float(scheduler.alphas_cumprod[timestep]) for timestep in later] + [1.0]
    return tuple((alpha**0.5, (1 - alpha) ** 0.5) for alpha in alphas)
