"""Which pictures of a folder become a clip, in which order and size."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ttvideo.contract import GenerateRequest
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Event, StepEvent
from ttvideo.jobs import folders
from ttvideo.jobs.pictures import Fit, Fitted, natural, source
from ttvideo.jobs.submission import new_job


def save(path: Path, size: tuple[int, int] = (40, 30), color: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)
    return path


def ignore(_: Event) -> None:
    pass


@pytest.mark.parametrize(
    "names",
    [
        ["frame_1.png", "frame_2.png", "frame_10.png", "frame_100.png"],
        ["2.png", "10.png", "a1b2.png", "a1b10.png", "a2b1.png"],
        ["shot 9 take 1", "shot 9 take 12", "Shot 10 take 1"],
        ["a", "a1", "ab"],
    ],
)
def test_names_are_in_the_order_of_their_numbers(names: list[str]) -> None:
    assert sorted(random.Random(0).sample(names, len(names)), key=natural) == names


def test_equal_numbers_have_one_order() -> None:
    names = ["f1.png", "f01.png", "F1.png", "f001.png"]
    for order in itertools.permutations(names):
        assert sorted(order, key=natural) == sorted(names, key=natural)


def test_only_pictures_directly_in_the_folder_are_taken(tmp_path: Path) -> None:
    wanted = [save(tmp_path / name) for name in ("2.JPG", "10.png", "11.webp")]
    for name in (".hidden.png", "below/1.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert source(str(tmp_path)).pictures == tuple(wanted)


def test_of_a_job_its_frames_are_taken(outputs: Path) -> None:
    job = new_job(GenerateRequest(prompt="a ball", output_folder=str(outputs)), "test")
    folder = Path(job.folder)
    folder.mkdir(parents=True)
    folders.write_manifest(job, {"parameters": {}})
    save(folder / "poster.jpg")
    with pytest.raises(WorkerError, match="no finished frames yet"):
        source(str(folder))
    frames = tuple(save(folders.frame_path(folder, index)) for index in (0, 1, 5))
    assert source(str(folder)).pictures == frames
    assert source(str(folder / "frames")).pictures == frames


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("empty", ErrorKind.INVALID_PARAMETERS, "There are no pictures in"),
        ("nowhere", ErrorKind.NOT_FOUND, "There is no folder"),
        ("file.png", ErrorKind.NOT_FOUND, "There is no folder"),
    ],
)
def test_what_is_no_folder_of_pictures_is_refused(tmp_path: Path, name: str, kind: ErrorKind, words: str) -> None:
    (tmp_path / "empty").mkdir()
    save(tmp_path / "file.png")
    with pytest.raises(WorkerError, match=words) as caught:
        source(str(tmp_path / name))
    assert caught.value.kind == kind


def test_files_are_taken_in_the_order_given(tmp_path: Path) -> None:
    first, second, third = (save(tmp_path / name) for name in ("b.png", "a.png", "10.png"))
    assert source(str(tmp_path), [str(first), str(second), str(third)]).pictures == (first, second, third)
    again = [str(path) for path in (first, second, first)]
    assert source(str(tmp_path), again).pictures == (first, second, first)


def test_files_in_the_order_of_a_shell_are_taken_in_that_of_their_numbers(tmp_path: Path) -> None:
    numbered = [save(tmp_path / f"frame_{number}.png") for number in range(12)]
    as_a_shell_does = sorted(map(str, numbered))
    assert as_a_shell_does != [*map(str, numbered)]
    assert source(str(tmp_path), as_a_shell_does).pictures == tuple(numbered)
    assert source(str(tmp_path), [str(path) for path in numbered]).pictures == tuple(numbered)
    backwards = as_a_shell_does[::-1]
    assert [*map(str, source(str(tmp_path), backwards).pictures)] == backwards


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"no picture .*none\.png") as caught:
        source(str(tmp_path), [str(save(tmp_path / "a.png")), str(tmp_path / "none.png")])
    assert caught.value.kind is ErrorKind.NOT_FOUND


@pytest.mark.parametrize(
    ("fit", "said", "white"),
    [
        ("crop", "1 of 3 pictures has another size than 40x30: scaled to fill, cut where the shape differs.", 1.0),
        ("stretch", "1 of 3 pictures has another size than 40x30: stretched to it.", 0.5),
    ],
)
def test_other_sizes_are_cropped_or_stretched(tmp_path: Path, fit: Fit, said: str, white: float) -> None:
    pictures = [save(tmp_path / f"{n}.png") for n in range(2)]
    tall = tmp_path / "tall.png"
    column = np.zeros((120, 40, 3), np.uint8)
    column[30:90] = 255
    Image.fromarray(column).save(tall)
    fitted = Fitted([*pictures, tall], ignore, fit)
    assert fitted.note == said
    shown = fitted.load(tall)
    assert shown.shape == (30, 40, 3)
    assert (shown > 127).mean() == pytest.approx(white, abs=0.05)


def test_other_sizes_are_fitted_on_black_and_said(tmp_path: Path) -> None:
    pictures = [save(tmp_path / f"{n}.png") for n in range(4)]
    tall = save(tmp_path / "tall.png", size=(10, 30), color="white")
    large = save(tmp_path / "large.png", size=(400, 300), color="white")
    events: list[Event] = []
    fitted = Fitted([tall, *pictures, large], events.append)
    assert (fitted.width, fitted.height) == (40, 30)
    assert fitted.note == (
        "2 of 6 pictures have another size than 40x30: scaled to fit, on black where the shape differs."
    )
    assert events == [StepEvent(n, 6) for n in range(1, 7)]
    shown = fitted.load(tall)
    assert shown.shape == (30, 40, 3)
    assert (shown[:, 15:25] == 255).all()
    assert not shown[:, :15].any()
    assert not shown[:, 25:].any()
    assert (fitted.load(large) == 255).all()


def test_one_size_needs_no_note(tmp_path: Path) -> None:
    fitted = Fitted([save(tmp_path / f"{n}.png") for n in range(2)], ignore)
    assert fitted.note is None
    assert (fitted.load(tmp_path / "0.png") == (255, 0, 0)).all()


def test_what_is_transparent_becomes_black_and_what_is_turned_upright(tmp_path: Path) -> None:
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (40, 30), (255, 255, 255, 0)).save(clear)
    assert not Fitted([clear], ignore).load(clear).any()
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    left_half_white = np.zeros((30, 40, 3), np.uint8)
    left_half_white[:, :20] = 255
    Image.fromarray(left_half_white).save(turned, exif=exif)
    fitted = Fitted([turned], ignore)
    shown = fitted.load(turned)
    assert (fitted.width, fitted.height) == (30, 40)
    assert shown[:15].mean() > 240
    assert shown[25:].mean() < 15


@pytest.mark.parametrize("length", [0, 20, 60])
def test_an_unreadable_picture_is_named(tmp_path: Path, length: int) -> None:
    good, bad = save(tmp_path / "good.png"), save(tmp_path / "bad.png")
    bad.write_bytes(bad.read_bytes()[:length])
    with pytest.raises(WorkerError, match=r"bad\.png is missing or broken") as caught:
        Fitted([good, bad], ignore).load(bad)
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS
