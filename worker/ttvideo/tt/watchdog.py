"""Notices that a job has stopped going on, and says what can be seen of its chips meanwhile.

From the driver's files only: tt-smi is not asked while a job runs. What it notices it tells; a person decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from ttvideo.contract import Stall
from ttvideo.tt import detect, environment, sysfs

TIMES = 8
"""So many times as long as the median step is too long."""
LEAST_SECONDS = 30.0
"""And longer than a step may take for other reasons: a busy host, a few kernels that are compiled late."""
AGAIN_SECONDS = 10.0
"""How often the chips are looked at while nothing happens."""
SHOWN = 4
"""So many chips are told of; a Galaxy has 32."""


@dataclass(frozen=True)
class Reading:
    chip: str
    watts: float | None
    megahertz: float | None
    heartbeat: int | None


def read(root: Path = detect.ROOT) -> tuple[Reading, ...]:
    """Of the chips that we may use; in milliseconds."""
    machine = detect.look(root)
    if machine.simulated:
        return ()
    return tuple(
        Reading(chip.name, chip.watts, chip.megahertz, sysfs.heartbeat(root, chip.node))
        for chip in environment.ours(machine)
        if chip.node is not None
    )


@dataclass
class Watchdog:
    """Of one job. `usual` is how long a step of such a job takes, in seconds, until this job has shown it."""

    usual: float | None
    look: Callable[[], Sequence[Reading]] = read
    clock: Callable[[], float] = time.monotonic
    _steps: list[float] = field(default_factory=list)
    _since: float | None = None
    _before: Sequence[Reading] | None = None
    _stall: Stall | None = None
    _looked: float = 0.0

    def begin(self, steps: bool) -> None:
        """A phase begins; only one with steps is watched."""
        self._since = self.clock() if steps else None
        self._before = self._stall = None

    def step(self) -> None:
        if self._since is not None:
            self._steps.append(self.clock() - self._since)
        self.begin(steps=self._since is not None)

    def stalled(self) -> Stall | None:
        """What is to be said when there was no step for too long. Cheap to ask often."""
        # The first step of a run is slower than the others and tells little.
        usual = median(self._steps[1:]) if len(self._steps) > 1 else self.usual
        if self._since is None or usual is None:
            return None
        now = self.clock()
        silent, limit = now - self._since, max(LEAST_SECONDS, TIMES * usual)
        if silent < limit / 2:
            return None
        if self._before is None:
            # Whether a heart beats takes two looks.
            self._before = self.look()
        if silent < limit or (self._stall is not None and now - self._looked < AGAIN_SECONDS):
            return self._stall
        seen, self._looked = self.look(), now
        message = f"No step for {_time(silent)}, and this job's steps take {_time(usual)}. {_seen(seen, self._before)}"
        hint = "If it does not go on, reset the boards (`ttvideo reset`): the job then goes on where it stopped."
        self._stall = Stall(message=message.strip(), hint=hint)
        return self._stall


def _seen(now: Sequence[Reading], before: Sequence[Reading]) -> str:
    beats = {reading.chip: reading.heartbeat for reading in before}
    told = []
    for reading in now[:SHOWN]:
        parts = [f"{reading.watts:.0f} W"] if reading.watts is not None else []
        parts += [f"{reading.megahertz:.0f} MHz"] if reading.megahertz is not None else []
        if reading.heartbeat is None:
            parts.append("no heartbeat to be read")
        else:
            parts.append(
                "its heart beats" if reading.heartbeat != beats.get(reading.chip) else "its heart stands still"
            )
        told.append(f"{reading.chip}: {', '.join(parts)}.")
    more = len(now) - SHOWN
    return " ".join([*told, *([f"{more} more chips."] if more > 0 else [])])


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
