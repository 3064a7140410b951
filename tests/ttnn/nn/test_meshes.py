"""A clip whose pictures are divided among the chips of a mesh is the clip that diffusers makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "support" / "mesh_clip.py"
EXACT = 1e-4
slow = pytest.mark.skipif("TTVIDEO_SLOW" not in os.environ, reason="TTVIDEO_SLOW=1 runs it: as the others, elsewhere")


def differences(folder: Path, board: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, str(PROGRAM), board, *arguments[:3], str(folder), *arguments[3:]]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("board", "mesh", "parts", "frames"),
    [
        pytest.param("n300", "[1, 2]", "[1, 2]", "3", id="guidance", marks=slow),
        pytest.param("galaxy", "[8, 4]", "[8, 4]", "16", id="guidance and frames, on fewer pixels than chips"),
        pytest.param("p300", "[1, 2]", "[1, 2]", "4", id="guidance, on Blackhole", marks=slow),
        pytest.param("t3k", "[1, 8]", "[1, 8]", "16", id="both along one side", marks=slow),
        pytest.param("bh-galaxy", "[8, 4]", "[8, 1]", "4", id="alike along the other side", marks=slow),
        pytest.param("p150x4", "[2, 2]", "[2, 2]", "6", id="parts that cut tiles", marks=slow),
    ],
)
def test_a_clip_on_several_chips_is_diffusers_own(
    board: str, mesh: str, parts: str, frames: str, mock_folder: Path
) -> None:
    found = differences(mock_folder, board, mesh, parts, frames)
    assert found["right"] < EXACT
    assert found["decoded"] < EXACT


def test_a_wrong_division_is_seen(mock_folder: Path) -> None:
    """Guidance over two chips, frames over four."""
    found = differences(mock_folder, "t3k", "[2, 4]", "[2, 4]", "4", "wrong")
    assert found.pop("right") < EXACT
    assert found.pop("decoded") < EXACT
    assert len(found) == 3
    assert min(found.values()) > 100 * EXACT
