"""Denoising of clips on Tenstorrent boards, by a program of ours; text encoder and decoder stay on the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ttvideo.contract import Phase
from ttvideo.families.board_events import pass_on
from ttvideo.families.family import NoteEvent, OnEvent
from ttvideo.tt import detect
from ttvideo.tt.device import DEVICE, Event, PhaseBegun, StepDone
from ttvideo.tt.engine.opening import Opening

if TYPE_CHECKING:
    import torch

    from ttvideo.tt.nn.program import Asked

TRACE_REGION_SIZE = 200_000_000
"""Bytes of a chip's DRAM for the recorded step. tt-metal's Stable Diffusion XL has 34 MB for a UNet of fewer operations
(models/experimental/stable_diffusion_xl_base/tests/test_common.py); how many ours takes, only a board can tell."""


def opening(mesh: tuple[int, int] = (1, 1)) -> Opening:
    """Of a mesh for the program "animatediff"."""
    return Opening(mesh, trace_region_size=TRACE_REGION_SIZE)


def open_boards(on_event: OnEvent, mesh: tuple[int, int] = (1, 1)) -> None:
    """Have this mesh open, and say what runs where.

    Raises WorkerError: what `Device.open` raises.
    """
    machine = detect.look()
    where = "The text is read and the frames are decoded on the host; all denoising is on the board."
    if machine.simulated and machine.system is not None:
        where = (
            f"Simulated numerics: there is no board. ttnn checks the program for {machine.system.title}, and torch "
            f"computes what it would, rounded as a board rounds. {where}"
        )
    on_event(NoteEvent(where))
    DEVICE.open(opening(mesh), lambda event: pass_on(event, on_event))


def denoise(
    tensors: Mapping[str, torch.Tensor],
    asked: Asked,
    on_event: OnEvent,
    begin: Callable[[], None],
    after_step: Callable[[int, torch.Tensor, torch.Tensor], None],
    mesh: tuple[int, int] = (1, 1),
) -> torch.Tensor:
    """Latents [videos, channels, frames, height, width] of the program "animatediff", which says what `tensors` are.

    begin: called when the first step begins. after_step: called with the number of steps that are done, their latents,
    and what the model took for the latents without noise; `asked` must ask for them (`shown`). mesh: that among whose
    chips `asked` divides the pictures.
    Raises WorkerError: what `Device.run` raises.
    """

    def tell(event: Event) -> None:
        if isinstance(event, StepDone):
            after_step(event.step, event.tensors["latents"], event.tensors["clean"])
        elif isinstance(event, PhaseBegun) and event.phase is Phase.DENOISING:
            begin()
        else:
            pass_on(event, on_event)

    with DEVICE.use:
        DEVICE.open(opening(mesh), tell)
        return DEVICE.run("animatediff", dict(tensors), asked.as_json(), tell)["latents"]
