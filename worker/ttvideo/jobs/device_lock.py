"""Who drives each device of this machine."""

from __future__ import annotations

from pathlib import Path

from ttvideo.contract import Device, DeviceStatus
from ttvideo.state import DeviceLock


def device_status(state_folder: Path, devices: dict[str, str]) -> DeviceStatus:
    """The devices of this machine, {id: title}, each with its holder."""
    return DeviceStatus(
        devices=tuple(
            Device(id=id, title=title, holder=DeviceLock(state_folder, id, "").holder())
            for id, title in devices.items()
        )
    )
