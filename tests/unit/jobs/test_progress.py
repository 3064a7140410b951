"""How often a running job reports, shows and keeps, on a clock that the test turns."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ttvideo.contract import GenerateRequest, Job, Phase, Stall
from ttvideo.errors import Cancelled
from ttvideo.families.family import PhaseEvent, StepEvent, WithinEvent
from ttvideo.jobs import folders, progress
from ttvideo.jobs.estimate import Estimate
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.tt.watchdog import Reading, Watchdog


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = open_queue("worker")
    yield queue
    queue.close()


@pytest.fixture
def job(queue: Queue, outputs: Path) -> Job:
    queue.submit(GenerateRequest(prompt="a ball", output_folder=str(outputs), parameters={"steps": 100}))
    job = queue.claim()
    assert isinstance(job, Job)
    Path(job.folder).mkdir(parents=True)
    return job


def denoise(queue: Queue, job: Job, clock: Clock, seconds: float, **about: Any) -> progress.Progress:
    """A hundred steps that take `seconds` each."""
    running = progress.Progress(queue, job, None, threading.Event(), warm=True)
    running(PhaseEvent(Phase.DENOISING, total=100))
    for step in range(1, 101):
        clock.now += seconds
        running(StepEvent(step, 100, **about))
    return running


@pytest.mark.parametrize(("cost", "most"), [(0.0, 18), (0.05, 6)])
def test_previews_come_twice_a_second_at_most_and_cost_three_percent(
    queue: Queue, job: Job, clock: Clock, cost: float, most: int
) -> None:
    shown = []

    def preview() -> Any:
        shown.append(clock.now)
        clock.now += cost
        return np.zeros((2, 8, 8, 3), np.uint8)

    denoise(queue, job, clock, 0.1, preview=preview)
    assert most - 1 <= len(shown) <= most
    gaps = [later - earlier for earlier, later in itertools.pairwise(shown)]
    assert min(gaps) >= max(progress.PREVIEW_SECONDS, cost / progress.PREVIEW_SHARE) - 1e-6
    assert Path(job.folder, folders.PREVIEW).exists()


def test_latents_are_kept_once_a_minute_and_after_the_last_step(queue: Queue, job: Job, clock: Clock) -> None:
    kept: list[float] = []

    def state() -> bytes:
        kept.append(round(clock.now - 100))
        return b"latents"

    denoise(queue, job, clock, 1.5, state=state)
    assert kept == [60, 120, 150]
    assert queue.get(job.id).kept_step == 100
    assert Path(job.folder, folders.STATE).read_bytes() == b"latents"


def test_the_time_of_a_phase_is_booked(queue: Queue, job: Job, clock: Clock) -> None:
    running = denoise(queue, job, clock, 0.5)
    running.end_phase()
    assert running.seconds[Phase.DENOISING] == pytest.approx(50)
    assert sum(running.step_seconds) == pytest.approx(50)


def test_a_cancel_or_an_end_of_the_process_is_met_at_the_next_event(queue: Queue, job: Job, clock: Clock) -> None:
    stopping = threading.Event()
    running = progress.Progress(queue, job, None, stopping, warm=True)
    running(PhaseEvent(Phase.DENOISING, total=2))
    stopping.set()
    with pytest.raises(Cancelled):
        running(StepEvent(1, 2))
    stopping.clear()
    queue.cancel(job.id)
    clock.now += 1
    with pytest.raises(Cancelled):
        running(StepEvent(2, 2, state=lambda: b"latents"))
    assert queue.get(job.id).kept_step == 2
    assert Path(job.folder, folders.STATE).read_bytes() == b"latents"


def test_a_job_that_stands_still_says_so_until_it_goes_on(queue: Queue, job: Job, clock: Clock) -> None:
    reading = Reading("/dev/tenstorrent/0", 17.0, 500.0, 1)
    watchdog = Watchdog(5.0, lambda: [reading], clock.monotonic)
    running = progress.Progress(queue, job, None, threading.Event(), warm=True, watchdog=watchdog)
    running(PhaseEvent(Phase.DENOISING, total=10))
    running(StepEvent(1, 10))

    def wait(seconds: float) -> Stall | None:
        clock.now += seconds
        running(WithinEvent(0.0))
        status = queue.get(job.id).status
        assert status.state == "running"
        return status.stall

    assert wait(21) is None
    stall = wait(20)
    assert stall is not None
    assert stall.message.endswith("/dev/tenstorrent/0: 17 W, 500 MHz, its heart stands still.")
    running(StepEvent(2, 10))
    assert wait(1) is None


def test_jobs_on_boards_are_watched_and_others_are_not() -> None:
    assert progress.watchdog("cpu", None) is None
    watching = progress.watchdog("tt", Estimate(2.5, {}))
    assert watching is not None
    assert watching.usual == 2.5
