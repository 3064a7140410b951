"""Files that appear whole or not at all: written beside their place, synced, renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttvideo.errors import ErrorKind, WorkerError


@contextmanager
def atomic(path: Path, sync: bool = True) -> Iterator[Path]:
    """Yield a hidden path beside `path` to write to; it takes the place of `path` when the block ends well.

    On any exception the partial file is removed and an earlier file at `path` stays as it was. The partial's name has
    no suffix that tells its format, so give the format explicitly. Without `sync` (several ms each) the file is whole
    for everybody, but may be lost when the machine, not just the process, goes down. Raises WorkerError(DISK) for what
    the file system refuses, inside the block too.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        # A killed process may have left one behind, and its ffmpeg may still hold it open: never write into that file.
        partial.unlink(missing_ok=True)
        partial.touch()  # a folder that may not be written to is told here, not in the words of another program
        yield partial
        if sync:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):  # the folder itself may be gone or read-only; the first error is the one to tell
            partial.unlink(missing_ok=True)
        # Pillow's own complaints are OSErrors without an errno, and a broken pipe is not about this file.
        if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
            raise disk_error(f"{path} cannot be written", error) from error
        raise


def write_atomic(path: Path, data: bytes, sync: bool = True) -> None:
    """Write `data` to `path` whole; see `atomic`."""
    with atomic(path, sync) as partial:
        partial.write_bytes(data)


def disk_error(what: str, error: OSError) -> WorkerError:
    """`what` the file system refused, as an error value; `what` is the beginning of a sentence."""
    return WorkerError(
        ErrorKind.DISK,
        f"{what}: {error.strerror}.",
        "Check that the folder exists, that you may write to it and that its disk has free space; then resume the job.",
    )


def free_bytes(folder: Path) -> int:
    """On the disk of a folder, which may still have to be made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def readable_size(bytes: int) -> str:
    """Such as "6.9 GB" or "34 MB"."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if bytes >= unit:
            return f"{bytes / unit:.{0 if bytes >= 10 * unit else 1}f} {name}"
    return f"{bytes} bytes"
