"""One process drives a device at a time; whoever waits is told for whom."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType

import filelock

from ttvideo.contract import Device, DeviceStatus
from ttvideo.jobs.process import ProcessIdentity


class DeviceLock:
    """An flock on `<state>/devices/<device>.lock`: the system releases it when its holder dies, however it dies."""

    def __init__(self, state_folder: Path, device: str, title: str) -> None:
        folder = state_folder / "devices"
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(folder / f"{device}.lock", thread_local=False)
        self._holder = folder / f"{device}.json"
        self._title = title

    def acquire(self) -> bool:
        """Take the device if nobody else has it."""
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        own = ProcessIdentity.own()
        partial = self._holder.with_suffix(f".{own.pid}")
        partial.write_text(json.dumps({"pid": own.pid, "started": own.started, "title": self._title}))
        os.replace(partial, self._holder)
        return True

    def release(self) -> None:
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def holder(self) -> str | None:
        """Who drives the device now, in words: None when nobody does."""
        try:
            who = json.loads(self._holder.read_text())
            alive = ProcessIdentity(who["pid"], who["started"]).alive()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return f"{who['title']} (pid {who['pid']})" if alive else None

    def __enter__(self) -> DeviceLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def device_status(state_folder: Path, devices: dict[str, str]) -> DeviceStatus:
    """The devices of this machine, {id: title}, each with its holder."""
    return DeviceStatus(
        devices=tuple(
            Device(id=id, title=title, holder=DeviceLock(state_folder, id, "").holder())
            for id, title in devices.items()
        )
    )
