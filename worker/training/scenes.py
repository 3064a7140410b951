"""Procedural clips: one subject, one colour, one motion, one scene. Signed distance fields, numpy only.

Coordinates are in units of 1/128 of the frame, y down, whatever the size in pixels. The distance functions of star
and heart follow Inigo Quilez, "2D distance functions" (iquilezles.org/articles/distfunctions2d).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Frames: TypeAlias = npt.NDArray[np.uint8]

SUBJECTS = ("ball", "square", "triangle", "star", "heart", "sun", "moon", "rocket", "fish")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (226, 40, 44),
    "orange": (255, 138, 20),
    "yellow": (255, 222, 40),
    "green": (40, 190, 70),
    "blue": (45, 100, 240),
    "purple": (150, 60, 215),
    "pink": (255, 120, 190),
    "white": (248, 248, 250),
}
SCENES = ("night", "sunset", "ocean", "grass", "mountains", "desert", "snow", "city")
MOTIONS = ("left", "right", "rising", "falling", "bouncing", "growing", "shrinking", "spinning", "circling")
FRAMES = 16

# Few layouts per scene: what the prompt cannot tell the model should not cost it capacity.
LAYOUTS = 4
# These look the same turned by any angle, or nearly so: "spinning" would be a caption for nothing seen.
ROUND = ("ball", "sun")
SIZES = {"": 1.0, "small": 0.6, "big": 1.45}
PACES = {"": 1.0, "slow": 0.5, "fast": 1.5}
# What changes its size has none to ask for; and only a path can be covered in more or less time.
SIZED = tuple(motion for motion in MOTIONS if motion not in ("growing", "shrinking"))
PACED = ("left", "right", "rising", "falling", "bouncing", "circling")
OPPOSITE = {"left": "right", "rising": "falling", "growing": "shrinking"}
OPPOSITE |= {there: here for here, there in OPPOSITE.items()}


@dataclass(frozen=True)
class Spec:
    """All that a clip shows; `seed` decides layout, place and phase, and about how large "" is."""

    subject: str
    colour: str
    scene: str
    motion: str
    seed: int
    size: str = ""
    pace: str = ""

    @property
    def held_out(self) -> bool:
        """About 8 % of the combinations, chosen by hash, are never trained on."""
        key = f"{self.subject}/{self.colour}/{self.scene}/{self.motion}"
        return hashlib.md5(key.encode(), usedforsecurity=False).digest()[0] < 20

    @property
    def shows_motion(self) -> bool:
        return not (self.motion == "spinning" and self.subject in ROUND)


def sample(rng: random.Random, *, held_out: bool = False) -> Spec:
    """Draw a combination from the training part, or from the held-out part."""
    while True:
        spec = Spec(
            rng.choice(SUBJECTS),
            rng.choice(tuple(COLOURS)),
            rng.choice(SCENES),
            rng.choice(MOTIONS),
            rng.randrange(1 << 30),
        )
        if spec.held_out == held_out and spec.shows_motion:
            return spec


def vary(spec: Spec, rng: random.Random, share: float = 0.25) -> Spec:
    """Give `share` of the clips a size to be told, and as many a pace."""
    size = rng.choice(("small", "big")) if spec.motion in SIZED and rng.random() < share else ""
    pace = rng.choice(("slow", "fast")) if spec.motion in PACED and rng.random() < share else ""
    return replace(spec, size=size, pace=pace)


def opposite(spec: Spec, rng: random.Random) -> Spec | None:
    """The same clip with the opposite motion, or another if there is none; None when it is not one to train on."""
    others = [motion for motion in MOTIONS if motion not in (*OPPOSITE, spec.motion)]
    motion = OPPOSITE.get(spec.motion) or rng.choice(others)
    other = replace(spec, motion=motion, pace=spec.pace if motion in PACED else "")
    return other if other.shows_motion and not other.held_out else None


def render(spec: Spec, size: int = 128, frames: int = FRAMES, only: Sequence[int] = ()) -> Frames:
    """Render a clip of `frames` frames, or `only` these of it: uint8 [frames, size, size, 3], RGB."""
    rng = np.random.default_rng(spec.seed)
    chosen = list(only) or list(range(frames))
    image = _background(spec.scene, int(rng.integers(LAYOUTS)), size, frames)[chosen]
    x, y, radius, angle = (path[chosen] for path in _path(spec, rng, frames))
    image = _draw_subject(image, spec, x, y, radius, angle)
    out: Frames = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    return out


def _path(spec: Spec, rng: np.random.Generator, frames: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Centre x, y, radius and angle of the subject in each frame."""
    u = _moments(frames)
    one = np.ones_like(u)
    x, y = (64 + rng.uniform(-14, 14)) * one, (58 + rng.uniform(-10, 10)) * one
    radius, angle = rng.uniform(23, 28) * SIZES[spec.size] * one, 0 * one
    pace = PACES[spec.pace]
    jitter = rng.uniform(-4, 4)
    match spec.motion:
        case "left":
            x = 64 - 80 * pace * (u - 0.5) + jitter
        case "right":
            x = 64 + 80 * pace * (u - 0.5) + jitter
        case "rising":
            y = 64 - 80 * pace * (u - 0.5) + jitter
        case "falling":
            y = 62 + 80 * pace * (u - 0.5) + jitter
        case "bouncing":
            y = 96 - 62 * np.abs(np.sin(2 * np.pi * pace * u)) + jitter
        case "growing":
            radius = (9 + 29 * u) * rng.uniform(0.92, 1.08)
        case "shrinking":
            radius = (38 - 29 * u) * rng.uniform(0.92, 1.08)
        case "spinning":
            angle = 1.5 * np.pi * u
        case "circling":
            turn = 2 * np.pi * pace * u + np.pi / 2 * rng.integers(4)
            x, y = 64 + jitter + 30 * np.cos(turn), 62 + 30 * np.sin(turn)
    return x, y, radius, angle


def _moments(frames: int) -> Floats:
    """When each frame is, from 0 to 1: a clip shows the whole motion however long it is, a picture its middle."""
    return np.linspace(0, 1, frames, dtype=np.float32) if frames > 1 else np.full(1, 0.5, np.float32)


@lru_cache(maxsize=4)
def _grid(size: int) -> tuple[Floats, Floats]:
    axis = (np.arange(size, dtype=np.float32) + 0.5) * (128 / size)
    return np.tile(axis, (size, 1)), np.tile(axis[:, None], (1, size))


def _cover(distance: Floats, size: int) -> Floats:
    """Antialiased coverage from a signed distance in 1/128 units (negative inside)."""
    cover: Floats = np.clip(0.5 - distance * (size / 128), 0, 1)
    return cover


def _over(image: Floats, cover: Floats, colour: tuple[float, ...] | Floats) -> Floats:
    out: Floats = image + (np.asarray(colour, np.float32) - image) * cover[..., None]
    return out


def _gradient(size: int, *stops: tuple[float, tuple[int, int, int]]) -> Floats:
    _, y = _grid(size)
    at = [s[0] for s in stops]
    out: Floats = np.stack([np.interp(y, at, [s[1][k] for s in stops]) for k in range(3)], -1).astype(np.float32)
    return out


@lru_cache(maxsize=256)
def _background(scene: str, layout: int, size: int, frames: int) -> Floats:
    """One of `LAYOUTS` variants of a scene: float32 [frames, size, size, 3], or [1, ...] when it stands still."""
    rng = np.random.default_rng([SCENES.index(scene), layout])
    still = _SCENE_PAINTERS[scene](rng, size, _moments(frames)[:, None, None])
    out: Floats = np.broadcast_to(still, (frames, *still.shape[1:]))
    return out


def _night(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = _gradient(size, (0, (8, 10, 44)), (128, (40, 38, 100)))
    for _ in range(18):
        cx, cy, r = rng.uniform(4, 124), rng.uniform(4, 124), rng.uniform(1.0, 1.9)
        image = _over(image, _cover(np.hypot(x - cx, y - cy) - r, size), (255, 250, 225))
    return image[None]


def _sunset(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = _gradient(size, (0, (90, 50, 130)), (50, (225, 90, 110)), (88, (255, 170, 80)), (106, (255, 205, 120)))
    horizon = 106 + 2 * np.sin(x * 0.05 + rng.uniform(0, 6))
    return _over(image, _cover(horizon - y, size), (58, 32, 62))[None]


def _ocean(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = np.repeat(_gradient(size, (0, (120, 195, 250)), (74, (205, 235, 255)))[None], len(u), 0)
    for k, (level, colour) in enumerate([(76, (40, 120, 200)), (94, (28, 96, 178)), (112, (18, 72, 150))]):
        drift = 2 * np.pi * u * (1 if k % 2 else -1)
        wave = level + 3.2 * np.sin(x * (0.16 - 0.02 * k) + rng.uniform(0, 6.28) + drift)
        image = _over(image, _cover(wave - y, size), colour)
    return image


def _grass(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = np.repeat(_gradient(size, (0, (105, 185, 250)), (90, (200, 232, 255)))[None], len(u), 0)
    cx, cy, phase = rng.uniform(24, 104), rng.uniform(16, 26), rng.uniform(0, 6.28)
    for dx, r in ((-9, 7), (0, 10), (10, 7)):
        image = _over(image, _cover(np.hypot(x - (cx + dx + u * 14 - 7), (y - cy) * 1.25) - r, size), (255, 255, 255))
    image = _over(image, _cover(84 + 6 * np.sin(x * 0.045 + phase) - y, size)[None], (110, 200, 80))
    return _over(image, _cover(100 + 5 * np.sin(x * 0.05 + phase + 2) - y, size)[None], (66, 165, 55))


def _mountains(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = _gradient(size, (0, (150, 190, 245)), (90, (250, 225, 215)))
    for count, top, height, colour in ((2.2, 56, 34, (150, 115, 190)), (3.1, 78, 28, (98, 66, 150))):
        ridge = top + height * np.abs(2 * (((x + rng.uniform(0, 60)) / (128 / count)) % 1) - 1)
        image = _over(image, _cover((ridge - y) * 0.75, size), colour)
    return image[None]


def _desert(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = _gradient(size, (0, (130, 200, 240)), (86, (250, 238, 205)))
    phase, cx, cy = rng.uniform(0, 6.28), rng.uniform(14, 114), 92
    image = _over(image, _cover(86 + 8 * np.sin(x * 0.05 + phase) - y, size), (236, 196, 120))
    image = _over(image, _cover(104 + 6 * np.sin(x * 0.06 + phase + 2.5) - y, size), (214, 164, 88))
    boxes = [(cx, cy, 2.6, 13), (cx, cy, 9, 2), (cx - 8, cy - 4, 2, 6), (cx + 8, cy - 4, 2, 6)]
    cactus = np.min([np.maximum(np.abs(x - bx) - w, np.abs(y - by) - h) for bx, by, w, h in boxes], 0)
    return _over(image, _cover(cactus, size), (50, 130, 70))[None]


def _snow(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = _gradient(size, (0, (128, 150, 186)), (92, (196, 210, 228)))
    image = _over(image, _cover(98 + 5 * np.sin(x * 0.05 + rng.uniform(0, 6.28)) - y, size), (244, 248, 255))
    out = np.repeat(image[None], len(u), 0)
    for _ in range(14):
        fx, fy = rng.uniform(3, 125), rng.uniform(0, 128)
        # Two full lengths of fall and back to the start: the flakes loop.
        at = (fy + u * 64) % 128
        out = _over(out, _cover(np.hypot(x - fx, y - at) - 1.9, size), (255, 255, 255))
    return out


def _city(rng: np.random.Generator, size: int, u: Floats) -> Floats:
    x, y = _grid(size)
    image = _gradient(size, (0, (60, 70, 130)), (100, (240, 170, 150)))
    left = -rng.uniform(0, 10)
    while left < 128:
        width, top = rng.uniform(15, 21), rng.uniform(60, 100)
        house = np.maximum(np.abs(x - left - width / 2) - width / 2 + 0.6, top - y)
        image = _over(image, _cover(house, size), (38, 40, 66))
        for wy in np.arange(top + 8, 122, 11):
            for wx in (left + width * 0.3, left + width * 0.7):
                if rng.random() < 0.6:
                    window = np.maximum(np.abs(x - wx) - 1.9, np.abs(y - wy) - 2.5)
                    image = _over(image, _cover(window, size), (255, 222, 120))
        left += width
    return image[None]


_SCENE_PAINTERS = {
    "night": _night,
    "sunset": _sunset,
    "ocean": _ocean,
    "grass": _grass,
    "mountains": _mountains,
    "desert": _desert,
    "snow": _snow,
    "city": _city,
}


def _star(px: Floats, py: Floats, points: int, inner: float) -> Floats:
    """A star of outer radius 1 and inner radius `inner`."""
    half = np.pi / points
    angle = np.abs(((np.arctan2(px, -py) + half) % (2 * half)) - half)
    length = np.hypot(px, py)
    qx, qy = length * np.cos(angle), length * np.sin(angle)
    nx, ny = inner * np.sin(half), 1 - inner * np.cos(half)
    out: Floats = ((qx - 1) * nx + qy * ny) / np.hypot(nx, ny)
    return out


def _heart(px: Floats, py: Floats) -> Floats:
    x, y = np.abs(px) * 0.62, 0.55 - py * 0.62
    lobe = np.hypot(x - 0.25, y - 0.75) - 0.3536
    side = 0.5 * np.maximum(x + y, 0)
    tip = np.sqrt(np.minimum(x**2 + (y - 1) ** 2, (x - side) ** 2 + (y - side) ** 2)) * np.sign(x - y)
    out: Floats = np.where(x + y > 1, lobe, tip) / 0.62
    return out


def _subject_distance(subject: str, px: Floats, py: Floats) -> tuple[Floats, list[tuple[Floats, str]]]:
    """Signed distance of the outline (unit radius), and of details with the tone each is painted in."""
    radius = np.hypot(px, py)
    match subject:
        case "ball":
            return radius - 1, [(np.hypot(px + 0.33, py + 0.36) - 0.28, "light")]
        case "square":
            return np.maximum(np.abs(px), np.abs(py)) - 0.86, []
        case "triangle":
            return np.maximum(np.abs(px) * 0.866 - py * 0.5 - 0.55, py - 0.68), []
        case "star":
            return _star(px, py, 5, 0.45), []
        case "heart":
            return _heart(px, py), []
        case "sun":
            return _star(px, py, 8, 0.62), [(radius - 0.52, "light")]
        case "moon":
            return np.maximum(radius - 1, 0.86 - np.hypot(px - 0.5, py + 0.12)), []
        case "rocket":
            body = np.maximum(np.hypot(np.abs(px) + 0.62, (py + 0.1) * 0.72) - 1.06, py - 0.62) * 0.9
            fins = np.maximum(np.maximum(np.abs(px) - 0.78, py - 0.82), (np.abs(px) * 0.9 + 0.12 - py) * 0.75)
            flame = np.maximum((np.abs(px) * 1.7 + py - 1.2) * 0.5, 0.62 - py)
            return np.minimum(np.minimum(body, fins), flame), [
                (flame + 0.06, "flame"),
                (np.hypot(px, py + 0.3) - 0.19, "glass"),
            ]
        case "fish":
            body = (np.hypot(px - 0.2, py * 1.6) - 0.82) * 0.8
            tail = np.maximum(np.maximum(np.abs(py) * 0.9 + px * 0.8 + 0.16, -1.0 - px), px + 0.2) * 0.75
            return np.minimum(body, tail), [(np.hypot(px - 0.58, py + 0.12) - 0.12, "dark")]
    raise ValueError(f"unknown subject {subject!r}")


def _draw_subject(image: Floats, spec: Spec, x: Floats, y: Floats, radius: Floats, angle: Floats) -> Floats:
    size = image.shape[1]
    gx, gy = _grid(size)
    column = (slice(None), None, None)
    dx, dy = (gx - x[column]) / radius[column], (gy - y[column]) / radius[column]
    cos, sin = np.cos(angle)[column], np.sin(angle)[column]
    distance, details = _subject_distance(spec.subject, dx * cos + dy * sin, dy * cos - dx * sin)
    colour = np.array(COLOURS[spec.colour], np.float32)
    tones = {
        "light": colour + (255 - colour) * 0.5,
        "dark": colour * 0.15,
        "flame": np.array((255, 170, 40), np.float32),
        "glass": np.array((205, 238, 255), np.float32),
    }
    scale = radius[column]
    # The dark rim keeps a white subject visible on snow, and the contrast through the latents.
    image = _over(image, _cover(distance * scale - 1.6, size), colour * 0.2)
    image = _over(image, _cover(distance * scale + 0.9, size), colour)
    for detail, tone in details:
        image = _over(image, _cover(detail * scale, size), tones[tone])
    return image


def contact_sheet(clips: list[Frames], columns: int = 8, pad: int = 2) -> Frames:
    """A row per clip, `columns` frames spread evenly over it: uint8 [H, W, 3]."""
    _, height, width, _ = clips[0].shape
    sheet = np.full((len(clips) * (height + pad), columns * (width + pad), 3), 128, np.uint8)
    for row, clip in enumerate(clips):
        for column, frame in enumerate(np.linspace(0, len(clip) - 1, columns).round().astype(int)):
            top, left = row * (height + pad), column * (width + pad)
            sheet[top : top + height, left : left + width] = clip[frame]
    return sheet
