"""What ttnn's exceptions mean for a person. The texts looked for are those of ttnn 0.81.1 (libtt_metal)."""

from __future__ import annotations

import re

from ttvideo.errors import ErrorKind, WorkerError

RESET = "Reset the boards (`ttvideo reset`), then resume the job: it goes on where it stopped."
LENGTH = 300
FATAL = re.compile(r"info:\n(.*?)(\nbacktrace:|\Z)", re.DOTALL)
MESH = re.compile(r"requires (\d+) devices?, but only (\d+) devices? are available")


def fault(error: Exception) -> WorkerError:
    """The error as it is told: a kind, what happened, what to do."""
    if isinstance(error, WorkerError):
        return error
    said = words(error)
    if "device timeout" in said:
        return WorkerError(
            ErrorKind.DEVICE_FAILED, "The boards did not finish an operation in time: a chip hangs.", RESET
        )
    if match := MESH.search(said):
        return WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"A mesh of {match[1]} chips was asked for, and {match[2]} are here.",
            "`ttvideo devices` says which meshes there are; MESH_DEVICE names one.",
        )
    if "No chips detected" in said:
        return WorkerError(
            ErrorKind.NO_DEVICE, "ttnn found no Tenstorrent chip.", "`ttvideo devices` says what is there and why not."
        )
    if re.search(r"out of memory|beyond max L1|clash with L1", said, re.IGNORECASE):
        return WorkerError(
            ErrorKind.OUT_OF_MEMORY,
            f"The boards' memory is too small for this job: {said}",
            "Ask for fewer frames or a smaller size, or use a larger mesh.",
        )
    if isinstance(error, ImportError):
        return WorkerError(
            ErrorKind.NO_DEVICE,
            f"ttnn cannot be imported: {said}",
            "Install it (pip install 'ttvideo[ttnn]'), or name a Python that has it in TTVIDEO_TTNN_PYTHON.",
        )
    return WorkerError(
        ErrorKind.INTERNAL,
        f"ttnn failed: {type(error).__name__}: {said}",
        "The log has the details; what is finished is kept.",
    )


def words(error: Exception) -> str:
    """The sentence in the text of an exception, without ttnn's place in the source and its backtrace."""
    text = str(error)
    match = FATAL.search(text)
    text = " ".join((match[1] if match else text).split())
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}…"
