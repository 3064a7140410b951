"""The real ttnn in the test's own process, which can have one board only: TTVIDEO_BOARD's, or an N150.

`.ci/ttnn` makes the environment in which these tests run; in others they are not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from ttvideo.backends import installed
from ttvideo.tt import boards
from ttvideo.tt.mock import toolchain

BOARD = boards.system_named(os.environ.get("TTVIDEO_BOARD", "n150"))
collect_ignore_glob = ["test_*.py"]
if BOARD is not None and installed("ttnn") is not None:
    toolchain.setup(BOARD)  # before a test imports ttnn
    collect_ignore_glob = []


@pytest.fixture(scope="session")
def mesh() -> Iterator[Any]:
    """All chips of the board, opened once."""
    import ttnn

    assert BOARD is not None
    if BOARD.chips > 1:
        ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    device = ttnn.open_mesh_device(
        ttnn.MeshShape(*BOARD.meshes[0]), l1_small_size=32768, **toolchain.open_kwargs(BOARD)
    )
    yield device
    ttnn.close_mesh_device(device)
