from __future__ import annotations

from pathlib import Path

import pytest

from ttvideo.tt import detect


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests but its Python, and ttnn as if it were installed."""
    for name in ("TTVIDEO_BOARD", "TT_METAL_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(detect, "_ttnn", lambda: "0.81.1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that a machine's files are made in."""
    return tmp_path / "root"
