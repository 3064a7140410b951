"""`ttvideo doctor`: one line each, and what to do where something is missing."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ttvideo.backends import backends, installed
from ttvideo.errors import WorkerError
from ttvideo.families import tiny
from ttvideo.jobs import folders
from ttvideo.jobs.store import Store
from ttvideo.state import DeviceLock, state_folder
from ttvideo.tt import detect
from ttvideo.tt.metal import tree

NEEDED_DISK = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """`needed` things that are not there make the exit code 1."""

    name: str
    ok: bool
    text: str
    needed: bool = True


def examine() -> int:
    findings = [finding for check in CHECKS for finding in check()]
    for finding in findings:
        mark = "ok" if finding.ok else "MISSING" if finding.needed else "-"
        print(f"{mark:>7}  {finding.name:<13} {finding.text}")
    return 0 if all(finding.ok or not finding.needed for finding in findings) else 1


def _python() -> Iterator[Finding]:
    right = (3, 10) <= sys.version_info < (3, 13)
    text = f"{platform.python_version()} at {sys.executable}"
    yield Finding("Python", right, text if right else f"{text}; ttvideo needs 3.10 to 3.12")


def _packages() -> Iterator[Finding]:
    for name in ("torch", "diffusers", "transformers"):
        version = installed(name)
        yield Finding(name, version is not None, version or f"install it: {sys.executable} -m pip install {name}")


def _ttnn() -> Iterator[Finding]:
    version = installed("ttnn")
    hint = "only needed for Tenstorrent boards: pip install 'ttvideo[ttnn]' (Python 3.10 or 3.12)"
    yield Finding("ttnn", version is not None, version or hint, needed=False)
    metal = tree.find()
    hint = "only needed for large models on Tenstorrent boards: set TT_METAL_HOME to its folder"
    yield Finding("tt-metal", metal is not None, str(metal) if metal else hint, needed=False)
    xla = installed("pjrt-plugin-tt")
    # Its wheel has a ttnn of its own.
    text = f"{xla} takes the place of the ttnn that ttvideo needs: give it another environment" if xla else ""
    yield Finding("TT-XLA", False, text or "not here, and not needed: nothing runs through it", needed=False)


def _model() -> Iterator[Finding]:
    try:
        yield Finding("bundled model", True, f"revision {tiny.revision()}")
    except WorkerError as error:
        yield Finding("bundled model", False, f"{error.message} {error.hint}")


def _ffmpeg() -> Iterator[Finding]:
    from ttvideo.media import ffmpeg

    try:
        yield Finding("ffmpeg", True, f"{ffmpeg.version()} at {ffmpeg.executable()}")
    except WorkerError as error:
        yield Finding("ffmpeg", False, f"{error.message} {error.hint}")
        return
    for format in ("mp4", "webm", "gif"):
        try:
            choice = ffmpeg.choose(format)
            yield Finding(format, True, f"{choice.encoder}{f' ({choice.note})' if choice.note else ''}")
        except WorkerError as error:
            yield Finding(format, False, f"{error.message} {error.hint}", needed=format == "mp4")


def _disk() -> Iterator[Finding]:
    folder = folders.output_folder(None)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free for {folders.output_folder(None)}"
    yield Finding("disk", free > NEEDED_DISK, text if free > NEEDED_DISK else f"only {text}: make room")


def _database() -> Iterator[Finding]:
    try:
        store = Store(state_folder())
        yield Finding("job database", True, str(store.file))
        store.close()
    except WorkerError as error:
        yield Finding("job database", False, f"{error.message} {error.hint}")


def _devices() -> Iterator[Finding]:
    for backend in backends():
        holder = DeviceLock(state_folder(), backend.id, "").holder()
        busy = f"; in use by {holder}" if holder else ""
        yield Finding(backend.id, backend.available, backend.detail + busy, needed=backend.id == "cpu")
    # The first is part of the line above.
    for problem in detect.look().problems[1:]:
        yield Finding("tt", False, f"{problem.message} {problem.hint}", needed=False)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _ttnn,
    _model,
    _ffmpeg,
    _disk,
    _database,
    _devices,
)
