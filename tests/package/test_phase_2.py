"""What examples/generate_blackhole.py asks of ttvideo is what ttvideo understands."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ttvideo import cli
from ttvideo.cli.requests import parameters_of
from ttvideo.families import animatediff
from ttvideo.projects import animatediff_project

SCRIPT = animatediff_project() / "examples" / "generate_blackhole.py"


@pytest.mark.parametrize(("more", "apart"), [([], True), (["--together"], False)])
def test_it_asks_for_frames_one_by_one_on_a_board(
    more: list[str], apart: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def run(argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        clip = tmp_path / "job.gif"
        clip.write_bytes(b"GIF89a")
        (tmp_path / "out").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(argv, 0, f"{clip}\n")

    monkeypatch.setattr(subprocess, "run", run)
    output = tmp_path / "out" / "blackhole.gif"
    options = ["--prompt", "--a fair", "--frames", "3", "--steps", "4", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--prompt=--a fair", *options[2:], *more])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    assert output.read_bytes() == b"GIF89a"
    assert f"Saved 3 frames -> {output}" in capsys.readouterr().out

    ((python, flag, module, *argv),) = asked
    assert [python, flag, module] == [sys.executable, "-m", "ttvideo"]
    arguments = cli.build_parser().parse_args(argv)
    assert (arguments.device, arguments.prompt, arguments.seed) == ("tt", "--a fair", 42)
    assert arguments.model == "animatediff"
    params = animatediff.Params.model_validate(parameters_of(arguments))
    assert (params.frames_apart, params.frames, params.steps) == (apart, 3, 4)
