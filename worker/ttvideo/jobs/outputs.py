"""What lies in the watched folders, and what appears there: the clips of jobs, and the files of other programs."""

from __future__ import annotations

import contextlib
import logging
import re
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ttvideo.contract import Job, Output, OutputAppeared
from ttvideo.errors import WorkerError
from ttvideo.jobs import folders
from ttvideo.jobs.queue import Queue

if TYPE_CHECKING:
    from ttvideo.media.watch import FolderWatch

log = logging.getLogger(__name__)

LISTED = 50
LISTING_SECONDS = 1.0
"""How long a listing may look into files; those left over appear afterwards, one by one."""
OF_A_SEQUENCE = 8
"""How many files with names that differ in their numbers only may be listed."""
BURST = 16
"""How many pictures of a folder may appear at once; after that, the newest one of each second."""
KNOWN = 10_000

_Stamp: TypeAlias = tuple[int, int, int]
_Known: TypeAlias = tuple[_Stamp, OutputAppeared]
Announce: TypeAlias = Callable[[OutputAppeared], None]


@dataclass(frozen=True)
class _Found:
    at: float
    path: Path
    job: Path | None
    """The job's folder, if the file lies in one."""


class OutputWatch:
    def __init__(self, queue: Queue, announce: Announce) -> None:
        """`announce` is called on a thread of its own."""
        self._queue, self._announce = queue, announce
        self._roots: tuple[Path, ...] = ()
        self._watch: FolderWatch | None = None
        self._known: dict[Path, _Known] = {}
        self._guard = threading.Lock()
        self._waiting: dict[Path, dict[Path, _Found]] = {}
        self._paces: dict[Path, _Pace] = {}

    def watch(self, asked: Iterable[str]) -> tuple[OutputAppeared, ...]:
        """Watch these folders from now on, and list what is there. Raises WorkerError(INVALID_PARAMETERS)."""
        from ttvideo.media.probe import is_media
        from ttvideo.media.watch import FolderWatch

        roots = _roots(asked)
        if self._watch is None:
            self._watch = FolderWatch(is_media, self._look)
        self._roots = roots
        self._watch.watch(roots)
        listed, late = self._list(roots)
        self._watch.look_at([str(found.path) for found in late], 0)
        return listed

    def stop(self, timeout: float) -> None:
        if self._watch is not None:
            self._watch.stop(timeout)

    def _list(self, roots: Sequence[Path]) -> tuple[tuple[OutputAppeared, ...], list[_Found]]:
        """The newest, and those for which there was no time."""
        deadline = time.monotonic() + LISTING_SECONDS
        listed: list[OutputAppeared] = []
        late: list[_Found] = []
        sequences: Counter[tuple[Path, str]] = Counter()
        outputs: dict[Path, dict[str, OutputAppeared]] = {}
        for found in sorted(_files(roots), key=lambda found: found.at, reverse=True):
            if len(listed) + len(late) == LISTED:
                break
            if found.job is not None:
                if found.job not in outputs:
                    outputs[found.job] = self._clips(found.job)
                listed += filter(None, [outputs[found.job].get(found.path.name)])
                continue
            sequence = found.path.parent, re.sub(r"\d+", "#", found.path.name)
            sequences[sequence] += 1
            if sequences[sequence] > OF_A_SEQUENCE:
                continue
            if time.monotonic() > deadline:
                late.append(found)
            elif (shown := self._probe(found.path, decode=False)) is not None:
                self._learn(found.path, shown)
                listed.append(shown[1])
        return tuple(listed), late

    def _clips(self, folder: Path) -> dict[str, OutputAppeared]:
        """A job's clips by their names; the database knows of more than the manifest, if it knows the job."""
        job = folders.job_of(folder)
        if job is None:
            return {}
        with contextlib.suppress(WorkerError):
            known = self._queue.get(job.id)
            # A copy of a job's folder holds clips of its own.
            job = known if known.folder == str(folder) else job
        clips = [output for output in job.outputs if output.kind in ("video", "image")]
        return {Path(output.path).name: appeared(job, output) for output in clips}

    def _look(self, paths: Sequence[Path]) -> bool:
        """Announce what is new of these; True when some of them must wait."""
        from ttvideo.media.probe import VIDEOS

        for path in paths:
            found = self._foreign(path)
            if found is None:
                continue
            if path.suffix.lower() in VIDEOS:
                self._tell(found)
            else:
                self._waiting.setdefault(path.parent, {})[path] = found
        for folder, waiting in list(self._waiting.items()):
            pictures = sorted(waiting.values(), key=lambda found: found.at)
            allowed = self._paces.setdefault(folder, _Pace()).take(len(pictures))
            for found in pictures[len(pictures) - allowed :]:
                self._tell(found)
            if allowed:
                del self._waiting[folder]
            else:
                self._waiting[folder] = {pictures[-1].path: pictures[-1]}
        self._paces = {folder: pace for folder, pace in self._paces.items() if not pace.full()}
        return bool(self._waiting)

    def _foreign(self, path: Path) -> _Found | None:
        """The file, if it is of another program, lies in a watched folder and is not known as it is now."""
        root = next((root for root in self._roots if path.is_relative_to(root)), None)
        if root is None or any(part.startswith(".") for part in path.relative_to(root).parts):
            return None
        for folder in path.parents:
            if folder == root:
                break
            if folder.is_symlink() or folders.holds_job(folder):
                return None
        stamp, known = _stamp(path), self._known.get(path)
        if stamp is None or (known is not None and known[0] == stamp):
            return None
        return _Found(stamp[0] / 1e9, path, None)

    def _tell(self, found: _Found) -> None:
        shown = self._probe(found.path, decode=True)
        if shown is None:
            log.debug("%s is not whole, or no picture or video: it is not announced", found.path)
        elif self._learn(found.path, shown):
            self._announce(shown[1])

    def _probe(self, path: Path, *, decode: bool) -> _Known | None:
        """The file as it is now, looked into if that was not done before; None when it cannot be shown."""
        from ttvideo.media.probe import probe

        stamp = _stamp(path)
        known = self._known.get(path)
        if stamp is None or (known is not None and known[0] == stamp):
            return known
        try:
            found = probe(path, decode=decode)
        except WorkerError as error:
            log.warning("%s cannot be looked into: %s %s", path, error.message, error.hint)
            return None
        if found is None or _stamp(path) != stamp:
            return None
        size = {"width": found.width, "height": found.height}
        output = Output(path=str(path), kind=found.kind, frames=found.frames, fps=found.fps, **size)
        return stamp, OutputAppeared(job_id=None, output=output, at=stamp[0] / 1e9)

    def _learn(self, path: Path, shown: _Known) -> bool:
        """Whether this is news: two threads may look at one file."""
        with self._guard:
            before = self._known.pop(path, None)
            self._known[path] = shown
            if len(self._known) > KNOWN:
                del self._known[next(iter(self._known))]
        return before is None or before[0] != shown[0]


class _Pace:
    """How many pictures of a folder may appear: BURST at once, and one more each second."""

    def __init__(self) -> None:
        self._left, self._at = float(BURST), time.monotonic()

    def take(self, wanted: int) -> int:
        now = time.monotonic()
        self._left, self._at = min(BURST, self._left + now - self._at), now
        taken = min(wanted, int(self._left))
        self._left -= taken
        return taken

    def full(self) -> bool:
        return self._left + time.monotonic() - self._at >= BURST


def appeared(job: Job, output: Output) -> OutputAppeared:
    try:
        at = Path(output.path).stat().st_mtime
    except OSError:  # it was deleted in the meantime
        at = job.ended_at or job.created_at
    return OutputAppeared(job_id=job.id, output=output, at=at)


def _roots(asked: Iterable[str]) -> tuple[Path, ...]:
    """The folders as they really are called, made where missing, without those inside another."""
    roots: list[Path] = []
    for folder in map(folders.whole_path, asked):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("The folder %s cannot be watched: %s.", folder, error.strerror)
            continue
        roots.append(folder)
    return tuple(
        dict.fromkeys(
            root for root in roots if not any(root != other and root.is_relative_to(other) for other in roots)
        )
    )


def _files(roots: Sequence[Path]) -> Iterable[_Found]:
    from ttvideo.media.probe import is_media
    from ttvideo.media.watch import walk

    for root in roots:
        for folder, files, subfolders in walk(root):
            job = folder if folder != root and folders.holds_job(folder) else None
            if job is not None:
                subfolders.clear()
            for entry in files:
                if is_media(entry.name):
                    with contextlib.suppress(OSError):
                        yield _Found(entry.stat(follow_symlinks=False).st_mtime, folder / entry.name, job)


def _stamp(path: Path) -> _Stamp | None:
    """What changes when a file is written anew; None for what is no plain file, or has a name no message can carry."""
    try:
        str(path).encode()
        status = path.lstat()
    except (OSError, ValueError):
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino) if stat.S_ISREG(status.st_mode) else None
