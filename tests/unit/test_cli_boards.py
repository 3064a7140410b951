"""`ttvideo devices --check` and `ttvideo reset`, on made-up boards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.boards import Boards, boards
from ttvideo import cli
from ttvideo.cli import boards as commands
from ttvideo.errors import WorkerError
from ttvideo.jobs.queue import open_queue


@pytest.fixture
def n300(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    made = boards("n300", 2, tmp_path, monkeypatch)
    yield made
    made.device.close()


def test_the_check_says_each_phase_and_what_there_is(n300: Boards, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.check(False, n300.device) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [re.sub(r"^ +\d+\.\d\d s  ", "", line) for line in lines]
    assert told == [
        "loading",
        "Kernels are compiled for the first time on this machine: that takes minutes, once.",
        "compiling",
        "3 steps",
        "closing",
        "The 1x2 mesh computes: off by at most 0.2%.",
        "0.0 GiB DRAM, 0 MiB L1, 1 programs.",
    ]
    assert n300.device.opening is None
    assert commands.check(True, n300.device) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["mesh"], about["simulated"]) == ([1, 2], False)
    assert list(about["seconds"]) == ["loading", "compiling", "3 steps", "closing"]
    assert (about["memory"]["programs"], about["memory"]["dram_total"]) == (1, 24000)


def test_a_check_that_fails_closes_what_it_opened(n300: Boards) -> None:
    n300.be("wrong")
    with pytest.raises(WorkerError, match="compute wrongly"):
        commands.check(False, n300.device)
    assert n300.device.opening is None
    assert n300.device.elsewhere() is None


def test_the_commands_where_the_boards_are_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", "n300")
    assert cli.main(["reset"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == ["The queue is paused."]
    assert said.err.startswith("The boards are simulated: there is nothing to reset.")
    queue = open_queue("terminal")
    assert not queue.state().paused
    queue.close()
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", str(tmp_path / "none"))
    assert cli.main(["devices", "--check"]) == 1
    assert "cannot be started: No such file or directory." in capsys.readouterr().err


def test_ctrl_c_in_any_command_is_one_word_and_the_exit_code_of_shells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("ttvideo.cli.doctor.examine", interrupted)
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr() == ("", "Stopped.\n")
