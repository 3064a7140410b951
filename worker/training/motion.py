"""What moves how, read from the subject's mask in each frame by geometry alone. Nothing here is learned.

Lengths are in 1/128 of the frame. The limits lie about half way between what a motion makes and what its nearest
neighbour does (scenes.py: slides cover 80, circles and bounces about 60, sizes change fourfold, spins turn 270
degrees), so a motion half as large as it should be is still named, and none below that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from training.scenes import Floats

KINDS = {
    "left": "sideways",
    "right": "sideways",
    "rising": "vertical",
    "falling": "vertical",
    "bouncing": "bouncing",
    "growing": "size",
    "shrinking": "size",
    "spinning": "spinning",
    "circling": "circling",
}
Motion: TypeAlias = Literal[
    "left", "right", "rising", "falling", "bouncing", "growing", "shrinking", "spinning", "circling", "still", "unseen"
]
# A spin is followed in steps of 5 degrees and at most 35 a frame; 4 degrees a frame is less than any noise seen.
_BINS = 72
_REACH = 7


@dataclass(frozen=True)
class Track:
    """A subject over the frames in which it is seen: arrays of one length."""

    time: Floats
    x: Floats
    y: Floats
    radius: Floats
    turn: float


def measure(masks: Floats) -> Track:
    """Follow a mask [frames, size, size] with values in [0, 1]; `turn` is the sum of the turns in degrees."""
    size = masks.shape[1]
    unit = 128 / size
    solid = np.where(masks > 0.5, masks, 0)
    area = solid.sum((1, 2))
    seen = area * unit**2 > 60
    solid, area = solid[seen], area[seen]
    axis = (np.arange(size, dtype=np.float32) + 0.5) * unit
    x = (solid.sum(1) * axis).sum(1) / area
    y = (solid.sum(2) * axis).sum(1) / area
    radius = np.sqrt(area / np.pi) * unit
    profiles = [_profile(mask, axis, cx, cy) for mask, cx, cy in zip(solid, x, y, strict=True)]
    turn = sum(_turn(before, after) for before, after in pairwise(profiles))
    return Track(np.linspace(0, 1, len(masks), dtype=np.float32)[seen], x, y, radius, float(turn))


def path(track: Track) -> float:
    """Length of the way, in 1/128 of the frame."""
    if len(track.time) < 2:
        return 0.0
    return float(np.hypot(np.diff(track.x), np.diff(track.y)).sum())


def classify(masks: Floats) -> Motion:
    """Name the motion of a mask [frames, size, size]."""
    track = measure(masks)
    if len(track.time) < max(4, len(masks) // 2):
        return "unseen"
    x, y, size = _smooth(track.x), _smooth(track.y), np.log(_smooth(track.radius))
    width, height = np.ptp(x), np.ptp(y)
    net_x, net_y, growth = (_net(track.time, values) for values in (x, y, size))
    if abs(growth) > np.log(1.8) and max(width, height) < 40:
        return "growing" if growth > 0 else "shrinking"
    if width > 28 and height > 28:
        return "circling" if _swept(x, y) > 200 else _slide(net_x, net_y)
    if height > 28 and abs(net_y) < 0.45 * height and _reversals(y) >= 2:
        return "bouncing"
    if max(abs(net_x), abs(net_y)) > 28:
        return _slide(net_x, net_y)
    if abs(track.turn) > 120:
        return "spinning"
    return "still"


def _slide(net_x: float, net_y: float) -> Motion:
    if abs(net_x) > abs(net_y):
        return "right" if net_x > 0 else "left"
    return "falling" if net_y > 0 else "rising"


def _smooth(values: Floats) -> Floats:
    """Median of three, so that one bad mask does not count."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    out: Floats = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), 0).astype(np.float32)
    return out


def _net(time: Floats, values: Floats) -> float:
    """Change over the whole clip by the straight line that fits best."""
    return float(np.polyfit(time, values, 1)[0])


def _reversals(values: Floats, least: float = 14) -> int:
    """How often a path turns back by at least `least`."""
    count, extreme, heading = 0, float(values[0]), 0
    for value in map(float, values[1:]):
        if heading * (value - extreme) >= 0 and (heading or abs(value - extreme) >= least):
            heading, extreme = heading or (1 if value > extreme else -1), value
        elif heading and abs(value - extreme) >= least:
            count, heading, extreme = count + 1, -heading, value
    return count


def _swept(x: Floats, y: Floats) -> float:
    """Degrees swept round the middle of the path's bounding box, backwards counted against forwards."""
    angles = np.unwrap(np.arctan2(y - (y.min() + y.max()) / 2, x - (x.min() + x.max()) / 2))
    return float(abs(np.degrees(angles[-1] - angles[0])))


def _profile(mask: Floats, axis: Floats, cx: float, cy: float) -> Floats:
    """Mass times distance in each of `_BINS` directions from the centre, less its mean: float [_BINS]."""
    dx, dy = axis[None, :] - cx, axis[:, None] - cy
    place = (np.arctan2(dy, dx) / (2 * np.pi) * _BINS) % _BINS
    low, part = np.floor(place).astype(int) % _BINS, place % 1
    weight = mask * np.hypot(dx, dy)
    out = np.bincount(low.ravel(), (weight * (1 - part)).ravel(), _BINS)
    out += np.bincount(((low + 1) % _BINS).ravel(), (weight * part).ravel(), _BINS)
    smooth = (np.roll(out, 1) + 2 * out + np.roll(out, -1)) / 4
    centred: Floats = (smooth - smooth.mean()).astype(np.float32)
    return centred


def _turn(before: Floats, after: Floats) -> float:
    """Degrees by which one profile is best turned into the next."""
    shifts = np.arange(-_REACH, _REACH + 1)
    scores = np.array([float(np.roll(before, shift) @ after) for shift in shifts])
    return float(shifts[scores.argmax()] * 360 / _BINS)
