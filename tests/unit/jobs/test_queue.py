from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import pytest

from ttvideo.contract import CancelledState, Done, GenerateRequest, Interrupted, Job, Queued, Running
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.jobs.queue import MustWait, Queue, open_queue
from ttvideo.jobs.store import MIGRATIONS, Store


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = open_queue("worker")
    yield queue
    queue.close()


def request(prompt: str = "a red ball", **parameters: int) -> GenerateRequest:
    return GenerateRequest(prompt=prompt, parameters=dict(parameters))


def claimed(queue: Queue) -> Job:
    job = queue.claim()
    assert isinstance(job, Job)
    return job


def another_process(kind: Literal["worker", "terminal"], requests: int, claim: bool) -> tuple[int, Connection]:
    """A process that opens the queue, submits jobs (a terminal its own), claims one if asked, and waits for its end."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_other, args=(kind, requests, claim, there), daemon=True
    )
    process.start()
    assert here.poll(30)
    here.recv()
    assert process.pid is not None
    return process.pid, here


def _other(kind: Literal["worker", "terminal"], requests: int, claim: bool, pipe: Connection) -> None:
    queue = open_queue(kind)
    for number in range(requests):
        queue.submit(request(f"job {number}"), reserved=kind == "terminal")
    if claim:
        claimed(queue)
    pipe.send("ready")
    pipe.recv()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_jobs_run_in_the_order_submitted_once_each(queue: Queue) -> None:
    ids = [queue.submit(request(f"job {n}")).id for n in range(5)]
    assert [claimed(queue).id for _ in ids] == ids
    assert queue.claim() is None


def test_a_seed_is_drawn_and_recorded(queue: Queue) -> None:
    first, second = (queue.submit(request(seed=-1)) for _ in range(2))
    assert first.parameters["seed"] != second.parameters["seed"]
    assert queue.submit(request(seed=7)).parameters["seed"] == 7


@pytest.mark.parametrize(
    ("parameters", "word"), [({"frames": 0}, "frames"), ({"wheels": 4}, "wheels"), ({"steps": "many"}, "steps")]
)
def test_wrong_parameters_are_refused_before_anything_is_queued(
    queue: Queue, parameters: dict[str, int | str], word: str
) -> None:
    with pytest.raises(WorkerError, match=word) as caught:
        queue.submit(GenerateRequest(prompt="a ball", parameters=dict(parameters)))
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS
    assert queue.list() == []


def test_what_the_model_cannot_do_is_said_with_the_value_used(queue: Queue) -> None:
    job = queue.submit(request("a red dragon", frames=40, width=512, height=512))
    assert job.parameters["frames"] == 24
    assert any("24 frames: so many instead of 40" in note for note in job.notes)
    assert any("128x128" in note for note in job.notes)
    assert any("dragon" in note for note in job.notes)


def test_cancel_ends_a_waiting_job_and_asks_a_running_one(queue: Queue) -> None:
    running, waiting = queue.submit(request()), queue.submit(request())
    claimed(queue)
    assert queue.cancel(waiting.id).status == CancelledState()
    assert queue.cancel(running.id).status.state == "cancelling"
    assert queue.cancel_requested(running.id)
    # Progress that comes in late must not hide that somebody asked.
    queue.update(running.id, lambda job: job.model_copy(update={"status": Running(phase="denoising")}))
    assert queue.get(running.id).status.state == "cancelling"
    queue.finish(running.id, CancelledState())
    with pytest.raises(WorkerError, match="cannot be cancelled"):
        queue.cancel(running.id)


def test_only_stopped_jobs_can_be_resumed_and_they_go_to_the_end(queue: Queue) -> None:
    first, second = queue.submit(request()), queue.submit(request())
    with pytest.raises(WorkerError, match="is queued"):
        queue.resume(first.id)
    queue.cancel(first.id)
    assert queue.resume(first.id).status == Queued()
    assert [claimed(queue).id for _ in range(2)] == [second.id, first.id]
    assert not queue.cancel_requested(first.id)


def test_remove_refuses_a_running_job_and_deletes_only_our_folder(queue: Queue, tmp_path: Path) -> None:
    job = queue.submit(GenerateRequest(prompt="a ball", output_folder=str(tmp_path)))
    foreign = Path(job.folder)
    foreign.mkdir(parents=True)
    (foreign / "diary.txt").write_text("not ours")
    claimed(queue)
    with pytest.raises(WorkerError, match="cannot be removed"):
        queue.remove(job.id)
    queue.finish(job.id, Done())
    queue.remove(job.id, delete_files=True)
    assert (foreign / "diary.txt").exists()
    with pytest.raises(WorkerError, match="no job"):
        queue.get(job.id)


def test_move_changes_the_order(queue: Queue) -> None:
    a, b, c = (queue.submit(request(name)).id for name in "abc")
    queue.move(c, before=a)
    queue.move(a, before=None)
    assert [claimed(queue).id for _ in range(3)] == [c, b, a]
    with pytest.raises(WorkerError, match="cannot be moved"):
        queue.move(a, before=None)


def test_watchers_see_every_change_once(queue: Queue) -> None:
    job = queue.submit(request())
    changes = queue.changes(0)
    assert [seen.id for seen in changes.jobs] == [job.id]
    assert changes.queue is not None
    assert not queue.wait_for_change(changes.cursor, timeout=0)
    queue.pause("because")
    queue.cancel(job.id)
    assert queue.wait_for_change(changes.cursor, timeout=0)
    later = queue.changes(changes.cursor)
    assert [seen.status.state for seen in later.jobs] == ["cancelled"]
    assert later.queue is not None
    assert later.queue.reason == "because"
    queue.remove(job.id)
    last = queue.changes(later.cursor)
    assert (last.jobs, last.removed, last.queue) == ([], [job.id], None)


def test_a_paused_queue_holds_back_the_worker_but_not_a_terminals_own_job(queue: Queue) -> None:
    queue.submit(request())
    queue.pause()
    assert queue.claim() is None
    own = queue.submit(request(), reserved=True)
    assert claimed(queue).id == own.id
    queue.unpause()
    assert isinstance(queue.claim(), Job)


def test_a_killed_worker_leaves_its_job_interrupted_and_the_queue_paused(queue: Queue) -> None:
    pid, _ = another_process("worker", requests=2, claim=True)
    assert [job.status.state for job in queue.list()] == ["running", "queued"]
    kill(pid)
    queue.recover()
    first, second = queue.list()
    assert isinstance(first.status, Interrupted)
    assert str(pid) in first.status.reason
    assert second.status == Queued()
    assert queue.state().paused
    assert queue.claim() is None


def test_a_killed_terminal_does_not_pause_the_queue(queue: Queue) -> None:
    pid, _ = another_process("terminal", requests=2, claim=True)
    kill(pid)
    queue.recover()
    assert [job.status.state for job in queue.list()] == ["interrupted", "interrupted"]
    assert not queue.state().paused


def test_who_must_wait_learns_for_whom(queue: Queue) -> None:
    pid, _ = another_process("terminal", requests=1, claim=False)
    mine = queue.submit(request())
    turn = queue.claim()
    assert isinstance(turn, MustWait)
    assert str(pid) in turn.whom
    queue.note_waiting(turn.whom)
    assert queue.get(mine.id).status == Queued(waiting_for=turn.whom)
    kill(pid)
    queue.recover()
    assert claimed(queue).id == mine.id


def test_giving_up_interrupts_what_this_process_had(queue: Queue) -> None:
    running, mine, shared = queue.submit(request()), queue.submit(request(), reserved=True), queue.submit(request())
    claimed(queue)
    queue.give_up("The disk is full.")
    states = [queue.get(job.id).status for job in (running, mine, shared)]
    assert states == [Interrupted(reason="The disk is full.")] * 2 + [Queued()]


def test_closing_interrupts_without_pausing() -> None:
    first = open_queue("worker")
    job = first.submit(request())
    claimed(first)
    first.close()
    second = open_queue("worker")
    assert second.get(job.id).status.state == "interrupted"
    assert not second.state().paused
    second.close()


def test_a_file_that_is_no_database_is_set_aside(own_state: Path) -> None:
    own_state.mkdir()
    (own_state / "queue.sqlite").write_bytes(b"not a database at all" * 100)
    queue = open_queue("worker")
    assert queue.list() == []
    queue.close()
    assert len(list(own_state.glob("queue.broken-*"))) == 1


def test_the_history_can_be_had_again_from_the_files(own_state: Path, tmp_path: Path) -> None:
    queue = open_queue("worker")
    made = [queue.submit(GenerateRequest(prompt=p, output_folder=str(tmp_path / "out"))) for p in ("one", "two")]
    first, second = claimed(queue), claimed(queue)
    first = queue.finish(first.id, Done())
    for job in (first, second):
        Path(job.folder).mkdir(parents=True)
        folders.write_manifest(job, folders.recipe(job, "revision"))
    queue.close()
    (tmp_path / "out" / "not ours").mkdir()
    shutil.rmtree(own_state)
    queue = open_queue("worker")
    assert [job.id for job in queue.adopt(tmp_path / "out")] == [job.id for job in made]
    assert queue.adopt(tmp_path / "out") == []
    assert queue.get(first.id) == first
    assert queue.get(second.id).status.state == "interrupted"
    queue.close()


def test_a_database_of_a_newer_version_is_left_alone(own_state: Path) -> None:
    Store(own_state).close()
    with sqlite3.connect(own_state / "queue.sqlite") as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    with pytest.raises(WorkerError, match="newer version"):
        Store(own_state)
