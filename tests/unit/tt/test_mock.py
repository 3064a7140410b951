"""Mock boards as far as they need no ttnn: descriptions, the stand-in for the compiler, and what is left untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ttvideo.tt import boards
from ttvideo.tt.mock import description, elf, toolchain

SYSTEMS = pytest.mark.parametrize("system", boards.SYSTEMS, ids=lambda system: system.id)
# Pairs of neighbours and Ethernet channels of a pair, counted in tt-umd's descriptions of these systems. The Blackhole
# Galaxy has 68 pairs there: a torus of 64, and four across it.
WIRES = {"n150": (0, 0), "n300": (1, 2), "t3k": (10, 2), "p150x4": (4, 4), "p300": (1, 2), "galaxy": (52, 4)}
WIRES |= {"bh-galaxy": (64, 2), "p100": (0, 0), "p150": (0, 0)}


@SYSTEMS
def test_a_description_has_the_chips_of_the_table(system: boards.System) -> None:
    described = json.loads(description.write(system))
    chips = [str(chip) for chip in range(system.chips)]
    assert list(described["arch"]) == list(described["harvesting"]) == chips
    assert len(described["chips_with_mmio"]) == system.boards * system.board.nodes
    members = [chip for board in described["boards"] for part in board for chip in part.get("chips", ())]
    assert members == list(range(system.chips))
    for board in described["boards"]:
        facts = {name: value for part in board for name, value in part.items()}
        assert boards.board_type(None, f"{facts['board_id']:x}") is system.board
        assert boards.board_type(facts["board_type"], None) is system.board


@SYSTEMS
def test_wires(system: boards.System) -> None:
    described = description.describe(system)
    ends = [(end["chip"], end["chan"]) for wire in described["ethernet_connections"] for end in wire]
    assert len(ends) == len(set(ends)), "a channel is wired twice"
    limit = 16 if system.board.arch is boards.WORMHOLE else 12
    assert all(channel < limit for _, channel in ends)
    pairs = Counter(tuple(end["chip"] for end in wire) for wire in described["ethernet_connections"])
    if system.id in WIRES:
        assert (len(pairs), max(pairs.values(), default=0)) == WIRES[system.id]
    for first in range(0, system.chips, 2):
        if system.board.nodes < system.board.chips:
            assert (first, first + 1) in pairs, "a chip behind another is wired to it"


@pytest.mark.parametrize("name", ["galaxy", "bh-galaxy"])
def test_trays_of_a_galaxy(name: str) -> None:
    system = boards.system_named(name)
    assert system is not None
    described = description.describe(system)
    buses = [int(bus, 16) for bus in described["chip_to_bus_id"].values()]
    assert len(set(buses)) == 32
    assert Counter(bus & 0xF0 for bus in buses) == dict.fromkeys((0x00, 0x40, 0x80, 0xC0), 8)
    assert {bus & 0xF for bus in buses} == set(range(1, 9))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """As ttnn's package looks."""
    folder = tmp_path / "site-packages" / "ttnn"
    for name in ("__init__.py", "tt_metal/soc.yaml", "runtime/hw/brisc.ld"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_nothing_is_written_into_ttnn(package: Path, tmp_path: Path) -> None:
    before = files(package)
    made = toolchain.environment(boards.SYSTEMS[0], package, tmp_path / "mock", {})
    root = Path(made["TT_METAL_RUNTIME_ROOT"])
    assert files(package) == before
    assert (root / "tt_metal" / "soc.yaml").read_text() == "tt_metal/soc.yaml"
    assert (root / "runtime" / "hw" / "brisc.ld").exists()
    assert os.access(root / "runtime" / "sfpi" / toolchain.COMPILER, os.X_OK)
    again = toolchain.environment(boards.SYSTEMS[0], package, tmp_path / "mock", {})
    assert again == made


def test_kernels_have_a_cache_of_their_own(package: Path, tmp_path: Path) -> None:
    real = {"TT_METAL_CACHE": str(tmp_path / "kernels"), "TT_METAL_LOGS_PATH": str(tmp_path / "logs")}
    made = toolchain.environment(boards.SYSTEMS[0], package, tmp_path / "mock", real)
    assert made["TT_METAL_CACHE"] != real["TT_METAL_CACHE"]
    assert Path(made["TT_METAL_CACHE"]).parent == tmp_path / "mock"


@pytest.mark.parametrize("where", ["package", "home"])
def test_a_real_compiler_is_used(where: str, package: Path, tmp_path: Path) -> None:
    home = tmp_path / "tt-metal"
    compiler = (package if where == "package" else home) / "runtime" / "sfpi" / toolchain.COMPILER
    compiler.parent.mkdir(parents=True)
    compiler.write_bytes(b"\x7fELF")
    given = {"TT_METAL_HOME": str(home)}
    assert toolchain.real_compiler(package, given) == compiler
    made = toolchain.environment(boards.SYSTEMS[0], package, tmp_path / "mock", given)
    assert "TT_METAL_RUNTIME_ROOT" not in made
    assert made["TT_METAL_CACHE"] == str(tmp_path / "mock" / "kernels-real")


def test_a_script_is_no_real_compiler(package: Path, tmp_path: Path) -> None:
    compiler = package / "runtime" / "sfpi" / toolchain.COMPILER
    compiler.parent.mkdir(parents=True)
    compiler.write_text("#!/bin/sh\n")
    assert toolchain.real_compiler(package, {}) in (None, toolchain.INSTALLED / toolchain.COMPILER)


def test_the_stand_in_compiles_and_links(package: Path, tmp_path: Path) -> None:
    made = toolchain.environment(boards.SYSTEMS[0], package, tmp_path / "mock", {})
    compiler = Path(made["TT_METAL_RUNTIME_ROOT"]) / "runtime" / "sfpi" / toolchain.COMPILER

    def run(*arguments: str) -> str:
        done = subprocess.run([compiler, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    assert "stand-in" in run("--version")
    run("-c", "-o", "a.o", "a.cpp", "-MF", "a.d")
    assert (tmp_path / "a.o").read_bytes() == b""
    assert (tmp_path / "a.d").read_text() == "a.o:\n"
    run("-Tkernel.ld", "a.o", "-o", "a.elf")
    assert (tmp_path / "a.elf").read_bytes() == elf.nothing()
    assert elf.nothing()[:5] == b"\x7fELF\x01"


def test_boards_are_chosen_before_ttnn_is_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ttnn", toolchain)
    monkeypatch.delenv("TT_METAL_MOCK_CLUSTER_DESC_PATH", raising=False)
    with pytest.raises(RuntimeError, match="imported already"):
        toolchain.setup(boards.SYSTEMS[0], tmp_path)
    monkeypatch.setenv("TT_METAL_MOCK_CLUSTER_DESC_PATH", str(tmp_path / "boards" / "n150.yaml"))
    toolchain.setup(boards.SYSTEMS[0], tmp_path)
    with pytest.raises(RuntimeError, match="imported already"):
        toolchain.setup(boards.SYSTEMS[1], tmp_path)
