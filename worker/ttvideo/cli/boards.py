"""`ttvideo devices --check` and `ttvideo reset`: whether the boards compute, and what helps when they do not."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from ttvideo.contract import Reset
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.reset import Resetting
from ttvideo.tt.boards import GIB
from ttvideo.tt.device import DEVICE, Device, Event, PhaseBegun, Waiting

STEPS = 3
FIRST = "Kernels are compiled for the first time on this machine: that takes minutes, once."
SIMULATED = "SIMULATED: the boards are those of TTVIDEO_BOARD, and torch computed what they would."


class Phases:
    """How long each phase took, in seconds; a line for each when it is over, unless `silent`."""

    def __init__(self, silent: bool) -> None:
        self.seconds: dict[str, float] = {}
        self._silent, self._began, self._name = silent, time.monotonic(), ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseBegun):
            self.begin(event.phase.value)
            if event.first and not self._silent:
                print(FIRST)
        elif not isinstance(event, Waiting):
            self._name = f"{event.total} steps"

    def begin(self, name: str) -> None:
        now = time.monotonic()
        if self._name:
            self.seconds[self._name] = round(now - self._began, 3)
            if not self._silent:
                print(f"{now - self._began:8.2f} s  {self._name}")
        self._began, self._name = now, name


def check(as_json: bool, device: Device = DEVICE) -> int:
    """Raises WorkerError: NO_DEVICE, DEVICE_BUSY, DEVICE_FAILED, INVALID_PARAMETERS (MESH_DEVICE is not here)."""
    phases = Phases(silent=as_json)
    try:
        opening = device.open(None, phases)
        made = device.run("check", {}, {"steps": STEPS}, phases)
        memory = device.memory()
        phases.begin("closing")
    finally:
        device.close()
    phases.begin("")
    assert memory is not None
    simulated, difference = bool(os.environ.get("TTVIDEO_BOARD", "").strip()), float(made["difference"])
    if as_json:
        about = {"mesh": opening.mesh, "simulated": simulated, "difference": difference}
        print(json.dumps({**about, "seconds": phases.seconds, "memory": asdict(memory)}))
        return 0
    print(f"The {opening.title} mesh computes: off by at most {100 * difference:.1f}%.")
    print(f"{memory.dram_total / GIB:.1f} GiB DRAM, {memory.l1_total / 2**20:.0f} MiB L1, {memory.programs} programs.")
    if simulated:
        print(SIMULATED)
    return 0


def reset(queue: Queue, resetting: Callable[..., Resetting] = Resetting) -> int:
    """Raises WorkerError(WRONG_STATE) when the boards are being reset already."""
    this = resetting(queue, on_change=_say)
    this.begin()
    ended = this.run()
    if ended.state in ("reset_unhealthy", "reset_unverified"):
        print("The queue stays paused: `ttvideo queue resume` lets it go on.", file=sys.stderr)
    return 0 if ended.state == "reset_complete" else 1


def _say(reset: Reset) -> None:
    if reset.state == "running":
        print(reset.message)
        return
    good = reset.state == "reset_complete"
    print(f"{reset.message} {reset.hint}".strip(), file=sys.stdout if good else sys.stderr)
    for id in reset.jobs:
        print(f"{id}: interrupted{', goes on' if good else ''}. `ttvideo resume {id}` goes on with it here.")
