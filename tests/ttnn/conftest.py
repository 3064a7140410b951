"""The real ttnn on mock boards: TTVIDEO_BOARD's, or an N150. A process can have one only.

`.ci/ttnn` makes the Python for these tests; in others they are not looked at.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ttvideo.state import cache_folder
from ttvideo.tt import boards
from ttvideo.tt.engine.opening import L1_SMALL_SIZE
from ttvideo.tt.mock import toolchain

SYSTEM = boards.system_named(os.environ.get("TTVIDEO_BOARD") or "n150")
FOLDER = cache_folder() / "mock"

found = importlib.util.find_spec("ttnn")
# Python takes this folder for a package of that name, too, but one without a file.
if SYSTEM is None or found is None or found.origin is None:
    collect_ignore_glob = ["*"]
else:
    toolchain.setup(SYSTEM, FOLDER)  # before a test imports ttnn


@pytest.fixture
def mock_folder() -> Path:
    """Where links to ttnn and kernels of mock boards are kept from one process to the next."""
    return FOLDER


@pytest.fixture(scope="module")
def mesh(opened: Any) -> Any:
    """All chips of the board, without programs of other tests: those of a few models fill L1_SMALL."""
    opened.clear_program_cache()
    return opened


@pytest.fixture(scope="session")
def opened() -> Iterator[Any]:
    """The same, opened once."""
    import ttnn

    assert SYSTEM is not None
    if SYSTEM.chips > 1:
        ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    shape = ttnn.MeshShape(*SYSTEM.meshes[0])
    device = ttnn.open_mesh_device(shape, l1_small_size=L1_SMALL_SIZE, **toolchain.open_kwargs(SYSTEM))
    yield device
    ttnn.close_mesh_device(device)
