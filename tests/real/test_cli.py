"""The command line as people use it: real processes, the bundled model, a terminal and a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from PIL import Image

from support.rpc_client import WORKER

PROMPT = "a blue star rising over purple mountains"
QUICK = ("--steps", "2", "--frames", "4", "--seed", "7")


def environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(WORKER), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def ttvideo(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ttvideo", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=300, check=False)
    assert done.returncode == code, done.stderr
    return done


def frames(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.joinpath("frames").glob("*.png"))]


def test_the_same_command_twice_gives_the_same_bytes(outputs: Path) -> None:
    jobs = []
    for _ in range(2):
        lines = ttvideo("generate", PROMPT, "--seed", 7, "--json", "--output", outputs).stdout.splitlines()
        snapshots = [json.loads(line) for line in lines]
        assert [job["status"]["state"] for job in snapshots][-1] == "done"
        assert {job["status"].get("phase") for job in snapshots} >= {"loading", "denoising", "decoding"}
        jobs.append(Path(snapshots[-1]["folder"]))
    first, second = (frames(folder) for folder in jobs)
    assert first == second
    assert len(set(first)) == 16


def test_a_file_says_how_to_make_it_again(outputs: Path, own_state: Path) -> None:
    done = ttvideo("generate", PROMPT, *QUICK, "--format", "mp4,gif", "--output", outputs)
    mp4, gif = (Path(line) for line in done.stdout.splitlines())
    assert (mp4.suffix, gif.suffix) == (".mp4", ".gif")
    for file in own_state.glob("queue.sqlite*"):
        file.unlink()
    for file in (mp4, gif):
        (again,) = ttvideo("again", file, "--output", outputs).stdout.splitlines()
        assert frames(Path(again).parent) == frames(mp4.parent)
    (other,) = ttvideo("again", mp4, "--seed", 8, "--output", outputs).stdout.splitlines()
    assert frames(Path(other).parent) != frames(mp4.parent)


def test_a_clip_with_a_start_image_is_made_again(outputs: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.radial_gradient("L").convert("RGB").save(picture)
    begin = ("--start-image", picture, "--strength", 0.5)
    (clip,) = ttvideo("generate", PROMPT, *QUICK, *begin, "--output", outputs).stdout.splitlines()
    picture.rename(tmp_path / "other.png")
    (again,) = ttvideo("again", clip, "--output", outputs).stdout.splitlines()
    assert frames(Path(again).parent) == frames(Path(clip).parent)
    alone = shutil.copyfile(clip, tmp_path / "alone.mp4")
    assert "Name it with --start-image." in ttvideo("again", alone, code=1).stderr
    (named,) = ttvideo("again", alone, "--start-image", tmp_path / "other.png", "--output", outputs).stdout.splitlines()
    assert frames(Path(named).parent) == frames(Path(clip).parent)
    assert "There is no picture" in ttvideo("generate", PROMPT, "--start-image", picture, code=2).stderr


def test_pictures_are_stitched_and_stitched_again(outputs: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(12):
        Image.new("RGB", (64, 48), (20 * number, 90, 90)).save(pictures / f"{number}.png")
    done = ttvideo("stitch", pictures, "--fps", 12, "--format", "mp4,gif", "--output", outputs)
    mp4, gif = (Path(line) for line in done.stdout.splitlines())
    assert (mp4.suffix, gif.suffix) == (".mp4", ".gif")
    (again,) = ttvideo("again", mp4, "--output", outputs).stdout.splitlines()
    assert Path(again).read_bytes() == mp4.read_bytes()
    alone = shutil.copyfile(mp4, tmp_path / "alone.mp4")
    assert "does not say where they are" in ttvideo("again", alone, code=1).stderr
    id = mp4.parent.name.rpartition("-")[2]
    assert f"{id}  " in ttvideo("jobs").stdout
    assert "stitch pictures" in ttvideo("jobs").stdout
    assert f"pictures  {pictures}" in ttvideo("show", id).stdout


def test_ctrl_c_cancels_and_resume_goes_on(outputs: Path) -> None:
    command = [sys.executable, "-m", "ttvideo", "generate", PROMPT, "--steps", "60", "--output", str(outputs)]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        # Tests that were started in the background have inherited that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    id = next(line.split()[0] for line in iter(process.stderr.readline, "") if "denoising" in line)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"ttvideo resume {id}" in err
    assert json.loads(ttvideo("show", id, "--json").stdout)["status"]["state"] == "cancelled"
    ttvideo("resume", id)
    assert json.loads(ttvideo("show", id, "--json").stdout)["status"]["state"] == "done"
    assert f"Job {id} is done" in ttvideo("resume", id, code=1).stderr
    listing = ttvideo("jobs").stdout
    assert id in listing
    assert "done" in listing
    ttvideo("remove", id, "--files")
    assert list(outputs.iterdir()) == []


def test_a_terminal_shows_a_bar_and_a_pipe_plain_lines(outputs: Path) -> None:
    piped = ttvideo("generate", PROMPT + " dragon", *QUICK, "--output", outputs)
    assert "This small model doesn't know: dragon." in piped.stderr
    assert "\r" not in piped.stderr
    assert any(line.endswith(" loading") for line in piped.stderr.splitlines())
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    # Long enough for the bar to be seen on its way.
    command = [sys.executable, "-m", "ttvideo", "generate", PROMPT, "--steps", "12", "--output", str(outputs)]
    with subprocess.Popen(command, stderr=terminal, stdout=subprocess.PIPE, env=environment()) as process:
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(main, 4096):
                shown += chunk
        except OSError:  # how Linux says that the terminal's other end is closed
            pass
    assert process.returncode == 0
    assert b"denoising" in shown
    assert "█".encode() in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("generate", ""), 2, "prompt is empty"),
        (("generate", "x", "--frames", "0"), 2, "greater than or equal to 1"),
        (("generate", "x", "--size", "big"), 2, "WIDTHxHEIGHT"),
        (("generate", "x", "--format", "avi"), 2, "mp4, gif, webm"),
        (("generate", "x", "--model", "huge"), 2, "The models are: tiny"),
        (("generate", "x", "--device", "toaster"), 2, "There is no device"),
        (("generate", "x", "--count", "0"), 2, "at least 1"),
        (("again", "/nowhere.mp4"), 1, "no file"),
        (("again", __file__), 1, "does not say how it was made"),
        (("show", "nope"), 1, "no job 'nope'"),
        (("clip", "nope"), 1, "no job 'nope'"),
        (("stitch", "/nowhere"), 1, "There is no folder /nowhere"),
        (("stitch", "/proc/self/fd", "--fps", "0"), 2, "is not a frame rate"),
        (("stitch", "/proc/self/task"), 2, "There are no pictures"),
        ((), 2, "COMMAND"),
    ],
)
def test_errors_are_a_sentence_and_an_exit_code(
    arguments: tuple[str, ...], code: int, says: str, outputs: Path
) -> None:
    extra = ("--output", outputs) if arguments[:1] == ("generate",) else ()
    err = ttvideo(*arguments, *extra, code=code).stderr
    assert says in err
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_written_is_said() -> None:
    err = ttvideo("generate", PROMPT, *QUICK, "--output", "/proc/nowhere", code=1).stderr
    assert "The folder /proc/nowhere" in err
    assert "could not be made" in err
    assert "Traceback" not in err


def test_doctor_models_version_and_help() -> None:
    assert "bundled model" in ttvideo("doctor").stdout
    models = [json.loads(line) for line in ttvideo("models", "--json").stdout.splitlines()]
    pictures, clips = (
        ["sdxl", "sd35-medium", "sd35-large"],
        ["animatediff", "wan", "mochi", "cogvideox", "hunyuan", "ltx"],
    )
    assert [model["id"] for model in models] == ["tiny", *pictures, *clips]
    assert ttvideo("--version").stdout.startswith("ttvideo ")
    assert "exit codes:" in ttvideo("--help").stdout
    assert "The queue is paused" in ttvideo("queue", "pause").stdout
    assert ttvideo("queue", "resume").stdout == "The queue is running.\n"
