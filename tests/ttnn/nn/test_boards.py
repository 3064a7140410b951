"""The whole UNet and Stable Diffusion's decoder on boards of every kind, whose cores and memory differ.

On Blackhole the blocks of Stable Diffusion's widths, too. Each in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLIP = "Tokens(videos=2, frames=16, height=8, width=8, parts=(1, 1), tensor_axis=None)"
TESTS = (
    f"test_unet.py::test_the_bundled_unet_is_diffusers_own[{CLIP}]",
    "test_vae.py::test_stable_diffusions_size_is_accepted_by_a_board",
)
BLOCKS = "test_blocks.py::test_a_block_computes_what_diffusers_computes"


@pytest.mark.parametrize(
    ("board", "tests"), [("n300", TESTS), ("galaxy", TESTS), ("p150", (*TESTS, BLOCKS)), ("bh-galaxy", TESTS)]
)
def test_they_are_the_same_on_every_kind_of_board(board: str, tests: tuple[str, ...]) -> None:
    """Undivided: all chips compute the same."""
    command = [sys.executable, "-m", "pytest", "-q", *(f"{Path(__file__).parent}/{test}" for test in tests)]
    run = subprocess.run(command, env={**os.environ, "TTVIDEO_BOARD": board}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "skipped" not in run.stdout
