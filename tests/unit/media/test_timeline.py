"""Which picture is seen when, alone or on its way to the next."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ttvideo.contract import Motion, Transition
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.media.encode import encode
from ttvideo.media.frames import Pixels
from ttvideo.media.interpolate import interpolated
from ttvideo.media.timeline import Still, Timeline, one_each
from unit.media.probe import ffmpegs

SIZE = (48, 32)


def grey(path: Path) -> Pixels:
    """A picture called 100 is of the grey 100."""
    return np.full((*SIZE[::-1], 3), int(path.name), np.uint8)


def timeline(levels: list[int], seconds: float | list[float], fps: float, **about: object) -> Timeline:
    each = seconds if isinstance(seconds, list) else [seconds] * len(levels)
    stills = [Still(Path(str(level)), time) for level, time in zip(levels, each, strict=True)]
    return Timeline(stills, *SIZE, fps, grey, **about)  # type: ignore[arg-type]


def shown(timeline: Timeline) -> list[int]:
    """The grey in the middle of each frame."""
    return [int(frame[SIZE[1] // 2, SIZE[0] // 2, 0]) for frame in timeline.frames()]


def test_without_a_transition_pictures_follow_each_other() -> None:
    assert shown(timeline([10, 20, 30], 0.5, 4)) == [10, 10, 20, 20, 30, 30]


def test_frames_are_those_nearest_to_the_sum_of_the_times() -> None:
    levels = [n % 200 for n in range(500)]
    clip = timeline(levels, 0.3, 24)
    assert len(clip) == 3600
    frames = shown(clip)
    assert len(frames) == 3600
    begins = [0] + [i for i in range(1, 3600) if frames[i] != frames[i - 1]]
    assert max(abs(begin - 7.2 * n) for n, begin in enumerate(begins)) <= 0.5


@pytest.mark.parametrize("fps", [1, 8, 23.976, 29.97, 60])
def test_one_each_is_one_each_at_every_rate(fps: float) -> None:
    assert len(one_each([Path("7")] * 1009, fps, grey)) == 1009


@pytest.mark.parametrize("transition", Transition)
@pytest.mark.parametrize("seconds", [None, 0.1, 0.25, 0.5, 3.0])
def test_a_transition_changes_no_length_and_each_picture_is_seen_alone(
    transition: Transition, seconds: float | None
) -> None:
    levels = [0, 50, 100, 250]
    clip = timeline(levels, [0.5, 0.3, 0.8, 0.4], 10, transition=transition, transition_seconds=seconds)
    frames = shown(clip)
    assert len(frames) == len(clip) == 20
    assert list(frames) == shown(clip)
    assert [level for level in levels if not np.isclose(frames, level, atol=1).any()] == []
    assert (frames[0], frames[-1]) == (0, 250)


def test_a_crossfade_goes_in_equal_steps_around_the_cut() -> None:
    clip = timeline([0, 100], 1, 8, transition=Transition.CROSSFADE)
    assert shown(clip) == [0, 0, 0, 0, 0, 0, 0, 25, 50, 75, 100, 100, 100, 100, 100, 100]
    assert clip.notes == ()


def test_a_fade_goes_through_black() -> None:
    clip = timeline([80, 200], 1, 8, transition=Transition.FADE)
    assert shown(clip) == [80, 80, 80, 80, 80, 80, 80, 40, 0, 100, 200, 200, 200, 200, 200, 200]


def test_transitions_as_long_as_the_pictures_move_without_rest() -> None:
    clip = timeline([0, 80, 160], 0.5, 8, transition=Transition.CROSSFADE, transition_seconds=0.5)
    assert shown(clip) == [0, 0, 0, 20, 40, 60, 80, 100, 120, 140, 160, 160][-len(clip) :]
    assert clip.notes == ()


def test_what_is_shortened_or_has_no_room_is_said() -> None:
    short = timeline([0, 100, 200], [1, 0.25, 1], 8, transition=Transition.CROSSFADE, transition_seconds=0.5)
    assert "2 of 2 transitions (crossfade) are shorter than 0.5 seconds" in short.notes[0]
    cut = timeline([0, 100], 0.5, 2, transition=Transition.FADE)
    assert "too short for a transition (fade) at 2 frames a second" in cut.notes[0]
    assert shown(cut) == [0, 100]
    hidden = timeline([0, 100, 200], [1, 0.01, 1], 4)
    assert hidden.notes == ("Shown too short for 4 frames a second, and left out: 1 picture.",)
    assert shown(hidden) == [0] * 4 + [200] * 4


def test_a_clip_fades_from_and_to_black() -> None:
    assert shown(timeline([200], 2, 4, fade_in=1, fade_out=0.5)) == [0, 50, 100, 150, 200, 200, 100, 0]


def test_a_clip_has_a_frame_however_short() -> None:
    assert shown(timeline([9], 0.001, 1)) == [9]


def ramp(path: Path) -> Pixels:
    """Grey that grows from left to right: what is in the middle says where the camera is."""
    return np.repeat(np.repeat(np.arange(240, dtype=np.uint8)[None, :, None], 160, axis=0), 3, axis=2)


def test_a_move_begins_with_the_first_frame_and_ends_with_the_last() -> None:
    clip = Timeline([Still(Path("ramp"), 2, Motion.PAN_RIGHT, zoom=2)], *SIZE, 6, ramp)
    frames = shown(clip)
    assert frames[0] == pytest.approx(60, abs=2)
    assert frames[-1] == pytest.approx(180, abs=2)
    assert frames == sorted(frames)
    assert int(clip.poster()[16, 24, 0]) == pytest.approx(120, abs=2)


def test_the_camera_goes_on_while_pictures_crossfade() -> None:
    stills = [Still(Path("ramp"), 1, Motion.PAN_RIGHT, zoom=2)] * 2
    moves = [
        [frame.astype(int) for frame in Timeline(stills, *SIZE, 12, ramp, transition).frames()]
        for transition in (Transition.CROSSFADE, Transition.INTERPOLATE)
    ]
    crossfade, interpolate = ([np.abs(b - a).mean() for a, b in pairwise(move)] for move in moves)
    assert min(crossfade[:8]) > 0
    assert len(interpolate) == len(crossfade) == 23


def test_a_picture_of_another_shape_fills_the_clip() -> None:
    frame = next(Timeline([Still(Path("ramp"), 1)], 32, 32, 1, ramp).frames())
    assert frame.shape == (32, 32, 3)
    assert (int(frame[16, 0, 0]), int(frame[16, -1, 0])) == pytest.approx((42, 197), abs=2)


def test_frames_of_another_size_are_named() -> None:
    def read(path: Path) -> Pixels:
        return np.zeros((8, 9 if path.name == "b.png" else 8, 3), np.uint8)

    frames = one_each([Path("a.png"), Path("b.png")], 8, read).frames()
    next(frames)
    with pytest.raises(WorkerError, match=r"b\.png is 9x8, but the first frame of the clip is 8x8") as caught:
        next(frames)
    assert caught.value.kind is ErrorKind.DISK


def blob(x: float, y: float, size: int = 160) -> Pixels:
    rows, columns = np.mgrid[0:size, 0:size]
    texture = 20 * np.sin(columns / 7) + 20 * np.cos(rows / 9) + 60
    disc = (columns - x) ** 2 + (rows - y) ** 2 < 20**2
    return np.repeat(np.where(disc, 230, texture)[..., None], 3, axis=2).astype(np.uint8)


def test_interpolation_moves_what_moved() -> None:
    between = [*interpolated(blob(60, 70), blob(76, 78), 4)]
    assert len(between) == 3
    for step, frame in enumerate(between, 1):
        rows, columns = np.nonzero(frame[..., 0] > 180)
        assert (columns.mean(), rows.mean()) == pytest.approx((60 + 4 * step, 70 + 2 * step), abs=1)
        # One disc, not two that fade into each other.
        assert len(columns) == pytest.approx(np.pi * 20**2, rel=0.1)


def test_interpolation_of_one_step_has_nothing_between() -> None:
    assert [*interpolated(blob(60, 70), blob(76, 78), 1)] == []


def test_a_clip_cancelled_while_it_interpolates_leaves_no_process(tmp_path: Path) -> None:
    def read(path: Path) -> Pixels:
        return blob(int(path.name), 70)

    stills = [Still(Path("60"), 1), Still(Path("76"), 1)]
    clip = Timeline(stills, 160, 160, 12, read, Transition.INTERPOLATE)
    running: list[int] = []

    def stop(frame: int) -> None:
        running.append(len(ffmpegs()))
        if frame == 12:
            raise Cancelled

    with pytest.raises(Cancelled):
        encode(clip, tmp_path / "clip.mp4", "mp4", None, stop)
    assert running[-1] == 2
    assert ffmpegs() == []
    assert [*tmp_path.iterdir()] == []
