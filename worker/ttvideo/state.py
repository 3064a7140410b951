"""What the processes of one user share on disk: where it is, who they are, and the locks that say who drives what.

The engine's Python, which reads this, too, may have none of the packages that are imported within functions here.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any


def state_folder() -> Path:
    """Where database and locks live: $TTVIDEO_STATE, else the platform's place for user state."""
    own = os.environ.get("TTVIDEO_STATE")
    if own:
        return Path(own)
    import platformdirs

    return Path(platformdirs.user_state_dir("ttvideo", appauthor=False))


def cache_folder() -> Path:
    """Of what can be made again."""
    own = os.environ.get("TTVIDEO_CACHE")
    if own:
        return Path(own)
    import platformdirs

    return platformdirs.user_cache_path("ttvideo")


def process_title() -> str:
    """How others call this process, such as `ttvideo serve`."""
    return " ".join(["ttvideo", *(word for word in sys.argv[1:2] if not word.startswith("-"))])


@dataclass(frozen=True)
class ProcessIdentity:
    """Pid and start time, for pids come round again."""

    pid: int
    started: float

    @classmethod
    def own(cls) -> ProcessIdentity:
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Of a living process. Raises psutil.NoSuchProcess."""
        import psutil

        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        import psutil

        try:
            process = psutil.Process(self.pid)
            # The clock behind create_time may be stepped between two readings; pids do not come round in a second.
            return abs(process.create_time() - self.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


class DeviceLock:
    """An flock on `<state>/devices/<device>.lock`: the system releases it when its holder dies, however it dies."""

    def __init__(self, state_folder: Path, device: str, title: str) -> None:
        import filelock

        folder = state_folder / "devices"
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(folder / f"{device}.lock", thread_local=False)
        self._holder = folder / f"{device}.json"
        self._title = title

    def acquire(self, user: ProcessIdentity | None = None) -> bool:
        """Take the device if nobody else has it. `user` is the child process that uses it, if one does."""
        import filelock

        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        own = ProcessIdentity.own()
        about = {"pid": own.pid, "started": own.started, "title": self._title}
        about |= {"user": [user.pid, user.started]} if user else {}
        partial = self._holder.with_suffix(f".{own.pid}")
        partial.write_text(json.dumps(about))
        os.replace(partial, self._holder)
        return True

    def release(self) -> None:
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def holder(self) -> str | None:
        """Who drives the device now, in words: None when nobody does."""
        about = self._about()
        alive = about and ProcessIdentity(about["pid"], about["started"]).alive()
        return f"{about['title']} (pid {about['pid']})" if about and alive else None

    def user(self) -> ProcessIdentity | None:
        """The child process that the last holder used the device with, if it still lives. It may outlive its parent."""
        about = self._about()
        user = ProcessIdentity(*about["user"]) if about and "user" in about else None
        return user if user and user.alive() else None

    def _about(self) -> dict[str, Any] | None:
        try:
            about = json.loads(self._holder.read_text())
            return about if {"pid", "started", "title"} <= about.keys() else None
        except (OSError, ValueError, AttributeError):
            return None

    def __enter__(self) -> DeviceLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
