"""The worker's side of the pipe: starts an engine, asks it one thing at a time, and ends it."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.state import ProcessIdentity
from ttvideo.tt.engine import wire
from ttvideo.tt.engine.faults import RESET

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
"""How often the one who waits for an answer is asked whether to go on."""
Message = tuple[dict[str, Any], bytes]


class EngineProcess:
    """One child process. Used by one thread at a time, but for `kill`, which any thread may call."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Raises WorkerError(NO_DEVICE) when the interpreter cannot be started."""
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                cwd=folder,
                # A Ctrl-C in the terminal is for us: cut off within an operation, it would leave the boards hanging.
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerError(
                ErrorKind.NO_DEVICE,
                f"The Python for ttnn, {command[0]}, cannot be started: {error.strerror}.",
                "Set TTVIDEO_TTNN_PYTHON to a Python 3.10 or 3.12 that has ttnn.",
            ) from error
        self.identity = ProcessIdentity.of(self._process.pid)
        self._next = 0
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        for name, read in (("engine", self._read), ("engine log", self._listen)):
            threading.Thread(target=read, name=name, daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self,
        header: Mapping[str, Any],
        payload: bytes = b"",
        *,
        on_event: Callable[[dict[str, Any], bytes], None] = lambda header, payload: None,
        on_tick: Callable[[], None] = lambda: None,
        timeout: float | None = None,
        grace: float = 0.0,
    ) -> Message:
        """Send a request and wait for its answer: what was `done`, and its tensors.

        Events go to `on_event`, and `on_tick` is called a few times a second; either may raise to stop the request.
        The engine is told then, and ended if it has not stopped after `grace` seconds. Raises WorkerError: what the
        engine says, or DEVICE_FAILED when it died, or did not answer within `timeout` seconds and was ended.
        """
        self._next += 1
        deadline = None if timeout is None else time.monotonic() + timeout
        self._send({**header, "id": self._next}, payload)
        while True:
            with self._stopping_when_it_raises(grace):
                on_tick()
            if deadline is not None and time.monotonic() > deadline:
                self.kill()
                raise self._silent(str(header["do"]), timeout or 0.0)
            message = self._receive(TICK_SECONDS)
            if message is None or message[0]["id"] != self._next:
                continue
            if "event" not in message[0]:
                return _answer(message)
            with self._stopping_when_it_raises(grace):
                on_event(*message)

    def kill(self) -> None:
        """End it at once, with what it started."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            # One that the kernel does not let go of, because a chip does not answer, is left behind.
            self._process.wait(1)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def end(self, seconds: float) -> None:
        """Let it close the mesh and leave; it is killed after so many seconds."""
        if self.alive:
            with contextlib.suppress(WorkerError):
                self._next += 1
                self._send({"do": "close", "id": self._next}, b"")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    @contextlib.contextmanager
    def _stopping_when_it_raises(self, grace: float) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._stop(grace)
            raise

    def _stop(self, grace: float) -> None:
        """Wait for what is running to heed the cancel."""
        deadline = time.monotonic() + grace
        try:
            self._send({"do": "cancel", "id": self._next}, b"")
            while (left := deadline - time.monotonic()) > 0:
                message = self._receive(left)
                if message is not None and message[0]["id"] == self._next and "event" not in message[0]:
                    return
        except WorkerError:
            return
        log.warning("the engine did not stop within %g seconds and is ended", grace)
        self.kill()

    def _send(self, header: dict[str, Any], payload: bytes) -> None:
        assert self._process.stdin is not None
        try:
            wire.write(self._process.stdin, header, payload)
        except (OSError, ValueError):
            raise self._dead() from None

    def _receive(self, seconds: float) -> Message | None:
        """The next message; None when none came in time. Raises WorkerError when the engine is gone."""
        try:
            message = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if message is None:
            self._answers.put(None)
            raise self._dead()
        return message

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream, contextlib.suppress(OSError, wire.WireError):
            while (message := wire.read(stream)) is not None:
                self._answers.put(message)
        self._answers.put(None)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                log.info("engine: %s", line.decode(errors="replace").rstrip())

    def _dead(self) -> WorkerError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.returncode
        how = "stopped answering" if code is None else f"ended ({_exit(code)})"
        self.kill()
        return WorkerError(
            ErrorKind.DEVICE_FAILED,
            f"The process that drives the boards {how} before it was done.",
            "Resume the job. If it happens again, reset the boards before: `ttvideo reset`.",
        )

    def _silent(self, doing: str, seconds: float) -> WorkerError:
        return WorkerError(
            ErrorKind.DEVICE_FAILED,
            f"The process that drives the boards did not {doing} within {seconds:g} seconds and was ended.",
            RESET,
        )


def _answer(message: Message) -> Message:
    header, payload = message
    if header.get("cancelled"):
        raise Cancelled
    if "error" in header:
        error = header["error"]
        raise WorkerError(ErrorKind(error["kind"]), error["message"], error["hint"])
    return header["done"], payload


def _exit(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
