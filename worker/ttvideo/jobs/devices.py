"""What this machine can compute on, who uses it and which models run there, for the terminal and the editor alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ttvideo import contract, families
from ttvideo.backends import backends
from ttvideo.contract import Backend, Device, DeviceStatus
from ttvideo.families.family import Family
from ttvideo.state import DeviceLock
from ttvideo.tt import boards
from ttvideo.tt.machine import Board, Chip, Machine

FASTEST_FIRST: tuple[Literal["tt", "cuda", "cpu"], ...] = ("tt", "cuda", "cpu")


def device_status(state_folder: Path, machine: Machine) -> DeviceStatus:
    """In milliseconds: asks no program and opens no device."""
    available = {backend.id: backend for backend in backends()}
    return DeviceStatus(
        devices=tuple(_device(available[id], families.FAMILIES, state_folder) for id in FASTEST_FIRST),
        title=machine.title,
        simulated=machine.simulated,
        system=_system(machine.system) if machine.system else None,
        boards=tuple(_board(board) for board in machine.boards),
        known_systems=tuple(contract.SystemName(id=system.id, title=system.title) for system in boards.SYSTEMS),
        versions=contract.BoardVersions(**{name: version or None for name, version in vars(machine.versions).items()}),
        problems=tuple(contract.BoardProblem(**vars(problem)) for problem in machine.problems),
    )


def _device(backend: Backend, models: Sequence[Family], state_folder: Path) -> Device:
    able = [model for model in models if families.refusal(model, backend.id) is None]
    return Device(
        id=backend.id,
        available=backend.available,
        detail=backend.detail,
        holder=DeviceLock(state_folder, backend.id, "").holder(),
        models=tuple(model.title for model in able),
        other_models=tuple(model.title for model in models if model not in able),
    )


def _system(system: boards.System) -> contract.BoardSystem:
    arch = system.board.arch
    return contract.BoardSystem(
        id=system.id,
        title=system.title,
        arch=arch.title,
        chips=system.chips,
        meshes=tuple(contract.Mesh(rows=rows, columns=columns) for rows, columns in system.meshes),
        dram_bytes=system.chips * system.board.dram if system.board.dram else None,
        environment=(
            f"MESH_DEVICE={system.mesh_device}",
            *([f"TT_METAL_ARCH_NAME={arch.arch_name}"] if arch.arch_name else []),
        ),
    )


def _board(board: Board) -> contract.Board:
    return contract.Board(
        type=board.title, serial=board.chips[0].serial or None, chips=tuple(_chip(chip) for chip in board.chips)
    )


def _chip(chip: Chip) -> contract.Chip:
    return contract.Chip(
        name=chip.name,
        node=chip.node,
        arch=chip.arch.id if chip.arch else None,
        bus=chip.bus or None,
        answers=chip.answers,
        celsius=chip.celsius,
        watts=chip.watts,
        megahertz=chip.megahertz,
        firmware=chip.firmware or None,
        holders=tuple(
            contract.ChipHolder(pid=holder.pid, command=holder.command, title=str(holder)) for holder in chip.holders
        ),
    )
