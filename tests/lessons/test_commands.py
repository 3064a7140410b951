"""The commands that README, docs/ and `ttvideo --help` show are carried out, one after the other, as a reader would.

In one process, so that torch and the bundled model are loaded once.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.lessons import EXAMPLES, ROOT, Page
from ttvideo import cli

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
REFUSED = {"download": "HF_HUB_OFFLINE forbids the use of the network", "models remove": "is not installed"}
"""What is run, and ends with one sentence."""
A_MINUTE, LARGE = "takes a minute: tests/ttnn/test_preflight.py", "takes minutes or large files: tests/clips"
STAND_INS = "tt-metal's classes: tests/tt/test_metal_generate.py"
EXCUSED = {
    "preflight animatediff --board n150": A_MINUTE,
    "preflight tiny --board t3k --json": A_MINUTE,
    "generate 'a fox' --model mochi --device tt": STAND_INS,
    "generate 'a fox in the snow' --model wan": LARGE,
    "generate 'a fox in the snow' --model ltx": LARGE,
    "generate 'a fox' --model wan --lora": LARGE,
    "generate 'a fox' --model animatediff --checkpoint /models/dreams.safetensors": LARGE,
    "generate 'a fox' --model animatediff --set motion_file": LARGE,
    "serve": "the tests of the running worker: tests/worker",
}
"""Beginnings of what is parsed only (test_pages.py), and where it is run."""


def shown(page: Path) -> list[list[str]]:
    """The arguments of each `ttvideo` in the page's blocks."""
    lines = [
        shlex.split(line, comments=True)
        for block in Page(page).blocks
        for line in block.text.splitlines()
        if "ttvideo" in line
    ]
    return [words[1:] for words in lines if words[:1] == ["ttvideo"] and words[1:]]


@pytest.fixture
def home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the commands name is there: the reader's pictures and renders."""
    names = {"HOME": str(home), "TTVIDEO_CACHE": str(tmp_path / "cache")}
    for name, value in {**names, "HF_HUB_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, value)
    # The library reads its variable once, when it is imported.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    folder = home / "tt-scratchpad"
    monkeypatch.chdir(folder)
    picture = min((EXAMPLES / "postcards").iterdir())
    for name in ("frame.png", "picture.png"):
        shutil.copy(picture, folder / name)
    for name in ("DIR", "renders/ball"):
        shutil.copytree(EXAMPLES / "postcards", folder / name)
    return home


def stopped_job(home: Path) -> str:
    """A storyboard's, which Ctrl-C stops when its first frame is there."""
    command = [sys.executable, "-m", "ttvideo", "storyboard", "video_prompts.txt", "--batch", "1", "--json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        cwd=home / "tt-scratchpad",
        # Tests that were started in the background have inherited that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["framesDone"]:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.readlines()
    assert process.returncode == 130
    id: str = json.loads([line, *rest][-1])["id"]
    return id


def filled(argument: str, job: str) -> str:
    """What a reader puts in the place of a placeholder."""
    if argument == "ID":
        return job
    before, dots, name = argument.partition("/.../")
    if not dots:
        return argument
    return str(max(Path(before).expanduser().rglob(name), key=os.path.getmtime))


def beginning(command: str, table: Mapping[str, str]) -> str | None:
    return next((each for each in table if command.startswith(each)), None)


def carry_out(words: list[str]) -> int:
    try:
        return cli.main(words)
    except SystemExit as end:  # of --help
        return int(end.code or 0)


def test_what_is_shown_is_carried_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = stopped_job(home)
    done: set[str] = set()
    for words in [words for page in DOCS for words in shown(page)]:
        command = shlex.join(words)
        if command in done or beginning(command, EXCUSED):
            continue
        done.add(command)
        code = carry_out([filled(word, job) for word in words])
        told = capsys.readouterr()
        if refused := beginning(command, REFUSED):
            assert code > 0, command
            assert REFUSED[refused] in told.err
        else:
            # doctor ends with 1 where something is missing, such as a board.
            assert code == 0 or words == ["doctor"], f"ttvideo {command}: {told.err}"
            assert told.out.strip() or told.err.strip()
    assert len(done) > 15


def test_no_excuse_is_left_over() -> None:
    commands = [shlex.join(words) for page in DOCS for words in shown(page)]
    assert {beginning(command, EXCUSED) for command in commands} - {None} == set(EXCUSED)
