"""A machine with boards whose ttnn is made up: what the worker needs to open them, and how they are given trouble."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.tt_machines import Tree, machine
from ttvideo.tt.device import Device

FAKE = Path(__file__).parent / "fake_ttnn"
VARIABLES = ("TTVIDEO_BOARD", "MESH_DEVICE", "TT_METAL_HOME", "TT_METAL_CACHE", "TT_METAL_ARCH_NAME", "ARCH_NAME")


@dataclass
class Boards:
    tree: Tree
    device: Device
    trouble: Path

    def log(self) -> list[str]:
        """What was done with the mesh."""
        log = self.trouble.parent / "log"
        return log.read_text().splitlines() if log.exists() else []

    def be(self, trouble: str) -> None:
        """hang, die, timeout, memory, wrong; `hang 3` after three operations of an engine; empty for none."""
        partial = self.trouble.with_suffix(".partial")
        partial.write_text(trouble)
        os.replace(partial, self.trouble)


def boards(
    name: str, chips: int, folder: Path, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str] | None = None
) -> Boards:
    """One of `tt_machines.MACHINES`, with a ttnn that has so many chips. The device is the test's to close."""
    for variable in (*VARIABLES, "TT_VISIBLE_DEVICES"):
        monkeypatch.delenv(variable, raising=False)
    fake = folder / "fake"
    fake.mkdir()
    given = {
        "TTVIDEO_TTNN_PYTHON": sys.executable,
        "TTVIDEO_CACHE": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(FAKE), os.environ.get("PYTHONPATH", "")])),
        "FAKE_TTNN": str(fake / "trouble"),
        "FAKE_CHIPS": str(chips),
        **(environment or {}),
    }
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    tree = machine(name, folder / "root")
    return Boards(tree, Device(tree.root), fake / "trouble")
