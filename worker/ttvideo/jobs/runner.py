"""Takes jobs from the queue and runs them: one thread drives the device, others stitch and download meanwhile."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import TypeAlias, cast

from pydantic import BaseModel

from ttvideo.backends import resolve_device
from ttvideo.contract import (
    AnimateRequest,
    CancelledState,
    CompareRequest,
    Done,
    ErrorInfo,
    Failed,
    GenerateRequest,
    Interrupted,
    Job,
    Phase,
    StoryboardRequest,
)
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families import find
from ttvideo.families.family import Family, Illustrator, Pipeline, Run
from ttvideo.jobs import folders
from ttvideo.jobs.clip import complete, picture, stitch, stitch_pictures
from ttvideo.jobs.comparison import compare
from ttvideo.jobs.download import download
from ttvideo.jobs.estimate import Estimate, timing_key
from ttvideo.jobs.inputs import fingerprints
from ttvideo.jobs.progress import Progress, watchdog
from ttvideo.jobs.queue import MustWait, Queue, Work
from ttvideo.jobs.still import animate_picture
from ttvideo.jobs.storyboard.make import Making
from ttvideo.state import DeviceLock
from ttvideo.tt.device import DEVICE

log = logging.getLogger(__name__)
_Loaded: TypeAlias = tuple[str, str, Hashable]
"""Family, device, and what of the parameters decides what is loaded."""
IDLE_SECONDS = 0.25
RETRY_SECONDS = 1.0


class Runner:
    """Runs what `queue.claim()` gives this process, on three daemon threads, with at most one model loaded."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=("generate", self._run_next), name="device", daemon=True),
            threading.Thread(target=self._loop, args=("stitch", self._stitch_next), name="stitch", daemon=True),
            threading.Thread(target=self._loop, args=("download", self._download_next), name="download", daemon=True),
        ]
        self._loaded: tuple[_Loaded, Pipeline] | None = None
        # Threads of torch that spin while they wait make a busy machine tens of times slower; read when torch loads.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        # Otherwise the hub is told what runs here with each request; read when its library is imported.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> bool:
        """Interrupt the running jobs and end the threads; False if native code did not return in time."""
        self._stopping.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _loop(self, work: Work, run_next: Callable[[], bool]) -> None:
        failed = False
        while not self._stopping.is_set():
            cursor, ran = 0, False
            try:
                cursor = self._queue.cursor()
                if failed:
                    # What it was running when the queue failed it is running no more.
                    self._queue.give_up("The job database could not be written.", work)
                    failed = False
                ran = run_next()
            except WorkerError as error:
                # A full disk, say: nothing can be written down, so it is tried again.
                log.error("%s %s", error.message, error.hint)
                failed = True
                self._stopping.wait(RETRY_SECONDS)
            except Exception:
                # A device thread that is gone would leave the queue standing still without a word.
                if self._stopping.is_set():
                    return
                log.exception("the %s thread met something unexpected and goes on", work)
                failed = True
                self._stopping.wait(RETRY_SECONDS)
            if not ran and not failed:
                self._queue.wait_for_change(cursor, IDLE_SECONDS)

    def _run_next(self) -> bool:
        self._queue.recover()
        job = self._queue.turn()
        if not isinstance(job, Job):
            if isinstance(job, MustWait):
                self._queue.note_waiting(job.whom)
            if DEVICE.opening is not None and (isinstance(job, MustWait) or self._queue.state().paused):
                # Whoever pauses the queue, or waits for another's job, leaves the boards to others.
                DEVICE.give_free()
            return False
        assert isinstance(job.request, GenerateRequest | StoryboardRequest)
        try:
            device = resolve_device(job.request.device)
        except WorkerError as error:
            self._queue.fail_queued(job.id, _info(error))
            return True
        with DeviceLock(self._queue.store.folder, device, self._queue.title) as lock:
            if not lock.acquire():
                self._queue.note_waiting(lock.holder() or "another process that is starting or ending")
                return False
            if device == "tt" and (whom := DEVICE.elsewhere()):
                self._queue.note_waiting(whom)
                return False
            claimed = self._queue.claim()
            if not isinstance(claimed, Job):
                return False
            self._end(claimed, lambda: self._make(claimed, device))
        return True

    def _stitch_next(self) -> bool:
        def run(job: Job) -> None:
            make = {AnimateRequest: animate_picture, CompareRequest: compare}.get(type(job.request), stitch_pictures)
            make(self._queue, job, self._stopping)

        return self._next_without_device("stitch", run)

    def _download_next(self) -> bool:
        return self._next_without_device("download", lambda job: download(self._queue, job, self._stopping))

    def _next_without_device(self, work: Work, run: Callable[[Job], None]) -> bool:
        self._queue.recover()
        job = self._queue.turn(work) and self._queue.claim(work)
        if not isinstance(job, Job):
            return False
        self._end(job, lambda: run(job))
        return True

    def _end(self, job: Job, run: Callable[[], None]) -> None:
        """Run the job, and write down how it ended."""
        log.info("job %s: %s", job.id, folders.title(job.request))
        try:
            run()
        except Cancelled:
            self._queue.finish(job.id, self._stopped(job))
        except Exception as error:  # noqa: BLE001 - whatever a model raises becomes an error of its job
            # Whose engine was ended for a reset fails for no reason of its own.
            reset = self._queue.stopped_for_reset(job.id)
            self._queue.finish(job.id, self._stopped(job) if reset else Failed(error=explain(error)))
        else:
            self._queue.finish(job.id, Done())

    def _stopped(self, job: Job) -> CancelledState | Interrupted:
        if self._queue.stopped_for_reset(job.id):
            return Interrupted(reason="The boards were reset.")
        if self._stopping.is_set() and not self._queue.cancel_requested(job.id):
            return Interrupted(reason=f"{self._queue.title} was closed.")
        return CancelledState()

    def _make(self, job: Job, device: str) -> None:
        if isinstance(job.request, GenerateRequest):
            self._generate(job, job.request, device)
        else:
            self._illustrate(job, device)

    def _illustrate(self, job: Job, device: str) -> None:
        family = find(str(job.parameters["model"]))
        what = family.id, device, family.loads(family.Params())
        warm = self._loaded is not None and self._loaded[0] == what
        making = Making(self._queue, job, device, self._stopping, warm)

        def load() -> Illustrator:
            return cast(Illustrator, self._pipeline(family, device, family.Params(), making.progress))

        with self._forgetting_what_fails():
            making.run(load)

    @contextlib.contextmanager
    def _forgetting_what_fails(self) -> Iterator[None]:
        """A model that failed is not used again."""
        try:
            yield
        except Cancelled:
            raise
        except Exception:
            self._loaded = None
            raise

    def _generate(self, job: Job, request: GenerateRequest, device: str) -> None:
        family = find(request.model)
        folders.make(folders.frame_path(Path(job.folder), 0).parent)
        params = family.Params.model_validate(job.parameters)
        warm = self._loaded is not None and self._loaded[0] == (family.id, device, family.loads(params))
        key = timing_key(request, job.parameters, device)
        estimate = Estimate.learn(self._queue.timings(key))
        progress = Progress(self._queue, job, estimate, self._stopping, warm, watchdog(device, estimate))
        recipe = folders.recipe(job, family.revision(params), fingerprints(job))
        kept = folders.kept(job, recipe)
        job = self._queue.update(
            job.id,
            lambda job: job.model_copy(
                update={"device": device, "frames_done": len(kept.frames), "kept_step": kept.step(job)}
            ),
        )
        folders.write_manifest(job, recipe)
        with self._forgetting_what_fails():
            pipeline = self._pipeline(family, device, params, progress)
            self._make_frames(job, request, family, pipeline, kept, recipe, progress)
        made = picture(job) if family.makes == "image" else stitch(job, recipe, progress)
        complete(self._queue, job, recipe, made, progress)
        timing = {phase.value: round(spent, 4) for phase, spent in progress.seconds.items()}
        if len(progress.step_seconds) >= 2 and not kept.state:
            timing["perStep"] = sum(progress.step_seconds) / len(progress.step_seconds)
        self._queue.remember_timing(key, timing | ({Phase.LOADING.value: 0.0} if warm else {}))

    def _pipeline(self, family: Family, device: str, params: BaseModel, progress: Progress) -> Pipeline:
        what = family.id, device, family.loads(params)
        if self._loaded is None or self._loaded[0] != what:
            self._loaded = None
            self._loaded = what, family.load(device, params, progress)
        return self._loaded[1]

    def _make_frames(
        self,
        job: Job,
        request: GenerateRequest,
        family: Family,
        pipeline: Pipeline,
        kept: folders.Kept,
        recipe: dict[str, object],
        progress: Progress,
    ) -> None:
        from ttvideo.media.frames import save_frame, to_pixels

        total = int(job.parameters.get("frames") or 1)  # type: ignore[arg-type]
        if len(kept.frames) == total:
            return
        run = Run(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            params=family.Params.model_validate(job.parameters),
            state=kept.state,
            have=frozenset(kept.frames),
        )
        done = set(kept.frames)
        metadata = folders.embedded(recipe) if request.metadata else None
        for index, frame in pipeline.run(run, progress):
            save_frame(to_pixels(frame), folders.frame_path(Path(job.folder), index), metadata)
            done.add(index)
            self._queue.update(job.id, lambda job: job.model_copy(update={"frames_done": len(done)}))


def explain(error: Exception) -> ErrorInfo:
    """What to tell the person; the traceback of what nobody expected goes to the log."""
    if isinstance(error, WorkerError):
        return _info(error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return ErrorInfo(
            kind=ErrorKind.OUT_OF_MEMORY,
            message="There was not enough memory for this job.",
            hint="Close other programs that use the device, or ask for fewer frames or a smaller size.",
        )
    log.exception("unexpected error in a job")
    return ErrorInfo(
        kind=ErrorKind.INTERNAL,
        message=f"Something unexpected went wrong: {type(error).__name__}: {error}".rstrip(".") + ".",
        hint="The log has the details. `ttvideo doctor` checks the installation; what is finished is kept.",
    )


def _info(error: WorkerError) -> ErrorInfo:
    return ErrorInfo(kind=error.kind, message=error.message, hint=error.hint)
