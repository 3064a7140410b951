"""Every system of the table is opened by the real ttnn, computes, talks between its chips, and is closed again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.tt_machines import machine
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import boards
from ttvideo.tt.device import Device, Event
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.mock import description

PROGRAM = Path(__file__).parents[1] / "support" / "mock_facts.py"
VARIABLES = ("TTVIDEO_BOARD", "MESH_DEVICE", "TT_VISIBLE_DEVICES", "TT_METAL_HOME", "TT_METAL_CACHE")
MOCK = ("TT_METAL_MOCK_CLUSTER_DESC_PATH", "TT_METAL_RUNTIME_ROOT", "TT_METAL_LOGS_PATH")
COLLECTIVES = {"all_gather", "reduce_scatter", "all_reduce", "mesh_partition"}

# What ttnn 0.81.1 makes of tt-umd's own descriptions of these systems: columns and rows of Tensix cores for programs;
# banks of DRAM, and bytes of one; bytes of a core's L1 for buffers.
WORMHOLE, BLACKHOLE = (1072693184, 1360544), (4277141376, 1428352)
RECORDED = {
    "n150": ([8, 8], 12, *WORMHOLE),
    "n300": ([8, 7], 12, *WORMHOLE),
    "t3k": ([8, 7], 12, *WORMHOLE),
    "p100": ([11, 10], 7, *BLACKHOLE),
    "p150": ([11, 10], 8, *BLACKHOLE),
    "p150x4": ([11, 10], 8, *BLACKHOLE),
    "p300": ([11, 10], 8, *BLACKHOLE),
    "galaxy": ([8, 9], 12, *WORMHOLE),
    "bh-galaxy": ([12, 10], 8, *BLACKHOLE),
}


@pytest.fixture(autouse=True)
def engine_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker has it whose ttnn is this Python's; this process itself is on a mock board."""
    for name in (*VARIABLES, *MOCK):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """Of a machine without boards."""
    made = Device(tmp_path)
    yield made
    made.close()


def ignore(event: Event) -> None:
    pass


@pytest.mark.parametrize("name", [system.id for system in boards.SYSTEMS])
def test_each_mesh_of_a_system_opens_computes_and_closes(
    name: str, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", name)
    system = boards.system_named(name)
    assert system is not None
    silicon = description.SILICON[system.board.arch]
    for mesh in system.meshes:
        opened = device.open(Opening(mesh), ignore)
        made = device.run("check", {}, {"steps": 1}, ignore)
        memory = device.memory()
        assert opened.mesh == mesh
        assert 0 < float(made["difference"]) < 0.02
        assert memory is not None
        assert memory.programs >= (1 if system.chips == 1 else 2)
        dram = (system.board.dram or silicon.banks * silicon.bank) * system.chips
        assert 0.99 * dram < memory.dram_total < dram
    device.close()
    assert device.opening is None


@pytest.mark.parametrize("name", RECORDED)
def test_programs_see_what_was_recorded_and_chips_talk_exactly(name: str, mock_folder: Path) -> None:
    command = [sys.executable, str(PROGRAM), name, str(mock_folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    facts = json.loads(run.stdout.splitlines()[-1])
    assert (facts["grid"], facts["dram_banks"], facts["dram_bank"], facts["l1_bank"]) == RECORDED[name]
    assert facts["differences"].keys() == ({"matmul"} if facts["chips"] == 1 else {"matmul", *COLLECTIVES})
    assert max(facts["differences"].values()) < 1e-5


def test_a_mesh_of_more_chips_than_there_are(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", "n150")
    with pytest.raises(WorkerError, match=r"^A mesh of 2 chips was asked for, and 1 are here\.$") as caught:
        device.open(Opening((1, 2)), ignore)
    assert caught.value.kind is ErrorKind.INVALID_PARAMETERS


def test_a_chip_that_another_program_uses(tmp_path: Path) -> None:
    tree = machine("n150", tmp_path / "root")
    tree.held(0, 4242, "python train.py")
    with pytest.raises(WorkerError, match=r"^python train\.py \(pid 4242\) uses /dev/tenstorrent/0\.$") as caught:
        Device(tree.root).open(Opening((1, 1)), ignore)
    assert caught.value.kind is ErrorKind.DEVICE_BUSY


def test_without_the_driver(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"but the driver, tt-kmd, is not loaded\.$") as caught:
        Device(machine("driver missing", tmp_path / "root").root).open(Opening((1, 1)), ignore)
    assert caught.value.kind is ErrorKind.NO_DEVICE


@pytest.mark.skipif(Path("/dev/tenstorrent").exists(), reason="there are real boards here, which it would open")
def test_ttnn_itself_finds_no_chip(tmp_path: Path) -> None:
    """Linux shows a board, and ttnn does not get to it."""
    with pytest.raises(WorkerError, match=r"^ttnn found no Tenstorrent chip\.$") as caught:
        Device(machine("n150", tmp_path / "root").root).open(Opening((1, 1)), ignore)
    assert caught.value.kind is ErrorKind.NO_DEVICE
