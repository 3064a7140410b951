"""What `ttvideo generate` asks of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ttvideo.cli import build_parser, main
from ttvideo.cli.requests import parameters_of
from ttvideo.errors import ErrorKind, WorkerError


def asked(*argv: str) -> dict[str, Any]:
    return parameters_of(build_parser().parse_args(["generate", "a cat", *argv]))


def test_what_is_not_said_is_left_to_the_model() -> None:
    assert asked() == {}


def test_options_and_any_other_parameter_become_the_models() -> None:
    options = ("--steps", "8", "--size", "64x32", "--scheduler", "euler", "--memory", "low")
    given = asked(*options, "--set", "flow-shift=5.5", "--set", "adapter=lcm", "--set", "motion=false")
    expected = {"steps": 8, "width": 64, "height": 32, "scheduler": "euler", "memory": "low"}
    assert given == expected | {"flow_shift": 5.5, "adapter": "lcm", "motion": False}


def test_files_and_folders_are_named_by_their_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert asked("--checkpoint", "mine")["checkpoint"] == str(tmp_path / "mine")
    assert asked("--checkpoint", "Wan-AI/Wan2.1-T2V-14B-Diffusers")["checkpoint"] == "Wan-AI/Wan2.1-T2V-14B-Diffusers"
    loras = asked("--lora", "a.safetensors:0.5", "--lora", "b.safetensors")["loras"]
    assert loras == f"{tmp_path}/a.safetensors:0.5, {tmp_path}/b.safetensors"


@pytest.mark.parametrize("text", ["steps", "=5"])
def test_what_sets_nothing_is_refused(text: str) -> None:
    with pytest.raises(WorkerError, match="sets nothing") as refused:
        asked("--set", text)
    assert refused.value.kind == ErrorKind.INVALID_PARAMETERS


def test_models_are_listed_shortly_and_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    assert "wan: Wan, runs here on cpu" in listed
    assert "flowShift" not in listed
    assert main(["models", "show", "wan"]) == 0
    shown = capsys.readouterr().out
    assert "flowShift" in shown
    assert "one of default, euler" in shown
    assert "mochi" not in shown
