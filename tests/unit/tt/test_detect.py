"""What is made of the files of a machine, without tt-smi."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from support.tt_machines import MACHINES, Tree, machine, serial, write
from ttvideo import backends
from ttvideo.tt import boards, detect, problems
from ttvideo.tt.machine import Holder, Machine

SYSTEMS = {
    "n150": "n150",
    "n300": "n300",
    "t3k": "t3k",
    "p100": "p100",
    "p150": "p150",
    "p300c x2": "p300x2",
    "galaxy": "galaxy",
    "bh-galaxy": "bh-galaxy",
    "dead chip": "t3k",
    "old driver": "n150",
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_system_is_known(name: str, root: Path) -> None:
    machine(name, root)
    system = detect.look(root).system
    assert (system.id if system else None) == SYSTEMS.get(name)


def test_readings_have_units(root: Path) -> None:
    machine("p150", root)
    (chip,) = detect.look(root).chips
    assert (chip.celsius, chip.watts, chip.megahertz, chip.firmware) == (38.5, 17.0, 500.0, "18.7.0.0")
    assert (chip.serial, chip.bus, chip.arch) == (serial("p150a"), "0000:01:00.0", boards.BLACKHOLE)
    assert chip.answers


def test_the_second_chip_of_an_n300_has_no_node(root: Path) -> None:
    machine("t3k", root)
    nodes = [[chip.node for chip in board.chips] for board in detect.look(root).boards]
    assert nodes == [[0, None], [1, None], [2, None], [3, None]]


def test_the_fast_way_starts_no_process_and_opens_no_device(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine("t3k", root).held(1, 4242, "python demo.py")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    for place, name in ((subprocess, "Popen"), (os, "posix_spawn"), (os, "fork"), (os, "system")):
        monkeypatch.setattr(place, name, refuse)
    for node in range(4):
        (root / f"dev/tenstorrent/{node}").unlink()
        os.mkfifo(root / f"dev/tenstorrent/{node}")  # opening one for reading would wait for ever
    found = detect.look(root, holders=True)
    assert found.held
    backends.cpu_title.cache_clear()
    assert backends.backends()


def test_who_holds_which_chip(root: Path) -> None:
    tree = machine("p300c x2", root).held(2, 4242, "python demo.py --prompt fox").held(2, 77, "\x1b[31mhostile")
    write(root / "proc/driver/tenstorrent/0/pids", "0\n0")
    write(root / "proc/driver/tenstorrent/1/pids", "99")
    (tree.root / "proc/4242/fd/8").symlink_to("/dev/tenstorrent/2")
    (tree.root / "proc/77/fd/9").symlink_to("/dev/tenstorrent/not a number")
    held = {chip.node: chip.holders for chip in detect.look(root, holders=True).chips}
    assert held == {
        0: (Holder(None, ""),),
        1: (Holder(99, ""),),
        2: (Holder(77, "?[31mhostile"), Holder(4242, "python demo.py --prompt fox")),
        3: (),
    }
    assert [str(holder) for holder in held[0] + held[1]] == ["a process outside this container", "a process (pid 99)"]
    assert not detect.look(root).held


def test_a_command_is_cut(root: Path) -> None:
    machine("n150", root).held(0, 5, "x" * 500)
    (chip,) = detect.look(root, holders=True).chips
    assert chip.holders[0].command == "x" * 80 + "…"


def test_files_that_may_not_be_read_are_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine("n150", root).held(0, 5, "theirs")
    listed = os.listdir

    def refuse(folder: Path) -> list[str]:
        if folder.name == "fd":
            raise PermissionError
        return listed(folder)

    monkeypatch.setattr(os, "listdir", refuse)
    assert not detect.look(root, holders=True).held


def test_in_a_container_the_device_number_decides(root: Path) -> None:
    tree = machine("p300c x2", root)
    for node in range(4):
        (root / f"dev/tenstorrent/{node}").unlink()
    # /dev/null has the number 1:3 on every Linux.
    (root / "dev/tenstorrent/0").symlink_to("/dev/null")
    write(tree.folder(3) / "dev", "1:3")
    (chip,) = detect.look(root).chips
    assert (chip.node, chip.bus) == (0, "0000:04:00.0")


def test_half_a_board_is_said(root: Path) -> None:
    machine("p300c x2", root)
    (root / "dev/tenstorrent/3").unlink()
    found = detect.look(root)
    assert found.system is None
    assert f"The p300c with serial number {serial('p300c', 1)} shows 1 of its 2 chips." in messages(found)


@pytest.mark.parametrize("how", ["no telemetry", "unreadable", "too hot"])
def test_a_dead_chip_is_said(how: str, root: Path) -> None:
    tree = machine("t3k", root)
    if how == "no telemetry":
        tree.dead(2)
    elif how == "unreadable":  # as the driver answers while a chip is reset: reading fails
        for file in list(tree.folder(2).glob("tt_*")):
            file.unlink()
            file.mkdir()
    else:
        write(tree.pci(2) / "hwmon/hwmon3/temp1_input", "65535000")
    found = detect.look(root)
    assert [chip.node for chip in found.chips if not chip.answers] == [2]
    assert found.system is boards.system_named("t3k")
    (problem,) = found.problems
    assert problem.message.startswith("/dev/tenstorrent/2 (PCI 0000:03:00.0) does not answer")
    assert "`ttvideo reset`" in problem.hint


def test_a_board_that_never_answered(root: Path) -> None:
    machine("n150", root).dead(0)
    found = detect.look(root)
    assert found.title == "1 × Wormhole board, 1 chip"
    assert len(found.problems) == 1


def test_a_type_that_the_driver_does_not_know(root: Path) -> None:
    tree = machine("p150", root)
    write(tree.folder(0) / "tt_card_type", "unknown")
    assert detect.look(root).title == "P150: 1 × p150, 1 chip"


def test_driver_loaded_and_no_devices(root: Path) -> None:
    machine("p150", root)
    (root / "dev/tenstorrent/0").unlink()
    (problem,) = detect.look(root).problems
    assert problem.message == (
        "There is 1 Tenstorrent device on PCI (0000:01:00.0) and the driver is loaded, but /dev/tenstorrent is empty "
        "or missing."
    )


def test_nodes_that_may_not_be_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine("p300c x2", root)
    monkeypatch.setattr(os, "access", lambda file, mode: file.name != "1")
    assert messages(detect.look(root)) == ["You may not open /dev/tenstorrent/1."]


def test_a_board_without_ttnn(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine("n150", root)
    monkeypatch.setattr(detect, "_ttnn", lambda: "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (problem,) = detect.look(root).problems
    assert problem.message == "No Python with ttnn is known, which drives the boards."
    assert "pip install 'ttvideo[ttnn]', Python 3.10 or 3.12" in problem.hint
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", "/another/python")
    assert detect.look(root).problems == ()


def test_versions(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine("n150", root)
    metal, commit = tmp_path / "tt-metal", "0123456789" * 4
    write(metal / ".git/HEAD", "ref: refs/heads/main")
    write(metal / ".git/refs/heads/main", commit)
    monkeypatch.setenv("TT_METAL_HOME", str(metal))
    versions = detect.look(root).versions
    assert (versions.kmd, versions.ttnn) == ("2.4.1", "0.81.1")
    assert versions.metal == f"{metal} at commit 0123456789"
    (metal / ".git/refs/heads/main").unlink()
    assert detect.look(root).versions.metal == str(metal)
    monkeypatch.setenv("TT_METAL_HOME", "/nowhere")
    assert messages(detect.look(root)) == ["TT_METAL_HOME is /nowhere, which is no folder."]


@pytest.mark.parametrize("system", boards.SYSTEMS, ids=lambda system: system.id)
def test_a_simulated_system_is_marked(system: boards.System, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Tree(root).board("p150a")
    monkeypatch.setenv("TTVIDEO_BOARD", system.id.upper())
    found = detect.look(root)
    assert (found.system, found.simulated, found.problems) == (system, True, (problems.SIMULATED,))
    assert found.title.startswith("SIMULATED ")
    chips = list(found.chips)
    assert [len(chips), sum(chip.node is not None for chip in chips)] == [
        system.chips,
        system.boards * system.board.nodes,
    ]
    assert {(chip.celsius, chip.watts, chip.megahertz) for chip in chips} == {(None, None, None)}
    (tt,) = (backend for backend in backends.backends() if backend.id == "tt")
    assert not tt.available
    assert tt.detail.startswith("SIMULATED ")
    assert backends.boards() == ()


def test_a_system_that_does_not_exist_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", "n3000")
    found = detect.look()
    assert not found.boards
    assert messages(found) == ["TTVIDEO_BOARD is 'n3000', which is no Tenstorrent system."]


def messages(found: Machine) -> list[str]:
    return [problem.message for problem in found.problems]
