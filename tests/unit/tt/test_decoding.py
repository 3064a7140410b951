"""Frames that boards decode, and the host where they refuse: on a device that is made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch

from ttvideo.contract import Phase
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families import boards
from ttvideo.families.family import Event, NoteEvent, PhaseEvent, StepEvent, WithinEvent
from ttvideo.tt.device import PhaseBegun, StepDone, Waiting
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.nn.decoding import Asked

ASKED = Asked(("vae.safetensors",), {})
LATENTS = torch.zeros(5, 4, 2, 2)


class Boards:
    """Two chips; each frame it decodes is white. `fails` after so many runs."""

    use = nullcontext()

    def __init__(self, fails: ErrorKind | None = None, after: int = 0) -> None:
        self.fails, self.after, self.asked = fails, after, list[int]()

    def open(self, opening: Opening, tell: Any) -> None:
        assert opening.mesh == (1, 2)

    def run(self, program: str, tensors: Any, arguments: Any, tell: Any) -> Any:
        assert (program, Asked(**arguments)) == ("decode", ASKED)
        count = len(tensors["latents"])
        if self.fails is not None and len(self.asked) == self.after:
            raise WorkerError(self.fails, "No.", "Do something else.")
        if not self.asked:
            tell(PhaseBegun(Phase.LOADING))
        self.asked.append(count)
        for event in (PhaseBegun(Phase.DECODING, count), Waiting(), StepDone(count, count)):
            tell(event)
        return {"pictures": torch.ones(count, 3, 16, 16)}


def decoded(monkeypatch: pytest.MonkeyPatch, device: Boards, events: list[Event]) -> list[float]:
    """The brightness of each frame: 1 of a board, 0.5 of the host."""

    def on_host(first: int) -> Iterator[torch.Tensor]:
        yield from torch.zeros(len(LATENTS) - first, 3, 16, 16)

    monkeypatch.setattr(boards, "DEVICE", device)
    made = list(boards.frames(LATENTS, ASKED, on_host, events.append, (1, 2)))
    assert {frame.shape for frame in made} == {(16, 16, 3)}
    return [float(np.mean(frame)) for frame in made]


def said(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, WithinEvent)]


STEPS = [StepEvent(number, 5) for number in range(1, 6)]
BEGUN = [PhaseEvent(Phase.LOADING), PhaseEvent(Phase.DECODING, total=5)]


def test_each_chip_gets_a_frame_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    device, events = Boards(), list[Event]()
    assert decoded(monkeypatch, device, events) == [1, 1, 1, 1, 1]
    assert device.asked == [2, 2, 1]
    assert said(events) == BEGUN + STEPS


@pytest.mark.parametrize("kind", [ErrorKind.UNSUPPORTED, ErrorKind.OUT_OF_MEMORY, ErrorKind.INTERNAL], ids=str)
def test_what_is_refused_the_host_decodes(kind: ErrorKind, monkeypatch: pytest.MonkeyPatch) -> None:
    note = NoteEvent("The frames are decoded on the host: No.")
    events: list[Event] = []
    assert decoded(monkeypatch, Boards(kind), events) == [0.5] * 5
    assert said(events) == [note, BEGUN[1], *STEPS]
    events = []
    assert decoded(monkeypatch, Boards(kind, after=1), events) == [1, 1, 0.5, 0.5, 0.5]
    assert said(events) == [*BEGUN, *STEPS[:2], note, *STEPS[2:]]


@pytest.mark.parametrize("kind", [ErrorKind.DEVICE_FAILED, ErrorKind.DEVICE_BUSY, ErrorKind.NO_DEVICE], ids=str)
def test_boards_that_fail_are_not_hidden(kind: ErrorKind, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerError) as failed:
        decoded(monkeypatch, Boards(kind, after=1), [])
    assert failed.value.kind is kind


def test_a_cancel_is_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(event: Event) -> None:
        raise Cancelled

    monkeypatch.setattr(boards, "DEVICE", Boards())
    with pytest.raises(Cancelled):
        list(boards.frames(LATENTS, ASKED, lambda first: iter(()), stop, (1, 2)))
