"""Imports inside the package go one way, and nothing heavy is loaded before a job needs it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WORKER = Path(__file__).parents[2] / "worker"
FILES = sorted((WORKER / "ttvideo").rglob("*.py"))

# From the ground up: a room may use itself and every room on a lower floor.
FLOORS = (
    {"ttvideo"},
    {"errors"},
    {"contract", "state"},
    {"media", "tt"},
    {"backends"},
    {"families"},
    {"storyboards"},
    {"jobs"},
    {"projects"},
    {"rpc"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = ("torch", "diffusers", "transformers", "ttnn", "numpy", "PIL", "watchdog")
ENTRANCES = ("ttvideo.cli", "ttvideo.rpc.server", "ttvideo.jobs.queue", "ttvideo.families")


def module_name(file: Path) -> str:
    parts = file.relative_to(WORKER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file) for file in FILES}


def room(module: str) -> str:
    """`jobs` for ttvideo.jobs.queue, `errors` for ttvideo.errors, `ttvideo` for the package itself."""
    return [*module.split("."), "ttvideo"][1] if module != "ttvideo" else "ttvideo"


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every module of ours that is imported, also inside functions and for type checkers only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            # `from ttvideo import families` names a module, `from ttvideo.families import find` does not.
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else str(node.module) for name in whole]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "ttvideo")


def upward(module: str, source: str) -> list[str]:
    """Imports in `source`, the text of `module`, that reach a room beside it or above it."""
    own = room(module)
    return [
        f"{module}:{line} imports {name}"
        for line, name in imported(ast.parse(source))
        if room(name) != own and FLOOR[room(name)] >= FLOOR[own]
    ]


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("ttvideo.jobs.queue", "from ttvideo import families, __version__", 0),
        ("ttvideo.jobs.queue", "def f():\n    from ttvideo.rpc import server", 1),
        ("ttvideo.families.tiny", "import ttvideo.jobs.queue", 1),
        ("ttvideo.media.encode", "from ttvideo.tt import boards", 1),
        ("ttvideo.errors", "from ttvideo.contract import Job", 1),
        ("ttvideo", "from ttvideo.errors import WorkerError", 1),
    ],
)
def test_the_check_sees_imports_that_go_up(module: str, source: str, found: int) -> None:
    assert len(upward(module, source)) == found


def test_every_room_has_a_floor() -> None:
    assert sorted({room(module) for module in MODULES} - FLOOR.keys()) == []


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_imports_go_one_way(file: Path) -> None:
    assert upward(module_name(file), file.read_text()) == []


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_nothing_heavy_is_imported_at_start(entrance: str) -> None:
    program = f"import json, sys, {entrance}; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], cwd=WORKER, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert [name for name in HEAVY if name in json.loads(run.stdout)] == []


def test_the_package_animatediff_ttnn_stands_alone() -> None:
    files = sorted((WORKER / "tt-animatediff").rglob("*.py"))
    assert files
    assert [file.name for file in files if any(imported(ast.parse(file.read_text())))] == []
