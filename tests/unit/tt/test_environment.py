"""What the engine is started with: Python, paths, and the variables that Tenstorrent's lessons export."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from support.tt_machines import machine
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import detect, environment
from ttvideo.tt.engine.opening import Opening


def test_the_python_for_ttnn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metal = tmp_path / "tt-metal/python_env/bin/python"
    metal.parent.mkdir(parents=True)
    metal.touch()
    home = {"TT_METAL_HOME": str(tmp_path / "tt-metal")}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: ModuleSpec(name, None))  # a folder
    assert environment.interpreter(home) == str(metal)
    # A virtual environment's Python is a link, and is not followed.
    (tmp_path / "python").symlink_to(sys.executable)
    named = {"TTVIDEO_TTNN_PYTHON": os.path.relpath(tmp_path / "python"), **home}
    assert environment.interpreter(named) == str(Path(os.path.relpath(tmp_path / "python")).absolute())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: ModuleSpec(name, None, origin="ttnn/__init__.py"))
    assert environment.interpreter(home) == sys.executable


def test_what_is_set_stays_and_the_rest_is_added(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path))
    p100 = detect.look(machine("p100", root).root)
    set = environment.of_engine(p100, {"PATH": "/bin"})
    assert set["TT_METAL_CACHE"] == str(tmp_path / "kernels")
    assert set["TT_METAL_LOGS_PATH"] == str(tmp_path / "ttnn")
    assert set["TT_METAL_OPERATION_TIMEOUT_SECONDS"] == "60"
    assert (set["MESH_DEVICE"], set["TT_METAL_ARCH_NAME"]) == ("P100", "blackhole")
    # Nothing beside them: what this Python has, such as torch, may be for another than the engine's.
    assert sorted(path.name for path in Path(set["PYTHONPATH"]).iterdir()) == ["animatediff_ttnn", "ttvideo"]
    for file in ("ttvideo/tt/engine/__main__.py", "animatediff_ttnn/layers/temporal.py"):
        assert (Path(set["PYTHONPATH"]) / file).exists()

    lesson = {
        "PATH": "/bin",
        "MESH_DEVICE": "P100",
        "TT_METAL_HOME": "/metal",
        "TT_METAL_CACHE": "/mine",
        "TT_METAL_OPERATION_TIMEOUT_SECONDS": "5",
        "TT_METAL_ARCH_NAME": "blackhole",
        "PYTHONPATH": f"/metal{os.pathsep}lib",
    }
    set = environment.of_engine(p100, lesson)
    assert {name: set[name] for name in lesson} == {**lesson, "PYTHONPATH": set["PYTHONPATH"]}
    assert set["PYTHONPATH"].split(os.pathsep) == [
        str(environment.packages()),
        "/metal",
        "/metal",
        str(Path("lib").absolute()),
    ]


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path / "file"))
    with pytest.raises(WorkerError, match="could not be made: ") as refused:
        environment.packages()
    assert refused.value.kind == ErrorKind.DISK


def test_the_folder_of_tt_metal_is_named_wholly_because_the_engine_runs_elsewhere(root: Path) -> None:
    here = detect.look(machine("p100", root).root)
    assert environment.of_engine(here, {"TT_METAL_HOME": "metal"})["TT_METAL_HOME"] == str(Path("metal").absolute())


@pytest.mark.parametrize(
    ("board", "named", "hint"), [("n150", "blackhole", "Unset it."), ("p150", "wormhole_b0", "Set it to blackhole.")]
)
def test_another_architecture_than_the_boards(board: str, named: str, hint: str, root: Path) -> None:
    here = detect.look(machine(board, root).root)
    with pytest.raises(WorkerError, match=f"TT_METAL_ARCH_NAME is '{named}', but the boards are") as caught:
        environment.of_engine(here, {"TT_METAL_ARCH_NAME": named})
    assert (caught.value.kind, caught.value.hint) == (ErrorKind.INVALID_PARAMETERS, hint)


@pytest.mark.parametrize(("board", "named"), [("n150", "wormhole_b0"), ("n150", "wormhole"), ("p150", "Blackhole")])
def test_each_spelling_of_the_boards_architecture(board: str, named: str, root: Path) -> None:
    here = detect.look(machine(board, root).root)
    assert environment.of_engine(here, {"ARCH_NAME": named})["ARCH_NAME"] == named


def test_the_mesh(root: Path) -> None:
    t3k = detect.look(machine("t3k", root).root)
    assert environment.mesh(t3k, {}) == (1, 8)
    assert environment.mesh(t3k, {"MESH_DEVICE": "N300"}) == (1, 2)
    with pytest.raises(WorkerError, match=r"MESH_DEVICE is TG, which has 32 chips, and 8 are here\.") as caught:
        environment.mesh(t3k, {"MESH_DEVICE": "TG"})
    assert caught.value.hint == "Set it to T3K."
    with pytest.raises(WorkerError, match="MESH_DEVICE is 'N3000', which is no Tenstorrent system"):
        environment.mesh(t3k, {"MESH_DEVICE": "N3000"})


def test_boards_that_form_no_known_mesh(root: Path) -> None:
    mixture = detect.look(machine("mixture", root).root)
    with pytest.raises(WorkerError, match="which mesh they form is not known") as caught:
        environment.mesh(mixture, {})
    assert caught.value.kind is ErrorKind.NO_DEVICE
    assert environment.mesh(mixture, {"MESH_DEVICE": "N150"}) == (1, 1)


@pytest.mark.parametrize(
    ("visible", "nodes"),
    [(None, [0, 1, 2, 3]), ("", []), ("0, 2", [0, 2]), ("0000:02:00.0", [1]), ("0000:0,1", [0, 1, 2, 3]), ("7", [])],
)
def test_the_chips_that_are_ours(visible: str | None, nodes: list[int], root: Path) -> None:
    here = detect.look(machine("t3k", root).root)
    given = {} if visible is None else {"TT_VISIBLE_DEVICES": visible}
    assert [chip.node for chip in environment.ours(here, given)] == nodes


def test_an_opening_survives_the_wire() -> None:
    opening = Opening((2, 4), fabric="FABRIC_2D", dispatch="worker row", l1_small_size=1, trace_region_size=2)
    assert Opening.from_json(opening.as_json()) == opening
    assert (opening.chips, opening.title) == (8, "2x4")
