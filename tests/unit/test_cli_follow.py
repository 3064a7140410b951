"""What the terminal says of a job that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttvideo import cli
from ttvideo.cli.follow import Follower
from ttvideo.contract import Done, ExperimentRequest, GenerateRequest, Job, Phase, Queued, Running, Stall
from ttvideo.errors import WorkerError
from ttvideo.jobs import experiments
from ttvideo.jobs.queue import open_queue

STALL = Stall(message="No step for 2 min 5 s.", hint="Reset the boards.")


def test_a_job_that_stands_still_is_said_once(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queue = open_queue("terminal")
    queue.submit(GenerateRequest(prompt="a ball", output_folder=str(outputs)), reserved=True)
    job = queue.claim()
    assert isinstance(job, Job)
    follower = Follower(queue, [job], json=False, wait=True)

    def show(stall: Stall | None) -> None:
        status = Running(phase=Phase.DENOISING, step=3, total=20, stall=stall)
        follower._show(queue.update(job.id, lambda job: job.model_copy(update={"status": status})))

    later = STALL.model_copy(update={"message": "No step for 2 min 15 s."})
    for stall in (None, STALL, later, None, STALL):
        show(stall)
    assert cli.main(["show", job.id]) == 0
    queue.finish(job.id, Done())
    queue.close()
    said = capsys.readouterr()
    assert said.err.count("No step for 2 min 5 s. Reset the boards.") == 2
    assert "2 min 15 s" not in said.err
    assert "       stall  No step for 2 min 5 s. Reset the boards." in said.out.splitlines()


def test_who_does_not_wait_for_a_device_waits_for_clips_that_are_compared(outputs: Path) -> None:
    queue = open_queue("terminal")
    base = GenerateRequest(prompt="a ball", output_folder=str(outputs))
    experiment = ExperimentRequest(base=base, vary={"guidance": (1, 3)})
    first, _, compared = jobs = experiments.submit(queue, experiment, reserved=True)
    follower = Follower(queue, jobs, json=False, wait=False)
    follower._show(compared)
    assert queue.get(compared.id).status.state == "queued"
    busy = queue.update(first.id, lambda job: job.model_copy(update={"status": Queued(waiting_for="an editor")}))
    with pytest.raises(WorkerError, match="The device is busy: an editor"):
        follower._show(busy)
    assert queue.get(compared.id).status.state == "cancelled"
    queue.close()
