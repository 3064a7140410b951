"""What the boards' device tells, as a family tells it."""

from __future__ import annotations

from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, StepEvent, WithinEvent
from ttvideo.tt import device
from ttvideo.tt.device import PhaseBegun, StepDone

FIRST = "The model's kernels are compiled for the boards, for the first time on this machine: that takes minutes, once."


def pass_on(event: device.Event, on_event: OnEvent) -> None:
    """Phases and steps as they come; a wait as an event within a step, so that a job can be cancelled and watched."""
    if isinstance(event, PhaseBegun):
        on_event(PhaseEvent(event.phase, event.total))
        if event.first:
            on_event(NoteEvent(FIRST))
    elif isinstance(event, StepDone):
        on_event(StepEvent(event.step, event.total))
    else:
        on_event(WithinEvent(0.0))
