"""What the engine can run: programs by name. Each is a function `(session, tensors, arguments) -> tensors`.

`session` is its mesh, what it may keep there, and how it reports (`session.Session`); `tensors` are torch tensors on
the host, by name, as are those it gives back; `arguments` are plain values of JSON. It raises what it likes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ttvideo.errors import ErrorKind, WorkerError

if TYPE_CHECKING:
    import torch

    from ttvideo.tt.engine.session import Session

    Tensors: TypeAlias = dict[str, torch.Tensor]

Program: TypeAlias = "Callable[[Session, Tensors, dict[str, Any]], Tensors]"

PROGRAMS = {
    "animatediff": "ttvideo.tt.nn.program:run",
    "check": "ttvideo.tt.engine.check:run",
    "decode": "ttvideo.tt.nn.decoding:run",
    "metal": "ttvideo.tt.metal.program:run",
}


def find(name: str) -> Program:
    """Raises WorkerError(INTERNAL) for a name that is not in the table."""
    if name not in PROGRAMS:
        raise WorkerError(
            ErrorKind.INTERNAL,
            f"The engine has no program '{name[:80]}'.",
            "Worker and engine are of different versions: start the worker again.",
        )
    module, _, function = PROGRAMS[name].partition(":")
    program: Program = getattr(importlib.import_module(module), function)
    return program
