"""The whole UNet on boards of every kind, each in a process of its own: their cores and memory differ."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLIP = "Tokens(videos=2, frames=16, height=8, width=8, parts=(1, 1), tensor_axis=None)"
TEST = f"test_the_bundled_unet_is_diffusers_own[{CLIP}]"


@pytest.mark.parametrize("board", ["n300", "galaxy", "p150", "bh-galaxy"])
def test_the_bundled_unet_is_diffusers_own_on_every_kind_of_board(board: str) -> None:
    """Undivided: all chips compute the same."""
    command = [sys.executable, "-m", "pytest", "-q", f"{Path(__file__).with_name('test_unet.py')}::{TEST}"]
    run = subprocess.run(command, env={**os.environ, "TTVIDEO_BOARD": board}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "1 passed" in run.stdout
