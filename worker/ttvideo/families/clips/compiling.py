"""Blocks of a denoiser compiled (torch.compile), and what was compiled kept on disk for later processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.state import cache_folder

if TYPE_CHECKING:
    from ttvideo.families.clips.fields import ClipParams

BACKEND = "inductor"


def asked(params: ClipParams) -> bool:
    return bool(getattr(params, "compile", False))


def folder() -> Path:
    return cache_folder() / "inductor"


@contextmanager
def compiled(blocks: Sequence[Any]) -> Iterator[None]:
    """For one call. Blocks of one class and size are compiled once for all, and again for no later call of the process.

    Block by block and not as a whole: it takes a small part of the time, and between blocks progress is told and a
    cancel heard. Raises WorkerError(UNSUPPORTED) for a machine that cannot compile.
    """
    from torch._dynamo.exc import TorchDynamoException

    # Whatever it is: torch sets it to a temporary folder when it is imported.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder())
    before = [block.__dict__.get("forward") for block in blocks]
    for block in blocks:
        block.__dict__["forward"] = torch.compile(block.forward, backend=BACKEND)
    try:
        yield
    except TorchDynamoException as error:
        said = " ".join(str(error).split())[:200].rstrip(".")
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"The model cannot be compiled on this machine: {said}.",
            "It takes Triton and a C compiler. Leave compile out, and the clip is made without.",
        ) from error
    finally:
        for block, forward in zip(blocks, before, strict=True):
            del block.__dict__["forward"]
            if forward is not None:
                block.__dict__["forward"] = forward
