"""`ttvideo devices --check` and `ttvideo reset`: whether the boards compute, and what helps when they do not."""

from __future__ import annotations

import os
import sys
import time

from ttvideo.contract import Reset
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.reset import Resetting
from ttvideo.tt.boards import GIB
from ttvideo.tt.device import DEVICE, Device, Event, PhaseBegun, Waiting

STEPS = 3
SIMULATED = "SIMULATED: the boards are those of TTVIDEO_BOARD, and torch computed what they would."


class Phases:
    """A line for each phase, with how long it took."""

    def __init__(self) -> None:
        self._began, self._name = time.monotonic(), ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseBegun):
            first = ", for the first time on this machine: minutes" if event.first else ""
            self.begin(f"{event.phase.value}{first}")
        elif not isinstance(event, Waiting):
            self._name = f"{event.total} steps"

    def begin(self, name: str) -> None:
        now = time.monotonic()
        if self._name:
            print(f"{now - self._began:8.2f} s  {self._name}")
        self._began, self._name = now, name


def check(device: Device = DEVICE) -> int:
    """Raises WorkerError: NO_DEVICE, DEVICE_BUSY, DEVICE_FAILED, INVALID_PARAMETERS (MESH_DEVICE is not here)."""
    phases = Phases()
    try:
        opening = device.open(None, phases)
        made = device.run("check", {}, {"steps": STEPS}, phases)
        memory = device.memory()
        phases.begin("closing")
    finally:
        device.close()
    phases.begin("")
    assert memory is not None
    print(f"The {opening.title} mesh computes: off by at most {100 * float(made['difference']):.1f}%.")
    print(f"{memory.dram_total / GIB:.1f} GiB DRAM, {memory.l1_total / 2**20:.0f} MiB L1, {memory.programs} programs.")
    if os.environ.get("TTVIDEO_BOARD", "").strip():
        print(SIMULATED)
    return 0


def reset(queue: Queue) -> int:
    """Raises WorkerError(WRONG_STATE) when the boards are being reset already."""
    resetting = Resetting(queue, on_change=_say)
    resetting.begin()
    ended = resetting.run()
    if ended.state in ("reset_complete", "refused"):
        return 0 if ended.state == "reset_complete" else 1
    print("The queue stays paused: `ttvideo queue resume` lets it go on.", file=sys.stderr)
    return 1


def _say(reset: Reset) -> None:
    if reset.state == "running":
        print(reset.message)
        return
    good = reset.state == "reset_complete"
    print(f"{reset.message} {reset.hint}".strip(), file=sys.stdout if good else sys.stderr)
    for id in reset.jobs:
        print(f"{id}: interrupted{', goes on' if good else ''}. `ttvideo resume {id}` goes on with it here.")
