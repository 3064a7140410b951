"""What the client is told unasked: changes of the queue, by whichever process, of the devices, and the log."""

from __future__ import annotations

import contextlib
import logging
import queue as queues
import threading
from collections.abc import Callable
from logging.handlers import QueueHandler
from typing import Literal

from ttvideo.contract import Chip, DeviceStatus, Job, JobId, LogMessage, Wire
from ttvideo.jobs.outputs import appeared
from ttvideo.jobs.queue import Changes, Queue
from ttvideo.jobs.reset import latest

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
LOOK_AT_DEVICES_SECONDS = 3.0
"""A look costs milliseconds: what Linux says of boards and of who has them open."""
KEPT_LOG_LINES = 500

Post = Callable[[str, Wire], None]
"""Sends an event; returns when it is written, which is when the client has room for it."""


class QueueEvents:
    """Follows the queue from when it was made, on a daemon thread.

    The next changes are asked for when the last are written: a slow client gets the latest snapshot of each job, and
    nothing piles up here.
    """

    def __init__(self, queue: Queue, post: Post) -> None:
        self._queue, self._post = queue, post
        self._cursor = queue.cursor()
        self._seen: dict[str, frozenset[str]] | None = None
        self._reset = latest(queue.store)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._look()

    def _look(self) -> None:
        try:
            if self._seen is None:
                self._seen = {job.id: _paths(job) for job in self._queue.changes(0).jobs}
            if self._queue.wait_for_change(self._cursor, LOOK_SECONDS):
                changes = self._queue.changes(self._cursor)
                self._tell(changes, self._seen)
                self._cursor = changes.cursor
        except Exception:
            # The queue closes under this thread when the worker ends. Otherwise what is new is told next time.
            if not self._stopping.wait(LOOK_SECONDS):
                log.exception("unexpected error while following the queue")

    def _tell(self, changes: Changes, seen: dict[str, frozenset[str]]) -> None:
        for job in changes.jobs:
            self._post("job/changed", job)
            for output in job.outputs:
                if output.path not in seen.get(job.id, ()):
                    self._post("output/appeared", appeared(job, output))
            seen[job.id] = _paths(job)
        for id in changes.removed:
            self._post("job/removed", JobId(id=id))
            seen.pop(id, None)
        if changes.queue is not None:
            self._post("queue/changed", changes.queue)
        reset = latest(self._queue.store)
        if reset is not None and reset != self._reset:
            self._reset = reset
            self._post("device/reset", reset)


class DeviceEvents:
    """Looks at the devices again and again, on a daemon thread, and tells when something is not as it was.

    Readings count when they are others as people read them, without decimals. Like QueueEvents, it waits for a slow
    client.
    """

    def __init__(self, look: Callable[[], DeviceStatus], post: Post, seconds: float = LOOK_AT_DEVICES_SECONDS) -> None:
        self._look, self._post, self._seconds = look, post, seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="devices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    def _follow(self) -> None:
        told: DeviceStatus | None = None
        while not self._stopping.is_set():
            try:
                now = _rounded(self._look())
                if now != told:
                    if told is not None:
                        self._post("device/changed", now)
                    told = now
            except Exception:
                # Looking raises nothing that is known of; what did is looked at again later.
                log.exception("unexpected error while looking at the devices")
            self._stopping.wait(self._seconds)


class LogEvents(QueueHandler):
    """Passes log records on without ever making the one who logs wait; what a slow client leaves is dropped."""

    def __init__(self, post: Post) -> None:
        self._waiting: queues.Queue[logging.LogRecord] = queues.Queue(KEPT_LOG_LINES)
        super().__init__(self._waiting)
        self._post = post
        self._thread = threading.Thread(target=self._pass_on, name="log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def enqueue(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(queues.Full):
            self._waiting.put_nowait(record)

    def _pass_on(self) -> None:
        while True:
            record = self._waiting.get()
            # A path may hold bytes that are no UTF-8, which no message can.
            text = record.getMessage().encode("utf-8", "backslashreplace").decode()
            self._post("log", LogMessage(level=_level(record.levelno), message=text))


def _paths(job: Job) -> frozenset[str]:
    return frozenset(output.path for output in job.outputs)


def _rounded(status: DeviceStatus) -> DeviceStatus:
    boards = (
        board.model_copy(update={"chips": tuple(_rounded_chip(chip) for chip in board.chips)})
        for board in status.boards
    )
    return status.model_copy(update={"boards": tuple(boards)})


def _rounded_chip(chip: Chip) -> Chip:
    readings = {"celsius": chip.celsius, "watts": chip.watts, "megahertz": chip.megahertz}
    return chip.model_copy(update={name: value and float(round(value)) for name, value in readings.items()})


def _level(number: int) -> Literal["debug", "info", "warning", "error"]:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
