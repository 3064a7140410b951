"""`ttvideo devices`: the boards and chips of this machine, who uses them, and what can run here or why it cannot."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ttvideo.contract import Board, Chip, Device, DeviceStatus
from ttvideo.jobs.devices import device_status
from ttvideo.state import state_folder
from ttvideo.tt import detect
from ttvideo.tt.boards import GIB

NAMES = {"tt": "Tenstorrent", "cuda": "NVIDIA GPU", "cpu": "CPU"}


def show_devices(arguments: argparse.Namespace, root: Path = detect.ROOT) -> int:
    """Below `root` lie the files of Linux that are looked at."""
    machine = detect.look_closely(root) if arguments.tt_smi else detect.look(root, holders=True)
    status = device_status(state_folder(), machine)
    print(status.model_dump_json() if arguments.json else "\n".join(lines(status)))
    return 0


def lines(status: DeviceStatus) -> Iterator[str]:
    yield f"{NAMES['tt']:<13}{status.title or 'no board'}"
    yield from (f"{'':<13}{line}" for line in (_system(status), _versions(status)) if line)
    for board in status.boards:
        yield from _board(board, status.simulated)
    yield from (f"{NAMES[device.id]:<13}{device.detail}" for device in status.devices if device.id != "tt")
    yield ""
    yield "What runs where"
    yield from (f"  {NAMES[device.id]:<13}{_running(device)}" for device in status.devices)
    if status.problems:
        yield ""
        yield "What to know"
    for problem in status.problems:
        yield f"  {problem.message}"
        yield f"    {problem.hint}"


def _system(status: DeviceStatus) -> str:
    system = status.system
    if system is None:
        return ""
    meshes = " or ".join(f"{mesh.rows}x{mesh.columns}" for mesh in system.meshes)
    parts = [system.arch, f"mesh {meshes}"]
    parts += [f"{system.dram_bytes // GIB} GiB DRAM"] if system.dram_bytes else []
    return ", ".join([*parts, *system.environment])


def _versions(status: DeviceStatus) -> str:
    versions = status.versions
    named = {"tt-kmd": versions.kmd, "ttnn": versions.ttnn, "tt-metal": versions.metal, "tt-smi": versions.smi}
    return ", ".join(f"{name} {version}" for name, version in named.items() if version)


def _board(board: Board, simulated: bool) -> Iterator[str]:
    serial = f", serial number {board.serial}" if board.serial else ""
    yield f"  {board.type}{serial}{', SIMULATED' if simulated else ''}"
    for chip in board.chips:
        yield f"    {chip.name:<22}{_state(chip, simulated)}"


def _state(chip: Chip, simulated: bool) -> str:
    if simulated:
        return "simulated: no readings"
    readings = _readings(chip)
    if not chip.answers:
        readings = ["does not answer"]
    elif not readings:
        readings = ["its readings: ttvideo devices --tt-smi"] if chip.node is None else ["no readings"]
    users = ", ".join(holder.title for holder in chip.holders)
    use = [] if chip.node is None else [f"in use by {users}" if users else "not in use"]
    return "  ".join([*([chip.bus] if chip.bus else []), *readings, *use])


def _readings(chip: Chip) -> list[str]:
    measured = ((chip.celsius, "°C"), (chip.watts, "W"), (chip.megahertz, "MHz"))
    readings = [f"{value:.0f} {unit}" for value, unit in measured if value is not None]
    return readings + ([f"firmware {chip.firmware}"] if chip.firmware else [])


def _running(device: Device) -> str:
    if not device.models:
        return "nothing: `ttvideo models` says why"
    if not device.available:
        return f"nothing now: {device.detail}"
    others = f"; not {', '.join(device.other_models)}" if device.other_models else ""
    return ", ".join(device.models) + others
