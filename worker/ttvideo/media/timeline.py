"""Pictures in time: how long each is shown, how the camera moves over it and how it becomes the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from ttvideo.contract import Easing, Motion, Rectangle, Transition
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media.frames import Pixels, load_frame
from ttvideo.media.interpolate import interpolated
from ttvideo.media.motion import ZOOM, Picture, between, ease, ends


@dataclass(frozen=True)
class Still:
    """A picture that is shown for some seconds, while the camera moves over it; see `motion.ends`."""

    picture: Path
    seconds: float
    motion: Motion = Motion.STILL
    zoom: float = ZOOM
    easing: Easing = Easing.EASE_IN_OUT
    start: Rectangle | None = None
    end: Rectangle | None = None


@dataclass(frozen=True)
class Timeline:
    """Pictures that follow each other, as frames that are made one by one.

    A picture begins at the frame nearest to the sum of the seconds before it, so that nothing drifts, and N pictures of
    S seconds are N times S seconds long, whatever the transition: half of it takes place in the time of the picture
    before, half in that of the next. A transition is as long as from the last frame that shows the one picture alone to
    the first that shows the other: `transition_seconds`, None for half of the shorter one's seconds, but never so long
    that a picture is not once seen alone. So transitions as long as the pictures move without rest.

    A cut has nothing between; a crossfade mixes the sRGB values; a fade goes through black; for interpolate see there,
    and the camera rests meanwhile. Before the first picture and after the last there is no transition, only `fade_in`
    from and `fade_out` to black, in seconds.

    `read` gives a picture as uint8 [h, w, 3]. One that has not the clip's size is shown as far as it fills the clip.
    """

    stills: Sequence[Still]
    width: int
    height: int
    fps: float
    read: Callable[[Path], Pixels] = load_frame
    transition: Transition = Transition.CUT
    transition_seconds: float | None = None
    fade_in: float = 0.0
    fade_out: float = 0.0

    def __len__(self) -> int:
        return self._cuts[-1]

    @property
    def moves(self) -> bool:
        """Whether the camera moves over any of the pictures."""
        return any(still.motion is not Motion.STILL for still in self.stills)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not as it was asked for."""
        notes = []
        if hidden := len(self.stills) - len(self._shots):
            notes.append(f"Shown too short for {self.fps:g} frames a second, and left out: {_pictures(hidden)}.")
        if self.transition is Transition.CUT or not self._steps:
            return tuple(notes)
        name = self.transition.value
        if max(self._steps) < 2:
            notes.append(
                f"The pictures are shown too short for a transition ({name}) at {self.fps:g} frames a second: they cut."
            )
        elif self.transition_seconds and (
            short := [s for s in self._steps if s < self._wanted(self.transition_seconds)]
        ):
            notes.append(
                f"{len(short)} of {len(self._steps)} transitions ({name}) are shorter than {self.transition_seconds:g} "
                "seconds, as long as the pictures beside them are shown."
            )
        return tuple(notes)

    def frames(self) -> Generator[Pixels]:
        """Each frame, uint8 [height, width, 3]. Raises what `read` raises and WorkerError(ENCODER)."""
        brightening, dimming = self._wanted(self.fade_in), self._wanted(self.fade_out)
        for number, frame in enumerate(self._unfaded()):
            left = len(self) - 1 - number
            light = min(number / brightening if brightening else 1, 1) * min(left / dimming if dimming else 1, 1)
            yield frame if light == 1 else _mixed(frame, None, 1 - light)

    def poster(self) -> Pixels:
        """What stands for the clip: the middle picture in the middle of its move, uint8 [height, width, 3]."""
        first, last, still = self._shots[len(self._shots) // 2]
        shot = _Shot(self, still, first, last)
        return shot.at(0.5)

    def _unfaded(self) -> Iterator[Pixels]:
        before: _Shot | None = None
        for number, (first, last, still) in enumerate(self._shots):
            entering = self._steps[number - 1] if number else 1
            leaving = self._steps[number] if number < len(self._steps) else 1
            # A picture has its last frame alone (steps + 1) // 2 before the cut, and its first steps // 2 after it.
            alone = range(first + entering // 2, last - (leaving + 1) // 2 + 1)
            if self.transition is Transition.INTERPOLATE:
                shot = _Shot(self, still, alone.start, alone.stop)
            else:
                shot = _Shot(self, still, alone.start - entering + 1, alone.stop + leaving - 1)
            if before is not None:
                yield from self._between(before, shot, range(alone.start - entering + 1, alone.start))
                before = None
            for frame in alone:
                yield shot.frame(frame)
            before = shot if leaving > 1 else None

    def _between(self, before: _Shot, shot: _Shot, frames: range) -> Iterator[Pixels]:
        """The frames of a transition, none of which shows one picture alone."""
        steps = len(frames) + 1
        if self.transition is Transition.INTERPOLATE:
            yield from interpolated(before.frame(frames.start - 1), shot.frame(frames.stop), steps)
            return
        for step, frame in enumerate(frames, 1):
            if self.transition is Transition.CROSSFADE:
                yield _mixed(before.frame(frame), shot.frame(frame), step / steps)
            elif 2 * step <= steps:
                yield _mixed(before.frame(frame), None, 2 * step / steps)
            else:
                yield _mixed(shot.frame(frame), None, 2 - 2 * step / steps)

    @cached_property
    def _cuts(self) -> tuple[int, ...]:
        """The first frame of each picture, and how many frames there are."""
        times = accumulate((still.seconds for still in self.stills), initial=0.0)
        cuts = [math.floor(seconds * self.fps + 0.5) for seconds in times]
        return (*cuts[:-1], max(cuts[-1], 1))

    @cached_property
    def _shots(self) -> tuple[tuple[int, int, Still], ...]:
        """First frame and the one after the last, counted from cut to cut, of each picture that has one."""
        return tuple(
            (*cut, still) for cut, still in zip(pairwise(self._cuts), self.stills, strict=True) if cut[0] < cut[1]
        )

    @cached_property
    def _steps(self) -> tuple[int, ...]:
        """From the last frame that shows a picture alone to the first of the next, for each pair; 1 is a cut."""
        if self.transition is Transition.CUT:
            return (1,) * (len(self._shots) - 1)
        steps = []
        for a, b in pairwise(self._shots):
            seconds = self.transition_seconds or min(a[2].seconds, b[2].seconds) / 2
            steps.append(max(1, min(self._wanted(seconds), a[1] - a[0], b[1] - b[0])))
        return tuple(steps)

    def _wanted(self, seconds: float) -> int:
        return math.floor(seconds * self.fps + 0.5)


class _Shot:
    """A still's picture, and the frames from `first` on in which it is seen, the last before `end`."""

    def __init__(self, timeline: Timeline, still: Still, first: int, end: int) -> None:
        pixels = timeline.read(still.picture)
        shapes = pixels.shape[1] / pixels.shape[0], timeline.width / timeline.height
        self._still, self._first, self._last = still, first, end - 1
        self._views = ends(still.motion, still.zoom, still.start, still.end, *shapes)
        self._picture = Picture(pixels, min(self._views, key=lambda view: view.width), timeline.width, timeline.height)
        self._shown = self._views[0], self._picture.frame(self._views[0])

    def frame(self, number: int) -> Pixels:
        return self.at((number - self._first) / (self._last - self._first) if self._last > self._first else 0.0)

    def at(self, t: float) -> Pixels:
        view = between(*self._views, ease(self._still.easing, t))
        if view != self._shown[0]:
            self._shown = view, self._picture.frame(view)
        return self._shown[1]


def one_each(pictures: Sequence[Path], fps: float, read: Callable[[Path], Pixels] = load_frame) -> Timeline:
    """Each picture for one frame. All must have the size of the first.

    Raises WorkerError: ENCODER (no picture), and what `read` raises; when a frame is made, DISK (another size).
    """
    if not pictures:
        raise WorkerError(ErrorKind.ENCODER, "There is no frame to make a clip of.", "Resume the job to make some.")
    size = read(pictures[0]).shape

    def same_size(path: Path) -> Pixels:
        pixels = read(path)
        if pixels.shape != size:
            raise WorkerError(
                ErrorKind.DISK,
                f"The frame {path} is {pixels.shape[1]}x{pixels.shape[0]}, "
                f"but the first frame of the clip is {size[1]}x{size[0]}.",
                "Remove it and resume the job to make it again.",
            )
        return pixels

    return Timeline([Still(picture, 1 / fps) for picture in pictures], size[1], size[0], fps, same_size)


def _mixed(a: Pixels, b: Pixels | None, part: float) -> Pixels:
    """`a` with `part` of `b`, None for black; uint8 of their shape."""
    mixed = a * np.float32(1 - part)
    if b is not None:
        mixed += b * np.float32(part)
    pixels: Pixels = np.rint(mixed).astype(np.uint8)
    return pixels


def _pictures(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}"
