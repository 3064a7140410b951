"""`ttvideo devices`: the boards and chips of this machine, who uses them, and what can run here or why it cannot."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ttvideo import families
from ttvideo.backends import backends
from ttvideo.contract import Backend
from ttvideo.families.family import Family
from ttvideo.tt import detect
from ttvideo.tt.boards import GIB
from ttvideo.tt.machine import Board, Chip, Machine

NAMES = {"tt": "Tenstorrent", "cuda": "NVIDIA GPU", "cpu": "CPU"}


def show_devices(arguments: argparse.Namespace, root: Path = detect.ROOT) -> int:
    """Below `root` lie the files of Linux that are looked at."""
    machine = detect.look_closely(root) if arguments.tt_smi else detect.look(root, holders=True)
    available = {backend.id: backend for backend in backends()}
    shown = tuple(available[id] for id in ("tt", "cuda", "cpu"))
    if arguments.json:
        print(json.dumps(as_json(machine, shown, families.FAMILIES)))
    else:
        print("\n".join(lines(machine, shown, families.FAMILIES)))
    return 0


def lines(machine: Machine, shown: Sequence[Backend], models: Sequence[Family]) -> Iterator[str]:
    yield f"{NAMES['tt']:<13}{machine.title or 'no board'}"
    yield from (f"{'':<13}{line}" for line in (_system(machine), _versions(machine)) if line)
    for board in machine.boards:
        yield from _board(board, machine.simulated)
    yield from (f"{NAMES[backend.id]:<13}{backend.detail}" for backend in shown if backend.id != "tt")
    yield ""
    yield "What runs where"
    yield from (f"  {NAMES[backend.id]:<13}{_running(backend, models)}" for backend in shown)
    if machine.problems:
        yield ""
        yield "What to know"
    for problem in machine.problems:
        yield f"  {problem.message}"
        yield f"    {problem.hint}"


def _system(machine: Machine) -> str:
    system = machine.system
    if system is None:
        return ""
    meshes = " or ".join(f"{rows}x{columns}" for rows, columns in system.meshes)
    arch, dram = system.board.arch, system.board.dram
    parts = [arch.title, f"mesh {meshes}"]
    parts += [f"{system.chips * dram // GIB} GiB DRAM"] if dram else []
    parts += [f"MESH_DEVICE={system.mesh_device}"]
    parts += [f"TT_METAL_ARCH_NAME={arch.arch_name}"] if arch.arch_name else []
    return ", ".join(parts)


def _versions(machine: Machine) -> str:
    versions = machine.versions
    named = {"tt-kmd": versions.kmd, "ttnn": versions.ttnn, "tt-metal": versions.metal, "tt-smi": versions.smi}
    return ", ".join(f"{name} {version}" for name, version in named.items() if version)


def _board(board: Board, simulated: bool) -> Iterator[str]:
    serial = board.chips[0].serial
    yield f"  {board.title}{f', serial number {serial}' if serial else ''}{', SIMULATED' if simulated else ''}"
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
    users = ", ".join(map(str, chip.holders))
    use = [] if chip.node is None else [f"in use by {users}" if users else "not in use"]
    return "  ".join([*([chip.bus] if chip.bus else []), *readings, *use])


def _readings(chip: Chip) -> list[str]:
    measured = ((chip.celsius, "°C"), (chip.watts, "W"), (chip.megahertz, "MHz"))
    readings = [f"{value:.0f} {unit}" for value, unit in measured if value is not None]
    return readings + ([f"firmware {chip.firmware}"] if chip.firmware else [])


def _running(backend: Backend, models: Sequence[Family]) -> str:
    able = [model.title for model in models if backend.id in model.devices]
    if not able:
        return "nothing: no model of this version runs there"
    if not backend.available:
        return f"nothing now: {backend.detail}"
    unable = [model.title for model in models if backend.id not in model.devices]
    return ", ".join(able) + (f"; in this version not {', '.join(unable)}" if unable else "")


def as_json(machine: Machine, shown: Sequence[Backend], models: Sequence[Family]) -> dict[str, Any]:
    system = machine.system
    return {
        "system": system and {"id": system.id, "title": system.title, "meshes": system.meshes},
        "title": machine.title,
        "simulated": machine.simulated,
        "environment": _environment(machine),
        "boards": [
            {
                "type": board.title,
                "serial": board.chips[0].serial or None,
                "chips": [_chip(chip) for chip in board.chips],
            }
            for board in machine.boards
        ],
        "versions": vars(machine.versions),
        "problems": [vars(problem) for problem in machine.problems],
        "backends": [
            {
                "id": backend.id,
                "available": backend.available,
                "detail": backend.detail,
                "models": [model.id for model in models if backend.id in model.devices],
            }
            for backend in shown
        ],
    }


def _environment(machine: Machine) -> dict[str, str]:
    """What tt-metal's demos want to be set for these boards."""
    system = machine.system
    if system is None:
        return {}
    arch = {"TT_METAL_ARCH_NAME": system.board.arch.arch_name} if system.board.arch.arch_name else {}
    return {"MESH_DEVICE": system.mesh_device, **arch}


def _chip(chip: Chip) -> dict[str, Any]:
    return {
        "node": chip.node,
        "arch": chip.arch and chip.arch.id,
        "bus": chip.bus or None,
        "answers": chip.answers,
        "celsius": chip.celsius,
        "watts": chip.watts,
        "megahertz": chip.megahertz,
        "firmware": chip.firmware or None,
        "holders": [vars(holder) for holder in chip.holders],
    }
