"""`ttvideo devices`: its text for each machine, and its JSON."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from support.tt_machines import MACHINES, fake_smi, machine, n300_snapshot
from ttvideo import backends, families
from ttvideo.cli import devices, doctor, main
from ttvideo.contract import Backend
from ttvideo.jobs import devices as jobs_devices
from ttvideo.state import DeviceLock, state_folder
from ttvideo.tt import detect

GOLDEN = Path(__file__).parent / "golden"
BACKENDS = (
    Backend(id="cpu", available=True, detail="A processor, 8 cores, torch 2.13.0"),
    Backend(id="cuda", available=False, detail="No NVIDIA driver was found on this machine."),
    Backend(id="tt", available=False, detail="What backends() says of boards."),
)


@pytest.fixture(autouse=True)
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_devices, "backends", lambda: BACKENDS)
    monkeypatch.setattr(families, "FAMILIES", families.FAMILIES[:3])


def shown(root: Path, capsys: pytest.CaptureFixture[str], **options: bool) -> str:
    arguments = argparse.Namespace(**{"json": False, "tt_smi": False, **options})
    assert devices.show_devices(arguments, root) == 0
    return capsys.readouterr().out


def golden(name: str) -> str:
    return (GOLDEN / f"{name.replace(' ', '_')}.txt").read_text()


@pytest.mark.parametrize("name", MACHINES)
def test_the_text_for_a_machine(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine(name, root)
    assert shown(root, capsys) == golden(name)


def test_the_text_when_a_chip_is_in_use(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine("n300", root).held(0, 4242, "python demo.py")
    assert shown(root, capsys, tt_smi=True) == golden("in use")


def test_the_text_with_tt_smi(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine("n300", root)
    monkeypatch.setenv("PATH", str(fake_smi(tmp_path / "bin", f"print({n300_snapshot()!r})")))
    assert shown(root, capsys, tt_smi=True) == golden("n300 with tt-smi")


@pytest.mark.parametrize("name", ["n300", "galaxy", "nonsense"])
def test_the_text_of_a_simulation(
    name: str, monkeypatch: pytest.MonkeyPatch, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", name)
    assert shown(root, capsys) == golden(f"simulated {name}")


def test_every_golden_text_is_of_a_machine() -> None:
    others = {"in use", "n300 with tt-smi", "simulated n300", "simulated galaxy", "simulated nonsense"}
    assert {file.stem for file in GOLDEN.iterdir()} == {name.replace(" ", "_") for name in {*MACHINES, *others}}


def test_json_is_one_line_that_says_all(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine("p300c x2", root).held(3, 4242, "python demo.py")
    (line,) = shown(root, capsys, json=True).splitlines()
    told = json.loads(line)
    system = told["system"]
    assert (system["id"], system["title"], system["chips"]) == ("p300x2", "P300X2 (QuietBox 2)", 4)
    assert system["meshes"] == [{"rows": 1, "columns": 4}, {"rows": 2, "columns": 2}]
    assert system["environment"] == ["MESH_DEVICE=P300x2", "TT_METAL_ARCH_NAME=blackhole"]
    assert [len(board["chips"]) for board in told["boards"]] == [2, 2]
    assert told["boards"][1]["chips"][1] == {
        "name": "/dev/tenstorrent/3",
        "node": 3,
        "arch": "blackhole",
        "bus": "0000:04:00.0",
        "answers": True,
        "celsius": 38.5,
        "watts": 17.0,
        "megahertz": 500.0,
        "firmware": "18.7.0.0",
        "holders": [{"pid": 4242, "command": "python demo.py", "title": "python demo.py (pid 4242)"}],
    }
    assert {device["id"]: len(device["models"]) for device in told["devices"]} == {"tt": 2, "cuda": 3, "cpu": 3}
    assert {device["id"]: len(device["otherModels"]) for device in told["devices"]} == {"tt": 1, "cuda": 0, "cpu": 0}
    assert (told["simulated"], told["problems"]) == (False, [])


@pytest.mark.parametrize(
    ("name", "severities"),
    [
        ("none", ["information"]),
        ("driver missing", ["error"]),
        ("dead chip", ["error"]),
        ("n300", []),
    ],
)
def test_how_bad_a_problem_is(name: str, severities: list[str], root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine(name, root)
    told = json.loads(shown(root, capsys, json=True))
    assert [problem["severity"] for problem in told["problems"]] == severities


def test_who_drives_a_device_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with DeviceLock(state_folder(), "cpu", "ttvideo generate") as lock:
        assert lock.acquire()
        told = json.loads(shown(root, capsys, json=True))
    holders = {device["id"]: device["holder"] for device in told["devices"]}
    assert holders == {"tt": None, "cuda": None, "cpu": f"ttvideo generate (pid {os.getpid()})"}


def test_doctor_says_each_problem_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = detect.look(machine("dead chip", root).dead(1).root)
    monkeypatch.setattr(detect, "look", lambda: found)
    told = [finding.text for finding in doctor._devices() if finding.name == "tt"]
    assert [told[0].count("/dev/tenstorrent/1 "), told[1].count("/dev/tenstorrent/2 "), len(told)] == [1, 1, 2]
    assert told[0].startswith("T3K: 2 × n300, 2 × Wormhole board, 4 of 8 chips answer. /dev/tenstorrent/1 ")


def backend(root: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> Backend:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = detect.look(root)
    monkeypatch.setattr(detect, "look", lambda: found)
    (boards,) = [backend for backend in backends.backends() if backend.id == "tt"]
    return boards


def test_boards_are_there_when_a_python_drives_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = backend(machine("n300", root).root, monkeypatch, TTVIDEO_TTNN_PYTHON=sys.executable)
    assert (told.available, told.detail) == (True, "N300: 1 × n300, 2 chips.")


def test_boards_without_such_a_python_are_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "_ttnn", lambda: "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = backend(machine("n300", root).root, monkeypatch)
    assert not told.available
    assert told.detail.count("No Python with ttnn is known") == 1


def test_boards_that_cannot_be_opened_are_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = backend(machine("n300", root).root, monkeypatch, TTVIDEO_TTNN_PYTHON=sys.executable, MESH_DEVICE="T3K")
    assert not told.available
    assert "T3K, which has 8 chips, and 2 are here" in told.detail


def test_simulated_boards_are_there_and_said_to_be_simulated(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = backend(root, monkeypatch, TTVIDEO_BOARD="n300", TTVIDEO_TTNN_PYTHON=sys.executable)
    assert told.available
    assert told.detail.startswith("SIMULATED N300")
    assert "torch computes the numbers" in told.detail


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", "t3k")
    assert main(["devices", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["simulated"], told["system"]["id"], len(told["boards"])) == (True, "t3k", 4)
