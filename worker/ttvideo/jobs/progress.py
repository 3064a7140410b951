"""From a pipeline's events to a job's progress: phases, steps, ETA, previews, kept latents, cancellation."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from statistics import median

from ttvideo.contract import Job, Phase, Running, Stall
from ttvideo.errors import Cancelled
from ttvideo.families.family import Event, NoteEvent, PhaseEvent, StepEvent, WithinEvent
from ttvideo.jobs import folders
from ttvideo.jobs.estimate import Estimate
from ttvideo.jobs.queue import Queue
from ttvideo.media.files import write_atomic
from ttvideo.tt.watchdog import Watchdog

PREVIEW_SECONDS = 0.5
PREVIEW_SHARE = 0.03
"""Part of a job's time that previews may take."""
REPORT_SECONDS = 0.1


def keep_seconds() -> float:
    """How often the latents of a running job are kept on disk."""
    return float(os.environ.get("TTVIDEO_KEEP_SECONDS", "60"))


def watchdog(device: str, estimate: Estimate | None) -> Watchdog | None:
    """Of a job on this device; on others than boards what hangs is the program itself."""
    return Watchdog(estimate.per_step if estimate else None) if device == "tt" else None


class Progress:
    def __init__(
        self,
        queue: Queue,
        job: Job,
        estimate: Estimate | None,
        stopping: threading.Event,
        warm: bool,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._queue, self._job, self._estimate, self._stopping, self._warm = queue, job, estimate, stopping, warm
        self._folder = Path(job.folder)
        self.phase, self._phase_began = Phase.LOADING, time.monotonic()
        self.seconds: dict[Phase, float] = {}
        self._step, self._total, self._within = 0, 0, 0.0
        self._steps_total = int(job.parameters.get("steps") or 0)  # type: ignore[arg-type]
        self._steps_left = self._steps_total - (job.kept_step or 0)
        self.step_seconds: list[float] = []
        self._step_began = time.monotonic()
        self._reported = self._checked = float("-inf")
        self._preview: str | None = None
        self._preview_at = time.monotonic()
        self._kept_at = time.monotonic()
        self._unkept: StepEvent | None = None
        self._watchdog = watchdog
        self._stall: Stall | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepEvent) and event.state is not None:
            self._unkept = event
        try:
            self.check()
        except Cancelled:
            # A cancel within a step leaves the state as it was after the last one.
            if self._unkept is not None:
                self._keep(self._unkept)
            raise
        if isinstance(event, PhaseEvent):
            self._begin(event)
        elif isinstance(event, StepEvent):
            self._advance(event)
        elif isinstance(event, WithinEvent):
            self._within = event.part
            self._report(force=False)
        else:
            self._note(event)
        self._watch()

    def check(self, *, every: float = 0.02) -> None:
        """Raise Cancelled if somebody asked for it; looks at the database at most every `every` seconds."""
        now = time.monotonic()
        if self._stopping.is_set() or (now - self._checked >= every and self._queue.cancel_requested(self._job.id)):
            raise Cancelled
        if now - self._checked >= every:
            self._checked = now

    def end_phase(self) -> None:
        """Book the time of the phase that ends; called once more after the last one."""
        now = time.monotonic()
        self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + now - self._phase_began
        self._phase_began = now

    def _begin(self, event: PhaseEvent) -> None:
        self.end_phase()
        self.phase, self._step, self._total, self._within = event.phase, 0, event.total, 0.0
        self._unkept = None
        self._step_began = time.monotonic()
        if self._watchdog is not None:
            self._watchdog.begin(steps=event.phase == Phase.DENOISING)
        if event.phase == Phase.DENOISING and event.total:
            # A clip that begins with a picture takes fewer steps than its parameters say.
            self._steps_left = event.total - (self._job.kept_step or 0)
        if event.phase not in (Phase.LOADING, Phase.ENCODING, Phase.COMPILING, Phase.DENOISING):
            self._steps_left = 0
        self._report(force=True)

    def _advance(self, event: StepEvent) -> None:
        now = time.monotonic()
        self._step, self._total, self._within = event.step, event.total, 0.0
        if self.phase == Phase.DENOISING:
            self.step_seconds.append(now - self._step_began)
            self._steps_left = event.total - event.step
        self._step_began = now
        if self._watchdog is not None:
            self._watchdog.step()
        if now - self._kept_at >= keep_seconds() or event.step == event.total:
            self._keep(event)
        if event.preview is not None and event.step < event.total and now >= self._preview_at:
            self._show(event)
        self._report(force=event.step == event.total)

    def _watch(self) -> None:
        stall = self._watchdog.stalled() if self._watchdog is not None else None
        if stall != self._stall:
            self._stall = stall
            self._report(force=True)

    def _keep(self, event: StepEvent) -> None:
        if event.state is not None:
            write_atomic(self._folder / folders.STATE, event.state())
            self._kept_at, self._unkept = time.monotonic(), None
            self._queue.update(self._job.id, lambda job: job.model_copy(update={"kept_step": event.step}))

    def _note(self, event: NoteEvent) -> None:
        """Said once, however often the job is resumed."""
        self._queue.update(
            self._job.id,
            lambda job: job.model_copy(update={"notes": tuple(dict.fromkeys([*job.notes, event.text]))}),
        )

    def _show(self, event: StepEvent) -> None:
        from ttvideo.media.frames import save_preview

        assert event.preview is not None
        began = time.monotonic()
        path = self._folder / folders.PREVIEW
        save_preview(event.preview(), path, fps=float(self._job.parameters.get("fps") or 8))  # type: ignore[arg-type]
        self._preview = str(path)
        cost = time.monotonic() - began
        self._preview_at = began + max(PREVIEW_SECONDS, cost / PREVIEW_SHARE)

    def _report(self, force: bool) -> None:
        now = time.monotonic()
        if not force and now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        status = Running(
            phase=self.phase,
            step=self._step,
            total=self._total,
            within=round(self._within, 3),
            eta_seconds=self._eta(),
            preview=self._preview,
            stall=self._stall,
        )
        self._queue.update(self._job.id, lambda job: job.model_copy(update={"status": status}))

    def _eta(self) -> float | None:
        if self._estimate is None:
            return None
        estimate = self._estimate
        if len(self.step_seconds) >= 2:
            # The first step of a run is slower than the others and tells little.
            estimate = Estimate(median(self.step_seconds[1:]), estimate.phases)
        done = (self._step + self._within) / self._total if self._total else 0.0
        steps_left = max(0.0, self._steps_left - (self._within if self.phase == Phase.DENOISING else 0.0))
        return round(estimate.remaining(self.phase, done, steps_left, self._warm), 1)
