"""What the engine is started with: which Python, and which of tt-metal's environment variables.

What is set already stays as it is: MESH_DEVICE, TT_METAL_HOME, TT_METAL_ARCH_NAME, TT_VISIBLE_DEVICES and the others
that Tenstorrent's lessons export mean here what they mean there.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.state import cache_folder
from ttvideo.tt import boards
from ttvideo.tt.machine import Chip, Machine

OPERATION_SECONDS = 60
"""After how long without progress tt-metal takes an operation for hung. Its own tests use 5 s on one machine and 60 s
where ranks wait for each other (tt-metal, pull requests 36228 and 51679: no false alarm in ten runs of half an hour).
It does not see waits for sockets (issue 53849): those the watchdog sees."""


def interpreter(environment: Mapping[str, str] = os.environ) -> str:
    """The Python that has ttnn: the one that is named, else this one, else tt-metal's.

    Raises WorkerError(NO_DEVICE).
    """
    named = environment.get("TTVIDEO_TTNN_PYTHON")
    if named:
        # Not resolved: a virtual environment's Python is a link, and knows its environment by its own name.
        return str(Path(named).expanduser().absolute())
    own = importlib.util.find_spec("ttnn")
    # Any folder of that name, such as tt-metal's in the current one, is found, too, but has no file of its own.
    if own is not None and own.origin is not None:
        return sys.executable
    home = environment.get("TT_METAL_HOME")
    metal = Path(home).expanduser() / "python_env/bin/python" if home else None
    if metal is not None and metal.exists():
        return str(metal)
    raise WorkerError(
        ErrorKind.NO_DEVICE,
        "No Python with ttnn is known, which drives the boards.",
        "Install it in this one (pip install 'ttvideo[ttnn]', Python 3.10 or 3.12), or name one that has it in "
        "TTVIDEO_TTNN_PYTHON.",
    )


def of_engine(machine: Machine, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of the engine's process. Raises WorkerError(INVALID_PARAMETERS) for an architecture that is not
    the boards'."""
    # The engine runs in a folder of its own, so paths are whole.
    home = _whole(environment.get("TT_METAL_HOME", ""))
    paths = [str(packages()), home, *map(_whole, environment.get("PYTHONPATH", "").split(os.pathsep))]
    whole = {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | ({"TT_METAL_HOME": home} if home else {})
    wanted = {
        # Whatever its programs keep lies where the worker looks for it.
        "TTVIDEO_CACHE": str(cache_folder()),
        "TT_METAL_CACHE": str(cache_folder() / "kernels"),
        "TT_METAL_LOGS_PATH": str(cache_folder() / "ttnn"),
        "TT_METAL_OPERATION_TIMEOUT_SECONDS": str(OPERATION_SECONDS),
        # Its default is a line for each file it looks at.
        "TT_LOGGER_LEVEL": "error",
        "LOGURU_LEVEL": "WARNING",
    }
    system = machine.system
    if system is not None:
        wanted["MESH_DEVICE"] = system.mesh_device
        arch = system.board.arch
        named = environment.get("TT_METAL_ARCH_NAME") or environment.get("ARCH_NAME")
        if named and named.lower() not in (arch.id, arch.arch_name, f"{arch.id}_b0"):
            raise WorkerError(
                ErrorKind.INVALID_PARAMETERS,
                f"TT_METAL_ARCH_NAME is '{named[:40]}', but the boards are {arch.title}.",
                f"Set it to {arch.arch_name}." if arch.arch_name else "Unset it.",
            )
        if arch.arch_name:
            wanted["TT_METAL_ARCH_NAME"] = arch.arch_name
    return {**wanted, **environment, **whole}


def packages() -> Path:
    """A folder with links to our own packages and nothing else. What else lies beside them, such as torch, is for this
    Python, and the engine's may be another. Raises WorkerError(DISK).
    """
    found = {name: importlib.util.find_spec(name) for name in ("ttvideo", "animatediff_ttnn")}
    places = {name: Path(spec.origin).parent for name, spec in found.items() if spec and spec.origin}
    about = "|".join(f"{name}={place}" for name, place in places.items())
    folder = cache_folder() / "engine" / sha256(about.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, place in places.items():
            with suppress(FileExistsError):
                (folder / name).symlink_to(place)
    except OSError as error:
        raise WorkerError(
            ErrorKind.DISK,
            f"The engine's folder {folder} could not be made: {error.strerror}.",
            "Make room, or name another cache folder in TTVIDEO_CACHE.",
        ) from error
    return folder


def _whole(path: str) -> str:
    return str(Path(path).expanduser().absolute()) if path else ""


def mesh(machine: Machine, environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The mesh to open when a family does not say. Raises WorkerError as `system` does."""
    return system(machine, environment).meshes[0]


def system(machine: Machine, environment: Mapping[str, str] = os.environ) -> boards.System:
    """What is to be used: the system that MESH_DEVICE names, else the one that the boards form.

    Raises WorkerError: NO_DEVICE, or INVALID_PARAMETERS for a MESH_DEVICE that is not known or too large.
    """
    chips = sum(1 for _ in machine.chips)
    named = environment.get("MESH_DEVICE", "")
    found = boards.system_named(named) if named else machine.system
    if named and found is None:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"MESH_DEVICE is '{named[:40]}', which is no Tenstorrent system.",
            f"It may be {', '.join(known.mesh_device for known in boards.SYSTEMS)}.",
        )
    if found is None:
        why = machine.problems[0] if machine.problems else None
        raise WorkerError(
            ErrorKind.NO_DEVICE,
            why.message if why else "It is not known which mesh these boards form.",
            why.hint if why else "Name one with MESH_DEVICE.",
        )
    if found.chips > chips:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"MESH_DEVICE is {named}, which has {found.chips} chips, and {chips} are here.",
            f"Set it to {machine.system.mesh_device}." if machine.system else "Unset it.",
        )
    return found


def ours(machine: Machine, environment: Mapping[str, str] = os.environ) -> tuple[Chip, ...]:
    """The chips with a node of their own that we may use: all, or those of TT_VISIBLE_DEVICES.

    As tt-umd reads it (docs/TT_VISIBLE_DEVICES.md): numbers count the chips in the order of their nodes; what holds a
    colon or a point is part of a PCI address.
    """
    chips = tuple(chip for chip in machine.chips if chip.node is not None)
    visible = environment.get("TT_VISIBLE_DEVICES")
    if visible is None:
        return chips
    tokens = [token.strip().lower() for token in visible.split(",") if token.strip()]
    return tuple(chip for index, chip in enumerate(chips) if any(_names(token, index, chip) for token in tokens))


def _names(token: str, index: int, chip: Chip) -> bool:
    return token in chip.bus if {":", "."} & set(token) else token == str(index)
