"""What the engine imports, its Python has: that is tt-metal's, perhaps, and knows nothing of ttvideo's own packages."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ttvideo.tt.engine.programs import PROGRAMS

WORKER = Path(__file__).parents[2] / "worker"
OURS = {"ttvideo": WORKER, "animatediff_ttnn": WORKER / "tt-animatediff"}
THERE = {"torch", "ttnn"}
"""What each Python with ttnn has; what is imported within a function may be more."""
ENTRANCES = {"ttvideo.tt.engine.__main__", "ttvideo.tt.mock.toolchain", "ttvideo.tt.mock.golden"}
ENTRANCES |= {program.partition(":")[0] for program in PROGRAMS.values()}


def imported(module: str) -> Iterator[str]:
    """What is imported when this module of ours is; of `from a import b` both a and a.b, which may be a module, too."""
    names = module.split(".")
    folder = OURS[names[0]].joinpath(*names)
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    for node in ast.parse(file.read_text()).body if file.exists() else []:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names))


@pytest.mark.parametrize("entrance", sorted(ENTRANCES))
def test_the_engine_needs_little(entrance: str) -> None:
    seen, waiting, foreign = set(), [entrance], set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for name in imported(module):
            package = name.partition(".")[0]
            if package in OURS:
                waiting.append(name)
            elif package not in sys.stdlib_module_names:
                foreign.add(package)
    assert len(seen) > 1
    assert foreign <= THERE
