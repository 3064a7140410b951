"""The camera over a still picture: which part of it each moment shows, and that part as a frame.

Views are real numbers and the picture is resampled at them, so that a slow move glides. ffmpeg's zoompan, the usual
way, rounds each view to whole pixels, and its moves tremble (bench/motion.py compares them).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from PIL import Image

from ttvideo.contract import Easing, Motion, Rectangle
from ttvideo.media.frames import Pixels

ZOOM = 1.25
"""How much nearer the nearest view is than the farthest, when nothing else is said."""

_PANS = {
    Motion.PAN_LEFT: (-1, 0),
    Motion.PAN_RIGHT: (1, 0),
    Motion.PAN_UP: (0, -1),
    Motion.PAN_DOWN: (0, 1),
    Motion.PAN_UP_LEFT: (-1, -1),
    Motion.PAN_UP_RIGHT: (1, -1),
    Motion.PAN_DOWN_LEFT: (-1, 1),
    Motion.PAN_DOWN_RIGHT: (1, 1),
}
# A view that shows more source pixels than this per pixel of the clip is taken from a smaller copy of the picture.
_MOST_PIXELS = 1.5


class View(NamedTuple):
    """Part of a picture, in fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float


def ease(easing: Easing, t: float) -> float:
    """How far a move is at the time `t`, both from 0 to 1: even, or with a slow begin, end or both (cubic)."""
    if easing is Easing.EASE_IN:
        return t * t
    if easing is Easing.EASE_OUT:
        return t * (2 - t)
    if easing is Easing.EASE_IN_OUT:
        return t * t * (3 - 2 * t)
    return t


def ends(
    motion: Motion, zoom: float, start: Rectangle | None, end: Rectangle | None, picture: float, clip: float
) -> tuple[View, View]:
    """The first and the last view of a move over a picture, both of the shape of the clip.

    `picture` and `clip` are width divided by height. The farthest view is the largest of the clip's shape, in the
    middle; the nearest one is `zoom` times smaller. A pan is at the nearest view, over the whole picture, from edge to
    edge or corner to corner; the camera goes where the motion's name says. Ken Burns goes from `start` (None: the
    farthest view) to `end` (None: `start` zoomed in by `zoom`), rectangles that become of the clip's shape by showing
    more, as far as the picture goes.
    """
    shape = clip / picture
    far = _around(0.5, 0.5, 1.0, shape)
    near = _around(0.5, 0.5, far.width / zoom, shape)
    if motion is Motion.ZOOM_IN:
        return far, near
    if motion is Motion.ZOOM_OUT:
        return near, far
    if motion is Motion.KEN_BURNS:
        first = far if start is None else _shaped(start, shape)
        middle = first.x + first.width / 2, first.y + first.height / 2
        return first, _around(*middle, first.width / zoom, shape) if end is None else _shaped(end, shape)
    if motion in _PANS:
        across, down = _PANS[motion]
        return _at(near, -across, -down), _at(near, across, down)
    return far, far


def between(first: View, last: View, progress: float) -> View:
    """The view on the way, `progress` from 0 to 1.

    The size changes by equal factors in equal times, which is what looks even, and the place keeps step with the size,
    so that one point of the picture stands still for the whole of a zoom.
    """
    if progress in (0.0, 1.0):
        return last if progress else first
    factor = math.log(last.width / first.width)
    part = math.expm1(factor * progress) / math.expm1(factor) if abs(factor) > 1e-9 else progress
    return View(*(a + (b - a) * part for a, b in zip(first, last, strict=True)))


class Picture:
    """A picture that is looked at through views not smaller than `nearest`, as frames of `width` x `height`."""

    def __init__(self, pixels: Pixels, nearest: View, width: int, height: int) -> None:
        self._pixels, self._nearest, self._size = pixels, nearest, (width, height)

    def frame(self, view: View) -> Pixels:
        """uint8 [height, width, 3]; the picture itself where it is shown whole and of the same size."""
        if view == (0.0, 0.0, 1.0, 1.0) and self._pixels.shape[1::-1] == self._size:
            return self._pixels
        width, height = self._image.size
        left, top = view.x * width, view.y * height
        # Rounding may end a hair beyond the picture, which Pillow refuses.
        right, bottom = min(left + view.width * width, width), min(top + view.height * height, height)
        return np.asarray(self._image.resize(self._size, Image.Resampling.LANCZOS, box=(left, top, right, bottom)))

    @cached_property
    def _image(self) -> Image.Image:
        image = Image.fromarray(self._pixels)
        dense = min(part * of / to for part, of, to in zip(self._nearest[2:], image.size, self._size, strict=True))
        if dense <= _MOST_PIXELS:
            return image
        smaller = [round(side * _MOST_PIXELS / dense) for side in image.size]
        return image.resize((smaller[0], smaller[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _around(x: float, y: float, width: float, shape: float) -> View:
    """A view of this width, or the largest there is, with its middle at or, at an edge, near x, y."""
    width = min(width, 1.0, shape)
    height = width / shape
    return View(_clamp(x - width / 2, 1 - width), _clamp(y - height / 2, 1 - height), width, height)


def _shaped(part: Rectangle, shape: float) -> View:
    middle = part.x + part.width / 2, part.y + part.height / 2
    return _around(*middle, max(part.width, part.height * shape), shape)


def _at(view: View, across: int, down: int) -> View:
    """The view at the left (-1), in the middle or at the right (1), and so of top and bottom."""
    x, y = (1 - view.width) * (1 + across) / 2, (1 - view.height) * (1 + down) / 2
    return view._replace(x=x, y=y)


def _clamp(value: float, most: float) -> float:
    return min(max(value, 0.0), max(most, 0.0))
