"""Denoising and decoding of clips on Tenstorrent boards, by programs of ours; the text encoder stays on the host."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ttvideo.contract import Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.board_events import pass_on
from ttvideo.families.clips.pipeline import to_frame
from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, StepEvent, WithinEvent
from ttvideo.tt import detect
from ttvideo.tt.device import DEVICE, Event, PhaseBegun, StepDone
from ttvideo.tt.engine.opening import Opening

if TYPE_CHECKING:
    import torch

    from ttvideo.families.family import Frame
    from ttvideo.tt.nn import decoding
    from ttvideo.tt.nn.program import Asked

TRACE_REGION_SIZE = 200_000_000
"""Bytes of a chip's DRAM for the recorded step. tt-metal's Stable Diffusion XL has 34 MB for a UNet of fewer operations
(models/experimental/stable_diffusion_xl_base/tests/test_common.py); how many ours takes, only a board can tell."""
REFUSALS = frozenset({ErrorKind.UNSUPPORTED, ErrorKind.OUT_OF_MEMORY, ErrorKind.INTERNAL})
"""How the decoder's program fails on boards that are well; what ttnn refuses for another reason than memory is
INTERNAL."""


def opening(mesh: tuple[int, int] = (1, 1)) -> Opening:
    """Of a mesh for the program "animatediff"."""
    return Opening(mesh, trace_region_size=TRACE_REGION_SIZE)


def open_boards(on_event: OnEvent, mesh: tuple[int, int] = (1, 1)) -> None:
    """Have this mesh open, and say what runs where.

    Raises WorkerError: what `Device.open` raises.
    """
    machine = detect.look()
    where = "The text is read on the host; denoising and decoding are on the board."
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


def frames(
    latents: torch.Tensor,
    asked: decoding.Asked,
    on_host: Callable[[int], Iterator[torch.Tensor]],
    on_event: OnEvent,
    mesh: tuple[int, int] = (1, 1),
) -> Iterator[Frame]:
    """Each frame as soon as it is decoded, and a step for it; the phase begins here.

    latents: [frames, channels, height, width] as AutoencoderKL.decode takes them. on_host: gives pictures [3, height,
    width] of about -1 to 1 from this number on; where the boards' program refuses, a note says why, and these are
    taken. mesh: each of its chips decodes other frames.
    Raises WorkerError: what `Device.run` raises when boards fail, and what `on_host` raises.
    """
    begin = beginning(Phase.DECODING, len(latents), on_event)
    made = _pictures(latents.float(), asked, on_host, on_event, begin, mesh)
    for number, picture in enumerate(made, start=1):
        yield to_frame(picture)
        on_event(StepEvent(number, len(latents)))


def _pictures(
    latents: torch.Tensor,
    asked: decoding.Asked,
    on_host: Callable[[int], Iterator[torch.Tensor]],
    on_event: OnEvent,
    begin: Callable[[], None],
    mesh: tuple[int, int],
) -> Iterator[torch.Tensor]:
    done = 0
    while done < len(latents):
        try:
            made = _decode(latents[done : done + math.prod(mesh)].contiguous(), asked, on_event, begin, mesh)
        except WorkerError as error:
            if error.kind not in REFUSALS:
                raise
            on_event(NoteEvent(f"The frames are decoded on the host: {error.message}"))
            begin()
            yield from on_host(done)
            return
        done += len(made)
        yield from made


def beginning(phase: Phase, total: int, on_event: OnEvent) -> Callable[[], None]:
    """Begins the phase, if it has not begun yet: each piece of a clip is a run of its own for the engine."""
    began = False

    def begin() -> None:
        nonlocal began
        if not began:
            began = True
            on_event(PhaseEvent(phase, total=total))

    return begin


def _decode(
    latents: torch.Tensor,
    asked: decoding.Asked,
    on_event: OnEvent,
    begin: Callable[[], None],
    mesh: tuple[int, int],
) -> torch.Tensor:
    """[pictures, 3, height, width] of the program "decode"."""

    def tell(event: Event) -> None:
        if isinstance(event, PhaseBegun) and event.phase is not Phase.DECODING:
            pass_on(event, on_event)
        elif isinstance(event, PhaseBegun):
            begin()
        else:
            on_event(WithinEvent(0.0))

    with DEVICE.use:
        DEVICE.open(opening(mesh), tell)
        return DEVICE.run("decode", {"latents": latents}, asked.as_json(), tell)["pictures"]
