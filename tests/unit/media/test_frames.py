from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media.frames import (
    SMALLEST_SPREAD,
    is_whole,
    load_frame,
    save_frame,
    save_poster,
    save_preview,
    to_pixels,
)
from unit.media.conftest import picture


def test_to_pixels_rounds_and_clips() -> None:
    frame = np.zeros((2, 2, 3), np.float32)
    frame[0, 0] = (0.5, 1.7, -0.3)
    frame[1, 1] = (1 / 255, 1.0, 0.4 / 255)
    pixels = to_pixels(frame)
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == [[[128, 255, 0], [0, 0, 0]], [[0, 0, 0], [1, 255, 0]]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_no_number_is_bad_output(value: float) -> None:
    frame = (picture(0) / 255).astype(np.float32)
    frame[3, 4, 1] = value
    with pytest.raises(WorkerError, match="not numbers") as caught:
        to_pixels(frame)
    assert caught.value.kind is ErrorKind.BAD_OUTPUT


@pytest.mark.parametrize(
    ("color", "said"), [((0, 0, 0), "black"), ((-3, -2, -1), "black"), ((1, 0, 0), "colour"), ((5, 7, 9), "colour")]
)
def test_frame_of_one_color_is_bad_output(color: tuple[float, float, float], said: str) -> None:
    noise = np.random.default_rng(0).uniform(0, SMALLEST_SPREAD * 0.9, (8, 8, 3)).astype(np.float32)
    frame = np.clip(np.full((8, 8, 3), color, np.float32), 0, 1 - SMALLEST_SPREAD) + noise
    with pytest.raises(WorkerError, match=said) as caught:
        to_pixels(frame)
    assert caught.value.kind is ErrorKind.BAD_OUTPUT


def test_dark_frame_with_something_in_it_is_fine() -> None:
    frame = np.zeros((8, 8, 3), np.float32)
    frame[4, 4, 2] = SMALLEST_SPREAD * 1.01
    assert to_pixels(frame)[4, 4, 2] == 4


def test_frame_round_trip_is_lossless_and_repeatable(tmp_path: Path) -> None:
    pixels = picture(3, 33, 17)
    for name in ("a.png", "b.png"):
        save_frame(pixels, tmp_path / name, '{"seed": 7}')
    assert np.array_equal(load_frame(tmp_path / "a.png"), pixels)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.png"]


def test_every_truncation_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "frame.png"
    save_frame(picture(0, 16, 16), path, '{"seed": 7}')
    assert is_whole(path)
    whole = path.read_bytes()
    for at in range(len(whole) - 12):  # the end chunk carries nothing
        path.write_bytes(whole[:at])
        assert not is_whole(path), f"cut at byte {at}"
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        assert not is_whole(path), f"byte {at} changed"


def test_missing_frame_is_not_whole_and_a_disk_error(tmp_path: Path) -> None:
    assert not is_whole(tmp_path / "none.png")
    with pytest.raises(WorkerError) as caught:
        load_frame(tmp_path / "none.png")
    assert caught.value.kind is ErrorKind.DISK


def test_poster_looks_like_its_frame(tmp_path: Path) -> None:
    path = tmp_path / "poster.jpg"
    for metadata in (None, '{"prompt": "' + "x" * 200_000 + '"}'):
        save_poster(picture(2), path, metadata)
        with Image.open(path) as image:
            image.load()
            assert image.format == "JPEG"
        assert np.abs(load_frame(path).astype(int) - picture(2)).mean() < 4


def test_preview_is_a_small_looping_animation(tmp_path: Path) -> None:
    path = tmp_path / "preview.webp"
    frames = np.stack([picture(i, 64, 64) for i in range(8)])
    save_preview(frames, path, 8)
    assert path.stat().st_size < 20_000
    with Image.open(path) as image:
        assert (image.format, getattr(image, "n_frames", 1), image.info["loop"]) == ("WEBP", 8, 0)
        for i in range(8):
            image.seek(i)
            shown = np.asarray(image.convert("RGB")).astype(int)
            assert image.info["duration"] == 125
            assert np.abs(shown - frames, dtype=float).mean(axis=(1, 2, 3)).argmin() == i
