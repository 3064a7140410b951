"""Resets the boards as one transaction: the queue pauses, jobs are interrupted, the chips are reset and looked at, and
only when all of them are back everything goes on as before.

Any process may do it; the other ones learn of it from the database, interrupt their jobs and give the boards free.
Nobody else's program is ended, and no chip that is not ours is reset.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttvideo.contract import QueueState, Reset
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.store import Store
from ttvideo.state import DeviceLock, ProcessIdentity
from ttvideo.tt import detect, environment
from ttvideo.tt import reset as chips_reset
from ttvideo.tt.device import DEVICE, Device, chip_lock, end_orphan
from ttvideo.tt.machine import Chip
from ttvideo.tt.reset import LIMITS, Limits, Outcome

log = logging.getLogger(__name__)

PAUSED = "The boards are being reset."
FAILED = "The boards were reset without success: "
AGAIN = "Reset once more: `ttvideo reset`."
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """In seconds."""

    own: float = 10.0
    """For a job of this process to stop between two steps, before its engine is ended."""
    others: float = 60.0
    """For other processes of ours to give the boards free."""


PATIENCE = Patience()


def latest(store: Store) -> Reset | None:
    """The reset that goes on, or the last one."""
    row = store.connection.execute("SELECT * FROM reset").fetchone()
    if row is None:
        return None
    reset = Reset.model_validate_json(row["document"])
    if reset.state == "running" and not ProcessIdentity(row["pid"], row["started"]).alive():
        message = f"{reset.by} ended while it reset the boards. It was doing this: {reset.message}"
        return reset.model_copy(update={"state": "reset_unverified", "message": message, "hint": AGAIN})
    return reset


class Resetting:
    """One reset. `begin` answers at once; `run`, maybe on another thread, does it."""

    def __init__(
        self,
        queue: Queue,
        device: Device = DEVICE,
        root: Path = detect.ROOT,
        limits: Limits = LIMITS,
        patience: Patience = PATIENCE,
        on_change: Callable[[Reset], None] = lambda reset: None,
    ) -> None:
        self._queue, self._device, self._root = queue, device, root
        self._limits, self._patience, self._on_change = limits, patience, on_change
        self._reset = Reset(
            state="running",
            message="The queue is paused.",
            by=f"{queue.title} (pid {queue.identity.pid})",
            started_at=time.time(),
        )

    def begin(self) -> Reset:
        """Raises WorkerError(WRONG_STATE) when somebody resets already."""
        with self._queue.store.transaction() as db:
            going = latest(self._queue.store)
            if going is not None and going.state == "running":
                raise WorkerError(
                    ErrorKind.WRONG_STATE, f"{going.by} is resetting the boards already.", "Wait until it has ended."
                )
            db.execute("DELETE FROM reset")
            me = self._queue.identity
            db.execute("INSERT INTO reset VALUES (?, ?, ?)", (me.pid, me.started, self._reset.model_dump_json()))
            db.execute("UPDATE queue SET revision=revision+1")
        self._on_change(self._reset)
        return self._reset

    def run(self) -> Reset:
        """The whole transaction; gives its end. Raises WorkerError(DISK) when that cannot be written down."""
        before = self._queue.state()
        self._queue.pause(PAUSED)
        # What is held is given free last: a queue that is still paused would close the mesh at once.
        with ExitStack() as held:
            try:
                outcome = self._transact(held)
            except BaseException as error:
                self._end(_broken_off(error), before)
                if not isinstance(error, Exception):
                    raise
            else:
                self._end(outcome, before)
        return self._reset

    def _end(self, outcome: Outcome, before: QueueState) -> None:
        self._let_go_on(outcome, before)
        self._tell(outcome.message, state=outcome.state, hint=outcome.hint, ended_at=time.time())

    def _transact(self, held: ExitStack) -> Outcome:
        machine = detect.look(self._root, holders=True)
        chips = environment.ours(machine)
        refused = chips_reset.refusal(machine, chips, _of_our_engines(chips)) or self._stop_jobs(held)
        if refused is not None:
            return refused
        held.enter_context(self._device.use)
        self._device.close()
        with ExitStack() as locks:
            refused = self._lock(chips, locks)
            if refused is not None:
                return refused
            outcome = chips_reset.reset(self._root, machine, chips, self._limits, self._tell)
        return self._reopened(outcome) if outcome.state == "reset_complete" else outcome

    def _stop_jobs(self, held: ExitStack) -> Outcome | None:
        """Until no process of ours runs a job on the boards."""
        self._tell("Stopping the jobs on the boards.")
        lock = held.enter_context(DeviceLock(self._queue.store.folder, "tt", self._queue.title))
        began = time.monotonic()
        while not lock.acquire():
            jobs = {*self._reset.jobs, *self._queue.stop_for_reset("tt")}
            if len(jobs) > len(self._reset.jobs):
                self._tell(self._reset.message, jobs=tuple(sorted(jobs)))
            waited = time.monotonic() - began
            if waited > self._patience.own:
                self._device.end()
            if waited > self._patience.others:
                return _kept_by(lock.holder())
            time.sleep(POLL_SECONDS)
        return None

    def _lock(self, chips: Sequence[Chip], locks: ExitStack) -> Outcome | None:
        """Lock every chip against our other processes, which close what they have open because the queue is paused."""
        deadline = time.monotonic() + self._patience.others
        for chip in chips:
            lock = locks.enter_context(chip_lock(chip))
            engine = lock.user()
            while not lock.acquire():
                if time.monotonic() > deadline:
                    return _kept_by(lock.holder())
                time.sleep(POLL_SECONDS)
            if engine is not None:
                end_orphan(engine)
        machine = detect.look(self._root, holders=True)
        return chips_reset.refusal(machine, environment.ours(machine), ())

    def _reopened(self, outcome: Outcome) -> Outcome:
        """Open again what this process had open, and compute something on it."""
        if self._device.last is None:
            return outcome
        self._tell("Opening the mesh again.")
        try:
            self._device.open(self._device.last, lambda event: None)
            self._device.run("check", {}, {}, lambda event: None)
        except WorkerError as error:
            return Outcome("reset_unhealthy", f"The chips answer, but cannot be used: {error.message}", error.hint)
        return outcome

    def _let_go_on(self, outcome: Outcome, before: QueueState) -> None:
        reason = before.reason or ""
        paused = before.paused and not reason.startswith((PAUSED, FAILED))
        if outcome.state not in ("reset_complete", "refused"):
            self._queue.pause(FAILED + outcome.message)
            return
        if outcome.state == "reset_complete" and self._queue.has_worker():
            for id in self._reset.jobs:
                with contextlib.suppress(WorkerError):  # removed meanwhile, or resumed by somebody
                    self._queue.resume(id)
        if paused:
            self._queue.pause(before.reason)
        else:
            self._queue.unpause()

    def _tell(self, message: str, **changed: Any) -> None:
        self._reset = self._reset.model_copy(update={"message": message, **changed})
        with self._queue.store.transaction() as db:
            db.execute("UPDATE reset SET document=?", (self._reset.model_dump_json(),))
            db.execute("UPDATE queue SET revision=revision+1")
        self._on_change(self._reset)


def _of_our_engines(chips: Sequence[Chip]) -> set[int]:
    """Pids of those of the chips' users that are engines of ours, or were started by one, such as its compilers."""
    engines = {user.pid for chip in chips if (user := chip_lock(chip).user())}
    ours = set(engines)
    for pid in {holder.pid for chip in chips for holder in chip.holders if holder.pid is not None}:
        # An engine begins a process group of its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            ours |= {pid} if os.getpgid(pid) in engines else set()
    return ours


def _broken_off(error: BaseException) -> Outcome:
    if isinstance(error, KeyboardInterrupt):
        what = "it was stopped with Ctrl-C."
    elif isinstance(error, WorkerError):
        what = error.message
    else:
        log.error("unexpected error while resetting the boards", exc_info=error)
        what = f"{type(error).__name__}: {error}"
    return Outcome("reset_unverified", f"The reset was broken off: {what}", AGAIN)


def _kept_by(holder: str | None) -> Outcome:
    who = holder or "Another process of ttvideo"
    return Outcome("refused", f"{who} does not give the boards free.", "End it, then reset again.")
