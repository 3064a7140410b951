"""From `ttvideo generate --device tt` to a file: made-up boards, the stand-ins for tt-metal, the rest as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.boards import Boards, boards
from support.random_clips import make_clip_models
from support.random_models import make_models
from support.tt_metal import RECORDED, write_tree
from ttvideo import families
from ttvideo.cli import main
from ttvideo.contract import Failed, Job
from ttvideo.jobs.devices import device_status
from ttvideo.media.probe import probe
from ttvideo.state import state_folder
from ttvideo.tt import detect
from ttvideo.tt.device import DEVICE

METAL = {"Stable Diffusion XL", "Stable Diffusion 3.5 Large", "Wan", "Mochi"}
MOCHI = ("generate", "a fox", "--model", "mochi", "--frames", "7", "--size", "64x48", "--steps", "3", "--seed", "5")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_clip_models(folder, "mochi-1", "wan2.1-1.3b", "wan2.2-i2v-a14b")
    return make_models(folder)


@pytest.fixture
def t3k(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    environment = {
        "TT_METAL_HOME": str(write_tree(tmp_path / "tt-metal")),
        "TT_DIT_CACHE_DIR": str(tmp_path / "tt-dit"),
        "TTVIDEO_MODELS": str(models),
    }
    made = boards("t3k", 8, tmp_path, monkeypatch, environment)
    look = detect.look
    monkeypatch.setattr(detect, "look", lambda root=made.tree.root, **more: look(root, **more))
    monkeypatch.setattr(DEVICE, "_root", made.tree.root)
    yield made
    DEVICE.close()


@pytest.fixture
def run(t3k: Boards, outputs: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Job]:
    """A command line, which gives the job when it ended."""

    def on_boards(*argv: str) -> Job:
        main([*argv, "--device", "tt", "--json", "--output", str(outputs)])
        return Job.model_validate_json(capsys.readouterr().out.splitlines()[-1])

    return on_boards


def opened(boards: Boards) -> list[str]:
    return [line.split()[1] for line in boards.log() if line.startswith("open")]


def video(job: Job) -> Path:
    (made,) = [output.path for output in job.outputs if output.kind == "video"]
    return Path(made)


def test_mochi_makes_a_clip_and_the_next_finds_the_boards_open(t3k: Boards, run: Callable[..., Job]) -> None:
    run(*MOCHI)
    job = run(*MOCHI)
    found = probe(video(job), decode=True)
    assert found is not None
    assert (found.frames, found.width, found.height) == (7, 64, 48)
    assert job.device == "tt"
    assert list(job.seconds) == ["loading", "encoding", "denoising", "decoding", "stitching"]
    assert opened(t3k) == ["2x4"]
    notes = " ".join(job.notes)
    assert "Mochi 1 is run by tt-metal's own pipeline, of " in notes
    assert "is tested by its makers at 848x480 with 163 frames: this may fail." in notes
    first = np.asarray(Image.open(Path(job.folder) / "frames/frame_000.png"))
    # The stand-in's slope begins where the seed says.
    assert first[0, :3, 0].tolist() == [5, 6, 7]


def test_wan_begins_with_a_picture(t3k: Boards, run: Callable[..., Job], tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (200, 0, 0)).save(tmp_path / "start.png")
    start = ("--checkpoint", "wan2.2-i2v-a14b", "--start-image", str(tmp_path / "start.png"))
    job = run("generate", "a fox", "--model", "wan", *start, "--frames", "5", "--size", "64x48", "--steps", "2")
    assert video(job).is_file()
    assert opened(t3k) == ["2x4"]


def test_a_storyboard_is_drawn(t3k: Boards, run: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "board.txt").write_text("---\nmodel: sdxl\nsize: 512x512\n---\na fox\n\na hare\n")
    job = run("storyboard", str(tmp_path / "board.txt"), "--steps", "2")
    assert job.frames_done == 2
    assert opened(t3k) == ["1x1"]


@pytest.mark.usefixtures("t3k")
@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--model", "mochi", "--set", "cache=first-block"), "do not know 'Step cache'"),
        (("--model", "wan", "--frames", "5"), "has no pipeline of Wan 2.1 1.3B"),
        (("--model", "sdxl", "--start-image", __file__), "does not begin with a picture"),
        (("--model", "cogvideox"), "does not run on tt in this version"),
        (("--model", "sdxl", "--size", "768x768"), "does not make pictures of 768x768"),
    ],
)
def test_what_it_cannot_is_refused_at_once(
    argv: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "a fox", *argv, "--device", "tt"]) > 0
    assert told in capsys.readouterr().err


def test_another_tt_metal_is_said(run: Callable[..., Job], tmp_path: Path) -> None:
    write_tree(tmp_path / "tt-metal", RECORDED["older"])
    job = run(*MOCHI)
    assert isinstance(job.status, Failed)
    assert "takes other arguments than ttvideo gives it" in job.status.error.message


@pytest.mark.usefixtures("t3k")
def test_what_runs_on_boards_is_listed_with_the_reason_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def models() -> tuple[set[str], dict[str, str]]:
        (there,) = [device for device in device_status(state_folder(), detect.look()).devices if device.id == "tt"]
        details = {
            model.id: backend.detail
            for model in families.describe().models
            for backend in model.backends
            if backend.id == "tt" and not backend.available
        }
        return set(there.models), details

    able, others = models()
    assert able >= METAL
    assert others["cogvideox"] == "CogVideoX does not run on tt in this version. Choose another device: cpu or cuda."
    monkeypatch.delenv("TT_DIT_CACHE_DIR")
    able, others = models()
    assert "Mochi" not in able
    assert "TT_DIT_CACHE_DIR" in others["mochi"]
    monkeypatch.delenv("TT_METAL_HOME")
    able, others = models()
    assert not able & METAL
    assert "TT_METAL_HOME names no folder of it" in others["sdxl"]


@pytest.mark.usefixtures("t3k")
def test_simulated_boards_are_not_for_tt_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", "t3k")
    why = families.refusal(families.find("mochi"), "tt")
    assert why is not None
    assert "needs real ones: these are simulated" in why.message
