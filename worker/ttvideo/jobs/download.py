"""Jobs that fetch models. Their steps are bytes, and what has arrived is kept whatever happens."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from ttvideo import families
from ttvideo.contract import DownloadRequest, Job, Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import NoteEvent, PhaseEvent, StepEvent
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.hub import Download
from ttvideo.jobs.progress import Progress
from ttvideo.jobs.queue import Queue

LOOK_SECONDS = 0.1
STOP_SECONDS = 0.5
"""How long a stopped transfer is waited for. A silent network holds it longer, and then it ends alone."""
ANSWER_SECONDS = 20.0
"""How long the hub may take to say what there is: looking up its name knows no limit of its own."""
RATE_SECONDS = 2.0


def download(queue: Queue, job: Job, stopping: threading.Event) -> None:
    """Run a download job, from where an earlier one stopped. Raises what `Download.run` raises."""
    assert isinstance(job.request, DownloadRequest)
    _, model = families.downloadable(job.request)
    progress = Transfer(queue, job, None, stopping, warm=True)
    for each in (model, *model.also):
        progress(PhaseEvent(Phase.DOWNLOADING))
        if checkpoints.own_folder(each) is None:
            _fetch(Download(each), progress)
        else:
            there = checkpoints.find(replace(each, also=()))
            progress(NoteEvent(f"{each.title} is there already: {there} is used."))
    progress.check(every=0)
    progress.end_phase()
    seconds = {phase: round(spent, 4) for phase, spent in progress.seconds.items()}
    queue.update(job.id, lambda job: job.model_copy(update={"seconds": seconds}))


class Transfer(Progress):
    """Progress in bytes; the time that is left comes from how fast they arrived until now."""

    _first: tuple[float, int] | None = None

    def _begin(self, event: PhaseEvent) -> None:
        self._first = None
        super()._begin(event)

    def _eta(self) -> float | None:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, self._step) if self._total else None
            return None
        began, before = self._first
        if now - began < RATE_SECONDS or self._step <= before:
            return None
        return round((self._total - self._step) * (now - began) / (self._step - before), 1)


def _fetch(transfer: Download, progress: Transfer) -> None:
    """On a thread of its own: nothing that the network does keeps a job from being cancelled."""
    errors: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            transfer.run()
        except BaseException as error:  # noqa: BLE001 - it is the job's, whatever it is
            errors.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="transfer", daemon=True).start()
    began = time.monotonic()
    try:
        while not ended.wait(LOOK_SECONDS):
            progress.check()
            if transfer.total:
                progress(StepEvent(transfer.done, transfer.total))
            elif time.monotonic() - began > ANSWER_SECONDS:
                raise WorkerError(
                    ErrorKind.NETWORK,
                    f"The hub did not say within {ANSWER_SECONDS:.0f} seconds what there is of {transfer.model.title}.",
                    "Check the network and its name server, then resume the job.",
                )
    except BaseException:
        transfer.stop()
        ended.wait(STOP_SECONDS)
        raise
    if errors:
        raise errors[0]
    progress(StepEvent(transfer.done, transfer.total))
