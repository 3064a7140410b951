"""The worker process, and a client that talks with it over its pipes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

WORKER = Path(__file__).parents[2] / "worker"
SERVE = (sys.executable, "-m", "ttvideo", "serve")

Message = dict[str, Any]


class RpcError(Exception):
    def __init__(self, error: Message) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Message = error["data"]


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class RpcClient:
    """Everything the worker sends is kept, in `answers` and `events`; `ended` is true when its stdout is at its end."""

    def __init__(self, log: Path, argv: Sequence[str] = SERVE, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        self.answers: list[Message] = []
        self.events: list[Message] = []
        self.ended = False
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        path = os.pathsep.join(filter(None, [str(WORKER), os.environ.get("PYTHONPATH")]))
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "PYTHONPATH": path, **(env or {})},
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def request(self, method: str, params: Any = None, timeout: float = 60) -> Any:
        """The result. Raises RpcError."""
        id = f"call {next(self._ids)}"
        self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        self.wait_for(lambda: self.answers_to(id), f"an answer to {method}", timeout)
        (answer,) = self.answers_to(id)
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def send(self, message: object) -> None:
        self.send_bytes(frame(json.dumps(message).encode()))

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def answers_to(self, id: object) -> list[Message]:
        return [answer for answer in self.answers if answer["id"] == id]

    def heard(self, event: str) -> list[Message]:
        """The parameters of all events of this name."""
        return [message["params"] for message in self.events if message["method"] == event]

    def wait_for(self, condition: Callable[[], object], what: str, timeout: float = 60) -> None:
        """Wait until the condition holds; it is looked at whenever something arrives."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition() or self.ended, timeout) or not condition():
                why = "the worker ended" if self.ended else f"{timeout} s passed"
                raise AssertionError(f"{why} while waiting for {what}; its log:\n{self.log_text()[-3000:]}")

    def wait_for_end(self, timeout: float) -> tuple[int, float]:
        """Exit code and seconds until the process was gone."""
        begin = time.monotonic()
        code = self.process.wait(timeout)
        seconds = time.monotonic() - begin
        self._reader.join(timeout)
        return code, seconds

    def close(self, timeout: float = 30) -> tuple[int, float]:
        """Close stdin; exit code and seconds until the process was gone."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.wait_for_end(timeout)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # what was not sent yet stays so
            self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self._reader.join(30)
        self.process.stdout.close()

    def _read(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        while (length := self._read_header()) is not None:
            message = json.loads(stdout.read(length), parse_constant=_not_json)
            with self._changed:
                (self.events if "method" in message else self.answers).append(message)
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _read_header(self) -> int | None:
        stdout = self.process.stdout
        assert stdout is not None
        length = None
        while (line := stdout.readline()) not in (b"", b"\r\n"):
            name, _, value = line.partition(b":")
            if name == b"Content-Length":
                length = int(value)
            else:
                assert name == b"Content-Type", f"no header: {line[:200]!r}"
        return length


def _not_json(constant: str) -> float:
    raise AssertionError(f"the worker sent {constant}, which is no JSON")
