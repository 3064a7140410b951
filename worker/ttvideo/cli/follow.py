"""Shows jobs in the terminal until they end: a bar on a terminal, lines when piped, JSON lines for programs."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from ttvideo.contract import DownloadRequest, Job, Phase, Queued, Running
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs.queue import NEEDS, Queue

ENDED = ("done", "failed", "cancelled", "interrupted")


class Follower:
    def __init__(self, queue: Queue, jobs: list[Job], *, json: bool, wait: bool) -> None:
        self._queue, self._json, self._wait = queue, json, wait
        self._ids = [job.id for job in jobs]
        self._ended: dict[str, Job] = {}
        self._bar: tqdm[None] | None = None
        self._on_terminal = sys.stderr.isatty() and not json
        self._shown: dict[str, str] = {}
        self._said: set[str] = set()
        self._stalled: set[str] = set()
        self._interrupts = 0

    def run(self) -> int:
        """The exit code. Ctrl-C cancels what is left; a second one leaves at once, with the job interrupted."""
        cursor = 0
        try:
            while len(self._ended) < len(self._ids):
                try:
                    changes = self._queue.changes(cursor)
                    cursor = changes.cursor
                    for job in changes.jobs:
                        if job.id in self._ids:
                            self._show(job)
                    self._forget(changes.removed)
                    self._queue.wait_for_change(cursor, 0.5)
                except KeyboardInterrupt:
                    self._interrupt()
        finally:
            self._close_bar()
        states = [job.status.state for job in self._ended.values()]
        if "failed" in states:
            return 1
        return 130 if self._interrupts or "cancelled" in states or "interrupted" in states else 0

    def _interrupt(self) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            raise WorkerError(ErrorKind.WRONG_STATE, "Left at once.", "`ttvideo jobs` shows what became of the job.")
        for id in self._ids:
            if id not in self._ended:
                self._queue.cancel(id)

    def _forget(self, removed: list[str]) -> None:
        for id in removed:
            if id in self._ids:
                self._ids.remove(id)

    def _show(self, job: Job) -> None:
        if job.id in self._ended:
            return
        if self._json:
            print(job.model_dump_json(by_alias=True), flush=True)
        else:
            self._say_new(job.notes)
            self._say_stall(job)
        needs_device = NEEDS[job.request.kind] == "generate"
        if isinstance(job.status, Queued) and job.status.waiting_for and needs_device and not self._wait:
            self._leave(job.status.waiting_for)
        if not self._json:
            self._show_progress(job)
        if job.status.state in ENDED:
            self._ended[job.id] = job
            if not self._json:
                self._close_bar()
                self._say_end(job)

    def _say_new(self, notes: tuple[str, ...]) -> None:
        for note in notes:
            if note not in self._said:
                self._said.add(note)
                self._close_bar()
                self._say(note)

    def _say_stall(self, job: Job) -> None:
        """Once for each time that the job stands still."""
        stall = job.status.stall if isinstance(job.status, Running) else None
        if stall is not None and job.id not in self._stalled:
            self._close_bar()
            self._say(f"{stall.message} {stall.hint}")
        self._stalled = self._stalled | {job.id} if stall else self._stalled - {job.id}

    def _leave(self, holder: str) -> None:
        for id in self._ids:
            if id not in self._ended:
                self._queue.cancel(id)
        raise WorkerError(
            ErrorKind.DEVICE_BUSY, f"The device is busy: {holder}.", "Leave out --no-wait to wait for it."
        )

    def _show_progress(self, job: Job) -> None:
        status = job.status
        if isinstance(status, Running):
            label = status.phase.value
        elif isinstance(status, Queued) and status.waiting_for:
            label = f"waiting for {status.waiting_for}"
        else:
            label = status.state
        if not self._on_terminal:
            if label != self._shown.get(job.id) and label not in ENDED:
                self._say(f"{job.id} {label}")
            self._shown[job.id] = label
            return
        # A download learns on its way how much there is.
        counted = self._bar is None or bool(self._bar.total) == bool(_total(job))
        if label != self._shown.get(job.id) or not counted:
            self._close_bar()
            self._shown[job.id] = label
        if label in ENDED:
            return
        if self._bar is None:
            layout = "{desc:<12} {bar:24} {n_fmt}/{total_fmt}{unit}{postfix}" if _total(job) else "{desc}{postfix}"
            in_bytes = label == Phase.DOWNLOADING.value
            shape: dict[str, Any] = {"bar_format": layout, "leave": False, "dynamic_ncols": True}
            unit = {"unit": "B" if in_bytes else "", "unit_scale": in_bytes}
            self._bar = tqdm(total=_total(job) or None, desc=label, **shape, **unit)
        if isinstance(status, Running):
            self._bar.n = round(status.step + status.within, 1) if status.within else status.step
            self._bar.total = status.total or None
            if status.eta_seconds is not None:
                self._bar.set_postfix_str(f"{status.eta_seconds:.0f} s left", refresh=False)
            self._bar.refresh()

    def _say_end(self, job: Job) -> None:
        status = job.status
        if status.state == "done" and isinstance(job.request, DownloadRequest):
            print(job.folder, flush=True)
            return
        if status.state == "done":
            clips = [output.path for output in job.outputs if output.kind in ("video", "image")]
            took = ", ".join(f"{phase.value} {spent:.1f} s" for phase, spent in job.seconds.items() if spent >= 0.05)
            seed = f"seed {job.parameters['seed']}; " if "seed" in job.parameters else ""
            self._say(f"{seed}{took}")
            print("\n".join(clips), flush=True)
            return
        if status.state == "failed":
            self._say(f"{status.error.message} {status.error.hint}")
        else:
            kept = (
                f"{job.frames_done} of {job.parameters.get('frames', 1)} frames are kept. " if job.frames_done else ""
            )
            partial = f"; `ttvideo clip {job.id}` makes a clip of them" if job.frames_done else ""
            self._say(f"{status.state.capitalize()}. {kept}`ttvideo resume {job.id}` goes on{partial}.")

    def _say(self, text: str) -> None:
        """To standard error: standard output holds only what a program may want, the paths."""
        print(text, file=sys.stderr, flush=True)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _total(job: Job) -> int:
    return job.status.total if isinstance(job.status, Running) else 0
