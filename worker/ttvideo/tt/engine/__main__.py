"""The engine's life: requests from stdin one after the other, until it is told to close or stdin ends."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.tt.engine import programs, wire
from ttvideo.tt.engine.faults import fault
from ttvideo.tt.engine.mesh import Mesh
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.engine.session import Session

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ttvideo.tt.engine")

ORPHAN_SECONDS = 20.0
"""What the end may take when the worker is gone; native code that does not return is left without a word."""


class Engine:
    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers
        self._writing = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[dict[str, Any], bytes] | None] = queue.SimpleQueue()
        self._cancelled: int | None = None
        self._alone = False
        self._mesh = Mesh()

    def serve(self) -> None:
        threading.Thread(target=self._read, name="read", daemon=True).start()
        try:
            while (request := self._waiting.get()) is not None:
                header, payload = request
                self._answer(header, payload)
                if header["do"] == "close":
                    return
        finally:
            self._mesh.close()

    def _read(self) -> None:
        """A cancel is heeded while a program runs; everything else waits for its turn."""
        with contextlib.suppress(wire.WireError, OSError):
            while (message := wire.read(self._requests)) is not None:
                if message[0]["do"] == "cancel":
                    self._cancelled = message[0]["id"]
                else:
                    self._waiting.put(message)
        self._alone = True
        self._waiting.put(None)
        last = threading.Timer(ORPHAN_SECONDS, os._exit, (1,))
        last.daemon = True
        last.start()

    def _answer(self, header: dict[str, Any], payload: bytes) -> None:
        answer: dict[str, Any] = {"id": header["id"]}
        tensors: Mapping[str, torch.Tensor] = {}
        try:
            about, tensors = self._do(header, payload)
            answer["done"] = about
        except Cancelled:
            answer["cancelled"] = True
        except Exception as error:
            known = fault(error)
            if known.kind is ErrorKind.INTERNAL:
                log.exception("unexpected error while doing %s", header["do"])
            answer["error"] = {"kind": known.kind.value, "message": known.message, "hint": known.hint}
        self._tell(answer, tensors)

    def _do(self, header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], Mapping[str, torch.Tensor]]:
        what = header["do"]
        if what == "run":
            return self._run(header, payload)
        if what in ("open", "reshape"):
            self._mesh.open(Opening.from_json(header["opening"]))
            return {}, {}
        if what == "memory":
            return self._mesh.memory(), {}
        if what == "close":
            self._mesh.close()
            return {}, {}
        raise WorkerError(
            ErrorKind.INTERNAL, f"The engine cannot do '{str(what)[:40]}'.", "Start the worker again: it was updated."
        )

    def _run(self, header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], Mapping[str, torch.Tensor]]:
        program = programs.find(header["program"])
        tensors = {}
        if payload:
            from safetensors.torch import load

            tensors = load(payload)

        def cancelled() -> bool:
            return self._alone or self._cancelled == header["id"]

        def tell(event: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
            self._tell({"id": header["id"], **event}, tensors)

        session = Session(self._mesh.device, self._mesh.kept, tell, cancelled)
        return {}, program(session, tensors, header["arguments"])

    def _tell(self, header: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
        payload = b""
        if tensors:
            from safetensors.torch import save

            payload = save({name: tensor.contiguous() for name, tensor in tensors.items()})
        with self._writing:
            wire.write(self._answers, header, payload)


def claim_pipe() -> tuple[IO[bytes], IO[bytes]]:
    """Take stdin and stdout. What anyone prints from now on, native code included, goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def main() -> int:
    requests, answers = claim_pipe()
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    with contextlib.suppress(BrokenPipeError):  # the worker is gone, and nobody is left to tell
        Engine(requests, answers).serve()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
