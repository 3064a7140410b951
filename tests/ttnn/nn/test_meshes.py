"""A clip whose pictures or heads are divided among the chips of a mesh is the clip that diffusers makes."""

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


def differences(folder: Path, board: str, *arguments: str) -> list[dict[str, float]]:
    command = [sys.executable, str(PROGRAM), board, *arguments[:3], str(folder), *arguments[3:]]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found: list[dict[str, float]] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("board", "mesh", "division", "frames"),
    [
        pytest.param("n300", "[1, 2]", "[[[1, 2], null]]", "3", id="guidance", marks=slow),
        pytest.param("n300", "[1, 2]", "[[[1, 1], 1]]", "1", id="heads"),
        pytest.param(
            "galaxy", "[8, 4]", "[[[8, 4], null]]", "16", id="guidance and frames, on fewer pixels than chips"
        ),
        pytest.param("p300", "[1, 2]", "[[[1, 2], null], [[1, 1], 1]]", "4", id="guidance, on Blackhole", marks=slow),
        pytest.param("t3k", "[1, 8]", "[[[1, 8], null]]", "16", id="both along one side", marks=slow),
        pytest.param("bh-galaxy", "[8, 4]", "[[[8, 1], null]]", "4", id="alike along the other side", marks=slow),
        pytest.param("p150x4", "[2, 2]", "[[[2, 2], null]]", "6", id="parts that cut tiles", marks=slow),
    ],
)
def test_a_clip_on_several_chips_is_diffusers_own(
    board: str, mesh: str, division: str, frames: str, mock_folder: Path
) -> None:
    *found, pictures = differences(mock_folder, board, mesh, division, frames)
    assert max(each["right"] for each in found) < EXACT
    assert pictures["decoded"] < EXACT


def test_a_wrong_division_is_seen(mock_folder: Path) -> None:
    """Guidance over two chips, frames over four; then both over four, and heads over two, of weights prepared once.

    Last the two heads are on each of four chips, which share only the feed-forward parts' channels.
    """
    division = "[[[2, 4], null], [[1, 4], 0], [[1, 4], 0], [[2, 1], 1]]"
    *clips, pictures = differences(mock_folder, "t3k", "[2, 4]", division, "4", "wrong")
    assert pictures["decoded"] < EXACT
    for found in clips:
        assert found.pop("right") < EXACT
        assert len(found) in (2, 3)
        assert min(found.values()) > 100 * EXACT
