"""The camera moves as asked for, by fractions of a pixel, and in as much memory for a minute as for a second."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ttvideo.contract import Easing, Motion, Rectangle
from ttvideo.media.encode import encode
from ttvideo.media.frames import Pixels, save_frame
from ttvideo.media.motion import Picture, View, between, ease, ends
from ttvideo.media.timeline import Still, Timeline
from unit.media import probe
from unit.media.conftest import picture

SHAPES = [(1.0, 1.0), (1.5, 1.0), (1.0, 1.5), (16 / 9, 9 / 16), (4.0, 16 / 9)]
PANS = {
    Motion.PAN_LEFT: (-1, 0),
    Motion.PAN_RIGHT: (1, 0),
    Motion.PAN_UP: (0, -1),
    Motion.PAN_DOWN: (0, 1),
    Motion.PAN_UP_LEFT: (-1, -1),
    Motion.PAN_UP_RIGHT: (1, -1),
    Motion.PAN_DOWN_LEFT: (-1, 1),
    Motion.PAN_DOWN_RIGHT: (1, 1),
}


@pytest.mark.parametrize("easing", Easing)
def test_easing_goes_from_begin_to_end_without_turning_back(easing: Easing) -> None:
    way = [ease(easing, t / 100) for t in range(101)]
    assert (way[0], way[-1]) == (0, 1)
    assert way == sorted(way)


def test_easing_is_slow_where_its_name_says() -> None:
    begin, end = ({easing: ease(easing, t) for easing in Easing} for t in (0.1, 0.9))
    assert begin[Easing.LINEAR] == 0.1
    slow = {Easing.EASE_IN: (True, False), Easing.EASE_OUT: (False, True), Easing.EASE_IN_OUT: (True, True)}
    assert {easing: (begin[easing] < 0.1, 1 - end[easing] < 0.1) for easing in slow} == slow


@pytest.mark.parametrize(("of", "clip"), SHAPES)
@pytest.mark.parametrize("motion", Motion)
def test_every_view_has_the_shape_of_the_clip_and_lies_in_the_picture(motion: Motion, of: float, clip: float) -> None:
    first, last = ends(motion, 1.6, Rectangle(x=0.5, y=0, width=0.5, height=0.2), None, of, clip)
    for t in range(11):
        view = between(first, last, t / 10)
        assert view.width * of / view.height == pytest.approx(clip)
        assert min(view) >= 0
        assert view.x + view.width <= 1 + 1e-9
        assert view.y + view.height <= 1 + 1e-9


def test_a_zoom_goes_between_all_that_fits_and_the_middle_of_it() -> None:
    far, near = ends(Motion.ZOOM_IN, 2, None, None, 1, 1)
    assert (far, near) == ((0, 0, 1, 1), (0.25, 0.25, 0.5, 0.5))
    assert ends(Motion.ZOOM_OUT, 2, None, None, 1, 1) == (near, far)
    assert ends(Motion.STILL, 2, None, None, 1, 1) == (far, far)
    wide, _ = ends(Motion.ZOOM_IN, 2, None, None, 2, 1)
    assert wide == (0.25, 0, 0.5, 1)


@pytest.mark.parametrize("motion", PANS)
@pytest.mark.parametrize("of", [1.0, 3.0])
def test_a_pan_goes_from_edge_to_edge_in_its_direction(motion: Motion, of: float) -> None:
    first, last = ends(motion, 1.25, None, None, of, 1)
    assert (first.width, first.height) == (last.width, last.height) == pytest.approx((0.8 / of, 0.8))
    for sign, a, b, size in zip(PANS[motion], first, last, first[2:], strict=False):
        room = 1 - size
        assert (a, b) == pytest.approx((room / 2 * (1 - sign), room / 2 * (1 + sign)))


def test_ken_burns_goes_from_one_rectangle_to_another() -> None:
    start, end = Rectangle(x=0.1, y=0.2, width=0.4, height=0.4), Rectangle(x=0.5, y=0.5, width=0.2, height=0.2)
    first, last = ends(Motion.KEN_BURNS, 1.25, start, end, 1, 1)
    assert first == pytest.approx((0.1, 0.2, 0.4, 0.4))
    assert last == pytest.approx((0.5, 0.5, 0.2, 0.2))
    assert ends(Motion.KEN_BURNS, 1.25, None, end, 1, 1)[0] == (0, 0, 1, 1)
    assert ends(Motion.KEN_BURNS, 2, start, None, 1, 1)[1] == pytest.approx((0.2, 0.3, 0.2, 0.2))
    # A flat rectangle becomes square by showing more, and moves inside where it would reach over the edge.
    flat = Rectangle(x=0.4, y=0.9, width=0.4, height=0.1)
    assert ends(Motion.KEN_BURNS, 2, flat, None, 1, 1)[0] == pytest.approx((0.4, 0.6, 0.4, 0.4))


def test_a_zoom_looks_even_and_keeps_its_middle() -> None:
    views = [between(View(0, 0, 1, 1), View(0.3, 0.1, 0.25, 0.25), t / 8) for t in range(9)]
    factors = [b.width / a.width for a, b in pairwise(views)]
    assert factors == pytest.approx([0.25 ** (1 / 8)] * 8)
    # The point that stands still lies at the same part of every view.
    x, y = 0.3 / 0.75, 0.1 / 0.75
    for view in views:
        assert ((x - view.x) / view.width, (y - view.y) / view.height) == pytest.approx((x, y))


def test_a_whole_picture_of_the_clips_size_is_not_touched() -> None:
    pixels = picture(0)
    assert Picture(pixels, View(0, 0, 1, 1), 64, 48).frame(View(0, 0, 1, 1)) is pixels


def test_a_view_of_whole_pixels_is_just_cut_out() -> None:
    pixels = picture(0)
    view = View(12 / 64, 6 / 48, 32 / 64, 24 / 48)
    assert np.array_equal(Picture(pixels, view, 32, 24).frame(view), pixels[6:30, 12:44])


@pytest.mark.parametrize("motion", Motion)
def test_rounding_never_looks_beyond_the_picture(motion: Motion) -> None:
    pixels = picture(0, 97, 61)
    first, last = ends(motion, 1.1, None, None, 97 / 61, 33 / 47)
    shown = Picture(pixels, min(first, last, key=lambda view: view.width), 33, 47)
    for t in range(24):
        assert shown.frame(between(first, last, t / 23)).shape == (47, 33, 3)


# A soft dot far from the middle, whose place is known to a small part of a pixel.
DOT = (0.72, 0.31)


def dotted(size: int) -> Pixels:
    y, x = np.mgrid[0:size, 0:size]
    distance = (x + 0.5 - DOT[0] * size) ** 2 + (y + 0.5 - DOT[1] * size) ** 2
    dot = 255 * np.exp(-distance / (2 * (size / 64) ** 2))
    pixels: Pixels = np.repeat(dot[..., None], 3, axis=2).round().astype(np.uint8)
    return pixels


def seen(frame: Pixels) -> tuple[float, float]:
    """Where the dot is, in pixels."""
    light = frame[..., 0].astype(float)
    y, x = np.mgrid[0 : frame.shape[0], 0 : frame.shape[1]] + 0.5
    return float((light * x).sum() / light.sum()), float((light * y).sum() / light.sum())


def jitter(size: int, views: list[View], rendered: list[View]) -> float:
    """How far the dot is from where `views` put it, in pixels: the root of the mean square."""
    shown = Picture(dotted(size), min(views, key=lambda view: view.width), 256, 256)
    errors = []
    for view, at in zip(views, rendered, strict=True):
        wanted = [(place - start) / part * 256 for place, start, part in zip(DOT, view, view[2:], strict=False)]
        errors += [a - b for a, b in zip(seen(shown.frame(at)), wanted, strict=True)]
    return math.sqrt(sum(error**2 for error in errors) / len(errors))


def to_whole_pixels(view: View, size: int) -> View:
    left, top, right, bottom = (round(edge * size) / size for edge in (*view[:2], *np.add(view[:2], view[2:])))
    return View(left, top, right - left, bottom - top)


@pytest.mark.parametrize(
    ("motion", "size"),
    [(Motion.ZOOM_IN, 256), (Motion.PAN_RIGHT, 256), (Motion.PAN_UP_LEFT, 256), (Motion.ZOOM_OUT, 800)],
)
def test_a_slow_move_does_not_tremble(motion: Motion, size: int) -> None:
    """4 % of the picture in 96 frames: about a tenth of a pixel each, where whole pixels would be steps."""
    first, last = ends(motion, 1.04, None, None, 1, 1)
    views = [between(first, last, t / 95) for t in range(96)]
    assert jitter(size, views, views) < 0.02
    # The measure sees what it is for: views that begin and end at whole pixels of the clip.
    assert jitter(size, views, [to_whole_pixels(view, 256) for view in views]) > 0.1


PEAK = """
import re
import sys
from pathlib import Path
import psutil
from ttvideo.contract import Motion
from ttvideo.media.encode import encode
from ttvideo.media.frames import load_whole
from ttvideo.media.timeline import Still, Timeline
def peak(pid):
    # Not ru_maxrss: a process inherits that from whoever started it.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path(f"/proc/{pid}/status").read_text())[1]) // 1024
def look(i):
    if i == len(timeline) - 1:
        (encoder,) = psutil.Process().children()
        print(peak("self"), peak(encoder.pid))
timeline = Timeline([Still(Path(sys.argv[1]), float(sys.argv[3]), Motion.ZOOM_IN)], 160, 160, 24, load_whole)
encode(timeline, Path(sys.argv[2]), "mp4", None, look)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_minute_takes_as_much_memory_as_ten_seconds(tmp_path: Path) -> None:
    """1,440 frames of 75 KB would be 108 MB."""
    save_frame(dotted(160), tmp_path / "dot.png", None)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    def peaks(seconds: int) -> list[int]:
        """MB of Python and of ffmpeg."""
        argv = [sys.executable, "-c", PEAK, str(tmp_path / "dot.png"), str(tmp_path / "clip.mp4"), str(seconds)]
        done = subprocess.run(argv, env=environment, capture_output=True, check=True)
        return [int(number) for number in done.stdout.split()]

    (ours, ffmpegs), (later, ffmpegs_later) = peaks(10), peaks(60)
    assert later - ours < 8
    assert ffmpegs_later - ffmpegs < 8


def test_a_moving_clip_looks_as_good_as_others_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its encoder is set to be quick."""
    save_frame(picture(0, 320, 240), tmp_path / "picture.png", None)
    timeline = Timeline([Still(tmp_path / "picture.png", 1, Motion.PAN_UP_RIGHT)], 160, 120, 24)
    frames = np.stack([*timeline.frames()]).astype(float)

    def distance(name: str) -> float:
        encode(timeline, tmp_path / name, "mp4", None, lambda i: None)
        return float(np.abs(probe.decode(tmp_path / name) - frames).mean())

    quick = distance("quick.mp4")
    monkeypatch.setattr(Timeline, "moves", False)
    assert quick < 1.05 * distance("usual.mp4")
    assert (tmp_path / "quick.mp4").read_bytes() != (tmp_path / "usual.mp4").read_bytes()
