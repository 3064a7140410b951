"""Folders, and what is written under them by whatever program."""

from __future__ import annotations

import contextlib
import heapq
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

log = logging.getLogger(__name__)
# The watchdog package finds a new folder in a new folder in two ways, and says so.
warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)

TICK_SECONDS = 0.1
CLOSED_SECONDS = 0.3
"""From when a file was closed or renamed until it is looked at: some programs close and go on."""
QUIET_SECONDS = 1.0
"""From when a file was last written to, where nothing says that it was closed."""
FOLDERS_SECONDS = 2.0
"""How often it is looked whether a watched folder was made anew."""
MOST_ENTRIES = 20_000
MOST_FOLDERS = 30_000
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
KINDS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    DirCreatedEvent,
]

Entry = os.DirEntry[str]


def walk(root: Path, limit: int = MOST_ENTRIES) -> Iterator[tuple[Path, list[Entry], list[Entry]]]:
    """(folder, files, subfolders), the folders changed last first; subfolders taken out of the list are not entered.

    No links, nothing hidden, nothing that cannot be read; it stops after `limit` entries.
    """
    to_do = [(0.0, str(root))]
    while to_do and limit > 0:
        _, folder = heapq.heappop(to_do)
        files: list[Entry] = []
        subfolders: list[Entry] = []
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                limit -= 1
                if limit < 0:
                    break
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    subfolders.append(entry)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry)
        yield Path(folder), files, subfolders
        for entry in subfolders:
            with contextlib.suppress(OSError):
                heapq.heappush(to_do, (-entry.stat(follow_symlinks=False).st_mtime, entry.path))


class FolderWatch:
    """Tells of each file under some folders that was written, when its writer seems to be done.

    `tell(paths)` is called on this object's own daemon thread; True asks for another call, with or without paths, in a
    tenth of a second. A file that goes on being written is told again. Folders are watched without following links.
    """

    def __init__(self, wanted: Callable[[str], bool], tell: Callable[[Sequence[Path]], bool]) -> None:
        """`wanted` says by its name whether a file matters."""
        self._wanted, self._tell = wanted, tell
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._again = False
        self._folders: tuple[Path, ...] = ()
        self._since = 0.0
        self._watched: dict[Path, tuple[tuple[int, int], ObservedWatch]] = {}
        self._refused: set[Path] = set()
        self._look_at_folders = 0.0
        self._stopping = threading.Event()
        self._observer = Observer()
        self._observer.daemon = True
        self._handler = _Handler(self)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._observer.start()
        self._thread.start()

    def watch(self, folders: Sequence[Path]) -> None:
        """Watch these folders instead of those of the last call, from this moment on. Returns at once."""
        with self._changed:
            # The clock of the file system may be a tick behind.
            self._folders, self._since, self._look_at_folders = tuple(folders), time.time() - 0.1, 0.0
            self._due.clear()
            self._refused.clear()
            self._changed.notify_all()

    def look_at(self, paths: Sequence[str], seconds: float) -> None:
        """Tell of these files `seconds` from now, unless they are written to until then."""
        due = time.monotonic() + seconds
        with self._changed:
            if not self._due:
                self._changed.notify_all()
            self._due.update(dict.fromkeys(paths, due))

    def note(self, path: str, seconds: float) -> None:
        """Of an event: `path` was written to."""
        if self._wanted(os.path.basename(path)):
            self.look_at([path], seconds)

    def note_folder(self, path: str) -> None:
        """Of an event: what is in a new folder may have been there before it was watched."""
        files = [entry.path for _, files, _ in walk(Path(path)) for entry in files if self._wanted(entry.name)]
        self.look_at(files, QUIET_SECONDS)

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._observer.stop()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._attend_folders()
                self._tell_due()
            except Exception:
                # Whatever one file or folder does to this thread, the others go on being watched.
                log.exception("unexpected error while watching folders")
                self._again = False
            if self._due or self._again:
                self._stopping.wait(TICK_SECONDS)
                continue
            with self._changed:
                if not (self._due or self._stopping.is_set()):
                    self._changed.wait(max(0.0, self._look_at_folders - time.monotonic()))

    def _tell_due(self) -> None:
        now = time.monotonic()
        with self._changed:
            due = [path for path, at in self._due.items() if at <= now]
            for path in due:
                del self._due[path]
        if due or self._again:
            self._again = self._tell([Path(path) for path in due])

    def _attend_folders(self) -> None:
        """Begin to watch what is not watched yet: new folders, and those that were deleted and made again."""
        with self._changed:
            if time.monotonic() < self._look_at_folders:
                return
            folders, since = self._folders, self._since
            self._look_at_folders = time.monotonic() + FOLDERS_SECONDS
            self._since = time.time() - 2 * FOLDERS_SECONDS
        # An emitter ends with its folder, and one made anew may have the number of the old.
        alive = {emitter.watch for emitter in self._observer.emitters if emitter.is_alive()}
        for folder, (identity, watch) in [*self._watched.items()]:
            if folder not in folders or _identity(folder) != identity or watch not in alive:
                self._observer.unschedule(watch)
                del self._watched[folder]
        for folder in folders:
            found = _identity(folder)
            if folder not in self._watched and found is not None and self._schedule(folder, found):
                self._search(folder, since)

    def _schedule(self, folder: Path, identity: tuple[int, int]) -> bool:
        recursive = _folders_below(folder) < _most_folders()
        if not recursive and folder not in self._refused:
            log.warning("%s holds too many folders: only files directly in it are noticed.", folder)
        try:
            watch = self._observer.schedule(self._handler, str(folder), recursive=recursive, event_filter=KINDS)
        except OSError as error:
            if folder not in self._refused:
                log.warning("The folder %s cannot be watched: %s.", folder, error.strerror or error)
            self._refused.add(folder)
            return False
        self._watched[folder] = identity, watch
        return True

    def _search(self, folder: Path, since: float) -> None:
        """Files written after watching was asked for, before it began."""
        for _, files, _ in walk(folder):
            for entry in files:
                with contextlib.suppress(OSError):
                    if self._wanted(entry.name) and entry.stat(follow_symlinks=False).st_ctime >= since:
                        self.look_at([entry.path], QUIET_SECONDS)


class _Handler(FileSystemEventHandler):
    def __init__(self, watch: FolderWatch) -> None:
        self._watch = watch

    def on_closed(self, event: FileSystemEvent) -> None:
        self._watch.note(os.fsdecode(event.src_path), CLOSED_SECONDS)

    def on_moved(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._watch.note(os.fsdecode(event.dest_path), CLOSED_SECONDS)

    def on_created(self, event: FileSystemEvent) -> None:
        if event.is_directory:
            self._watch.note_folder(os.fsdecode(event.src_path))
        else:
            self._watch.note(os.fsdecode(event.src_path), QUIET_SECONDS)

    def on_modified(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._watch.note(os.fsdecode(event.src_path), QUIET_SECONDS)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folders_below(folder: Path) -> int:
    return sum(1 for _ in walk(folder, limit=10 * MOST_FOLDERS))


def _most_folders() -> int:
    """Linux counts watches, and the watchdog package says nothing about a folder for which none is left."""
    with contextlib.suppress(OSError, ValueError):
        return min(MOST_FOLDERS, int(INOTIFY_LIMIT.read_text()) // 2)
    return MOST_FOLDERS
