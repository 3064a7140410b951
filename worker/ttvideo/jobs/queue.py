"""One queue for all processes: what to run next, who runs it, and what became of it.

Only this module changes a job's state. Each change is one transaction; who runs a job is decided in the transaction
that claims it, by pid and process start time.
"""

from __future__ import annotations

import builtins
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from ttvideo import families
from ttvideo.contract import (
    CancelledState,
    Cancelling,
    CompareRequest,
    Done,
    ErrorInfo,
    Failed,
    Interrupted,
    Job,
    JobRequest,
    Phase,
    Queued,
    QueueState,
    Running,
)
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.jobs.store import Store
from ttvideo.jobs.submission import new_job
from ttvideo.state import ProcessIdentity, process_title, state_folder

POLL_SECONDS = 0.03
ACTIVE = ("running", "cancelling")
RESUMABLE = ("interrupted", "cancelled", "failed")
RESET = 2
"""In the column `cancel` instead of 1: the job is stopped for a reset of its device, and is interrupted by that."""
Work: TypeAlias = Literal["generate", "stitch", "download"]
WORK: tuple[Work, ...] = get_args(Work)
NEEDS: dict[str, Work] = {
    "generate": "generate",
    "storyboard": "generate",
    "stitch": "stitch",
    "animate": "stitch",
    "compare": "stitch",
    "download": "download",
}
"""What kind of work each kind of request is: with a model on a device, with pictures alone, or with the network."""


@dataclass(frozen=True)
class Changes:
    """What changed since an earlier `cursor`; `queue` only if pausing or resuming did."""

    cursor: int
    jobs: list[Job]
    removed: list[str]
    queue: QueueState | None


@dataclass(frozen=True)
class MustWait:
    """The next job is another living process's to run."""

    whom: str


class Queue:
    def __init__(self, store: Store, kind: Literal["worker", "terminal"]) -> None:
        self.store, self.kind, self.identity = store, kind, ProcessIdentity.own()
        self.title = process_title()
        with store.transaction() as db:
            me = (self.identity.pid, self.identity.started)
            db.execute("INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?)", (*me, kind, self.title))
        self.recover()

    # What clients ask for

    def submit(self, request: JobRequest, *, reserved: bool = False) -> Job:
        """Check the request, draw its seed and put it at the end; `reserved` jobs run in this process only."""
        job = new_job(request, f"{self.title} (pid {self.identity.pid})")
        with self.store.transaction() as db:
            self._insert(db, job)
            self._reserve(db, job.id, reserved)
        return job

    def adopt(self, output_folder: Path) -> builtins.list[Job]:
        """Take up the jobs whose folders lie in `output_folder` and are not listed: the history, from the files."""
        adopted = []
        for folder in sorted(output_folder.iterdir()):
            job = folders.job_of(folder)
            if job is None:
                continue
            if job.status.state not in ("done", *RESUMABLE):
                job = job.model_copy(update={"status": Interrupted(reason="Its process ended without finishing it.")})
            with self.store.transaction() as db:
                if db.execute("SELECT 1 FROM jobs WHERE id=?", (job.id,)).fetchone() is None:
                    self._insert(db, job)
                    adopted.append(job)
        return adopted

    def cancel(self, id: str) -> Job:
        """A queued job is cancelled at once; a running one is asked to stop by whoever runs it."""
        with self.store.transaction() as db:
            job = _load(db, id)
            if job.status.state == "queued":
                return _write(db, job.model_copy(update={"status": CancelledState(), "ended_at": time.time()}))
            if job.status.state == "running":
                db.execute("UPDATE jobs SET cancel=1 WHERE id=?", (id,))
                return _write(db, job.model_copy(update={"status": Cancelling()}))
            if job.status.state == "cancelling":
                return job
            raise _wrong_state(job, "cancelled", "Only jobs that wait or run can be cancelled.")

    def resume(self, id: str, *, reserved: bool = False) -> Job:
        """Put an interrupted, cancelled or failed job at the end of the queue; it goes on where it stopped."""
        with self.store.transaction() as db:
            job = _load(db, id)
            if job.status.state not in RESUMABLE:
                raise _wrong_state(job, "resumed", "Only interrupted, cancelled and failed jobs can be resumed.")
            last = db.execute("SELECT max(position) FROM jobs").fetchone()[0]
            db.execute("UPDATE jobs SET position=?, cancel=0 WHERE id=?", (last + 1, id))
            self._reserve(db, id, reserved)
            return _write(db, job.model_copy(update={"status": Queued(), "ended_at": None}))

    def get(self, id: str) -> Job:
        return _load(self.store.connection, id)

    def list(self, limit: int = 200) -> list[Job]:
        """The newest jobs, oldest first."""
        rows = self.store.connection.execute("SELECT document FROM jobs ORDER BY position DESC LIMIT ?", (limit,))
        return [Job.model_validate_json(row["document"]) for row in rows][::-1]

    def remove(self, id: str, delete_files: bool = False) -> None:
        """Remove a job from the list. With its files go the other jobs that made something in the same folder."""
        with self.store.transaction() as db:
            job = _load(db, id)
            gone = _jobs_in(db, job.folder) if delete_files else [job]
            for other in gone:
                if other.status.state in ACTIVE:
                    raise _wrong_state(other, "removed", f"Cancel it first: ttvideo cancel {other.id}")
            for other in gone:
                db.execute("DELETE FROM jobs WHERE id=?", (other.id,))
                db.execute("INSERT OR REPLACE INTO removed VALUES (?, ?)", (other.id, _next_revision(db)))
        if delete_files and any(folders.is_job_folder(Path(job.folder), other.id) for other in gone):
            shutil.rmtree(job.folder)

    def move(self, id: str, before: str | None) -> Job:
        with self.store.transaction() as db:
            job = _load(db, id)
            if job.status.state != "queued":
                raise _wrong_state(job, "moved", "Only jobs that wait can be moved.")
            if before is None:
                position = db.execute("SELECT max(position) FROM jobs").fetchone()[0] + 1
            else:
                _load(db, before)
                after = db.execute("SELECT position FROM jobs WHERE id=?", (before,)).fetchone()[0]
                previous = db.execute(
                    "SELECT max(position) FROM jobs WHERE position<? AND id<>?", (after, id)
                ).fetchone()[0]
                position = after - 1 if previous is None else (previous + after) / 2
            db.execute("UPDATE jobs SET position=? WHERE id=?", (position, id))
            return _write(db, job)

    def state(self) -> QueueState:
        row = self.store.connection.execute("SELECT paused, reason FROM queue").fetchone()
        return QueueState(paused=bool(row["paused"]), reason=row["reason"])

    def pause(self, reason: str | None = None) -> QueueState:
        with self.store.transaction() as db:
            _set_paused(db, True, reason)
        return self.state()

    def unpause(self) -> QueueState:
        with self.store.transaction() as db:
            _set_paused(db, False, None)
        return self.state()

    # What watchers follow

    def changes(self, since: int) -> Changes:
        """Everything after revision `since`; 0 is the beginning. Other processes' changes are included."""
        db = self.store.connection
        db.execute("BEGIN")
        try:
            queue = db.execute("SELECT * FROM queue").fetchone()
            rows = db.execute("SELECT document FROM jobs WHERE revision>? ORDER BY revision", (since,)).fetchall()
            removed = db.execute("SELECT id FROM removed WHERE revision>?", (since,)).fetchall()
        finally:
            db.execute("COMMIT")
        changed = queue["paused_revision"] > since or since == 0
        state = QueueState(paused=bool(queue["paused"]), reason=queue["reason"]) if changed else None
        jobs = [Job.model_validate_json(row["document"]) for row in rows]
        return Changes(queue["revision"], jobs, [row["id"] for row in removed], state)

    def wait_for_change(self, since: int, timeout: float) -> bool:
        """Block until a revision after `since` exists, whoever made it."""
        deadline = time.monotonic() + timeout
        while True:
            if self.cursor() > since:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL_SECONDS, left))

    # What runners do

    def turn(self, work: Work = "generate") -> Job | MustWait | None:
        """The first job of this kind that this process may run, unless one before it is another process's turn.

        Only generating needs what one process at a time can have; other work waits for nobody.
        """
        db = self.store.connection
        paused = self.state().paused
        waiting = db.execute("SELECT * FROM jobs WHERE state='queued' AND work=? ORDER BY position", (work,))
        for row in waiting.fetchall():
            reserved = _identity(row, "reserved")
            if reserved == self.identity or (reserved is None and self.kind == "worker" and not paused):
                job = Job.model_validate_json(row["document"])
                if not _must_wait(db, job):
                    return job
            if work != "generate":
                continue
            if reserved is not None:
                return MustWait(_process_title(db, reserved))
            if not paused and (worker := self._living_worker(db)) is not None:
                return MustWait(worker)
        return None

    def claim(self, work: Work = "generate") -> Job | MustWait | None:
        """Take the job whose turn it is: from now on it is this process's to finish."""
        with self.store.transaction() as db:
            job = self.turn(work)
            if not isinstance(job, Job):
                return job
            me = (self.identity.pid, self.identity.started)
            db.execute("UPDATE jobs SET cancel=0, owner_pid=?, owner_started=? WHERE id=?", (*me, job.id))
            running = Running(phase=Phase.DOWNLOADING if work == "download" else families.FIRST_PHASE)
            return _write(
                db,
                job.model_copy(update={"status": running, "started_at": time.time(), "ended_at": None, "outputs": ()}),
            )

    def cursor(self) -> int:
        """The latest revision."""
        revision: int = self.store.connection.execute("SELECT revision FROM queue").fetchone()[0]
        return revision

    def fail_queued(self, id: str, error: ErrorInfo) -> None:
        """A job that cannot even begin, and is still waiting, has failed."""
        with self.store.transaction() as db:
            job = _load(db, id)
            if job.status.state == "queued":
                _write(db, job.model_copy(update={"status": Failed(error=error), "ended_at": time.time()}))

    def update(self, id: str, change: Callable[[Job], Job]) -> Job:
        """Change a job this process runs. While it is being cancelled its state stays `cancelling` until it ends."""
        with self.store.transaction() as db:
            job = _load(db, id)
            changed = change(job)
            if job.status.state == "cancelling" and changed.status.state == "running":
                changed = changed.model_copy(update={"status": job.status})
            return _write(db, changed)

    def finish(self, id: str, status: Done | Failed | CancelledState | Interrupted) -> Job:
        return self.update(id, lambda job: job.model_copy(update={"status": status, "ended_at": time.time()}))

    def cancel_requested(self, id: str) -> bool:
        row = self.store.connection.execute("SELECT cancel FROM jobs WHERE id=?", (id,)).fetchone()
        return row is None or bool(row["cancel"])

    def stop_for_reset(self, device: str) -> set[str]:
        """Ask whoever runs a job on this device to interrupt it; the ids of these jobs."""
        running = "SELECT id FROM jobs WHERE state='running' AND json_extract(document, '$.device')=?"
        with self.store.transaction() as db:
            ids = {row["id"] for row in db.execute(running, (device,))}
            db.executemany("UPDATE jobs SET cancel=? WHERE id=?", [(RESET, id) for id in ids])
        return ids

    def stopped_for_reset(self, id: str) -> bool:
        row = self.store.connection.execute("SELECT cancel FROM jobs WHERE id=?", (id,)).fetchone()
        return row is not None and row["cancel"] == RESET

    def has_worker(self) -> bool:
        """Whether jobs that wait are taken by somebody."""
        return self.kind == "worker" or self._living_worker(self.store.connection) is not None

    def note_waiting(self, whom: str) -> None:
        """Tell those who look at this process's next job whom it waits for."""
        mine = (
            "SELECT id FROM jobs WHERE state='queued' AND work='generate'"
            " AND (reserved_pid=? OR reserved_pid IS NULL AND ?) ORDER BY position"
        )
        with self.store.transaction() as db:
            row = db.execute(mine, (self.identity.pid, self.kind == "worker")).fetchone()
            job = _load(db, row["id"]) if row else None
            if job is not None and job.status != Queued(waiting_for=whom):
                _write(db, job.model_copy(update={"status": Queued(waiting_for=whom)}))

    def recover(self) -> None:
        """Jobs of dead processes become `interrupted`; a dead editor's worker leaves the queue paused."""
        db = self.store.connection
        dead = [row for row in db.execute("SELECT * FROM processes") if not _of(row).alive()]
        if not dead:
            return
        with self.store.transaction() as db:
            for row in dead:
                gone = (row["pid"], row["started"])
                if db.execute("DELETE FROM processes WHERE pid=? AND started=?", gone).rowcount == 0:
                    continue
                reason = f"{row['title']} (pid {row['pid']}) ended without finishing it."
                if _interrupt_all_of(db, _of(row), reason, WORK) and row["kind"] == "worker":
                    _set_paused(db, True, f"The worker (pid {row['pid']}) ended while a job was running.")

    def remember_timing(self, key: str, seconds: dict[str, float]) -> None:
        with self.store.transaction() as db:
            db.execute("INSERT INTO timings VALUES (?, ?, ?)", (key, time.time(), json.dumps(seconds)))

    def timings(self, key: str, limit: int = 5) -> Iterable[dict[str, float]]:
        rows = self.store.connection.execute(
            "SELECT seconds FROM timings WHERE key=? ORDER BY ended_at DESC LIMIT ?", (key, limit)
        )
        return [json.loads(row["seconds"]) for row in rows]

    def give_up(self, reason: str, *work: Work) -> None:
        """What this process still has, running or reserved, becomes interrupted: all of it, or of these kinds."""
        with self.store.transaction() as db:
            _interrupt_all_of(db, self.identity, reason, work or WORK)

    def close(self) -> None:
        """Leave in order: what this process still had is interrupted, but the queue is not paused."""
        self.give_up(f"{self.title} was closed.")
        with self.store.transaction() as db:
            me = (self.identity.pid, self.identity.started)
            db.execute("DELETE FROM processes WHERE pid=? AND started=?", me)
        self.store.close()

    def _insert(self, db: sqlite3.Connection, job: Job) -> None:
        last = db.execute("SELECT coalesce(max(position), 0) FROM jobs").fetchone()[0]
        db.execute(
            "INSERT INTO jobs (id, position, revision, state, work, document) VALUES (?, ?, ?, ?, ?, ?)",
            (job.id, last + 1, _next_revision(db), job.status.state, NEEDS[job.request.kind], _dump(job)),
        )

    def _reserve(self, db: sqlite3.Connection, id: str, reserved: bool) -> None:
        who = (self.identity.pid, self.identity.started) if reserved else (None, None)
        db.execute("UPDATE jobs SET reserved_pid=?, reserved_started=? WHERE id=?", (*who, id))

    def _living_worker(self, db: sqlite3.Connection) -> str | None:
        for row in db.execute("SELECT * FROM processes WHERE kind='worker'"):
            if _of(row) != self.identity and _of(row).alive():
                return f"{row['title']} (pid {row['pid']})"
        return None


def open_queue(kind: Literal["worker", "terminal"]) -> Queue:
    return Queue(Store(state_folder()), kind)


def _dump(job: Job) -> str:
    return job.model_dump_json(by_alias=True)


def _load(db: sqlite3.Connection, id: str) -> Job:
    row = db.execute("SELECT document FROM jobs WHERE id=?", (id,)).fetchone()
    if row is None:
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no job '{id[:80]}'.", "`ttvideo jobs` lists them.")
    return Job.model_validate_json(row["document"])


def _jobs_in(db: sqlite3.Connection, folder: str) -> list[Job]:
    rows = db.execute("SELECT document FROM jobs WHERE json_extract(document, '$.folder')=?", (folder,))
    return [Job.model_validate_json(row["document"]) for row in rows]


def _must_wait(db: sqlite3.Connection, job: Job) -> bool:
    """Whether jobs whose clips it shows have not ended yet."""
    if not isinstance(job.request, CompareRequest):
        return False
    active = "SELECT 1 FROM jobs WHERE id=? AND state IN ('queued', 'running', 'cancelling')"
    return any(db.execute(active, (id,)).fetchone() for id in job.request.jobs)


def _write(db: sqlite3.Connection, job: Job) -> Job:
    db.execute(
        "UPDATE jobs SET revision=?, state=?, document=? WHERE id=?",
        (_next_revision(db), job.status.state, _dump(job), job.id),
    )
    return job


def _next_revision(db: sqlite3.Connection) -> int:
    db.execute("UPDATE queue SET revision=revision+1")
    revision: int = db.execute("SELECT revision FROM queue").fetchone()[0]
    return revision


def _set_paused(db: sqlite3.Connection, paused: bool, reason: str | None) -> None:
    db.execute("UPDATE queue SET paused=?, reason=?, paused_revision=?", (paused, reason, _next_revision(db)))


def _interrupt_all_of(db: sqlite3.Connection, who: ProcessIdentity, reason: str, work: tuple[Work, ...]) -> int:
    """How many jobs of the process were running, or waiting for it alone; they are interrupted now."""
    owned = db.execute(
        "SELECT id FROM jobs WHERE state IN ('running', 'cancelling') AND owner_pid=? AND owner_started=?"
        " OR state='queued' AND reserved_pid=? AND reserved_started=?",
        (who.pid, who.started) * 2,
    ).fetchall()
    jobs = [job for (id,) in owned if NEEDS[(job := _load(db, id)).request.kind] in work]
    for job in jobs:
        status = CancelledState() if job.status.state == "cancelling" else Interrupted(reason=reason)
        _write(db, job.model_copy(update={"status": status, "ended_at": time.time()}))
    return len(jobs)


def _identity(row: Any, role: str) -> ProcessIdentity | None:
    pid = row[f"{role}_pid"]
    return None if pid is None else ProcessIdentity(pid, row[f"{role}_started"])


def _of(row: Any) -> ProcessIdentity:
    return ProcessIdentity(row["pid"], row["started"])


def _process_title(db: sqlite3.Connection, who: ProcessIdentity) -> str:
    row = db.execute("SELECT title FROM processes WHERE pid=? AND started=?", (who.pid, who.started)).fetchone()
    return f"{row['title'] if row else 'another process'} (pid {who.pid})"


def _wrong_state(job: Job, wanted: str, hint: str) -> WorkerError:
    return WorkerError(ErrorKind.WRONG_STATE, f"Job {job.id} is {job.status.state} and cannot be {wanted}.", hint)
