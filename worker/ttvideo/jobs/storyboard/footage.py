"""How long and in which way a storyboard's pictures are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ttvideo.contract import Job, Motion, StoryboardRequest, Transition
from ttvideo.jobs.storyboard.plan import Size
from ttvideo.jobs.storyboard.reel import Reel
from ttvideo.storyboards.storyboard import Board, Scene, parse

if TYPE_CHECKING:
    from ttvideo.media.timeline import Timeline

SMOOTH_FPS = 24.0
HOLD = 0.5
"""Seconds each picture is shown when nothing else is said: the two pictures a second of the lesson."""


@dataclass(frozen=True)
class Showing:
    """Frames per second of the clip, and seconds of a picture that does not say; `moves` when a picture is more than
    one frame of the clip."""

    fps: float
    hold: float
    moves: bool


def showing(board: Board) -> Showing:
    """A storyboard that gives `fps` only, or nothing, becomes one frame of each picture; in others they are held."""
    moves = (
        board.hold is not None
        or board.transition not in (None, Transition.CUT)
        or any(scene.hold is not None or motion(scene) is not Motion.STILL for scene in board.scenes)
    )
    if moves:
        return Showing(board.fps or SMOOTH_FPS, board.hold or HOLD, True)
    fps = board.fps or 1 / HOLD
    return Showing(fps, 1 / fps, False)


def motion(scene: Scene) -> Motion:
    return scene.motion or Motion.STILL


def finished(job: Job) -> Timeline:
    """Of a job that stopped half-way, the pictures that are there."""
    assert isinstance(job.request, StoryboardRequest)
    board = parse(job.request.text or "", job.request.settings)
    of = Size(int(str(job.parameters["width"])), int(str(job.parameters["height"])))
    return timeline(board, dict(Reel(Path(job.folder)).frames()), of)


def timeline(board: Board, pictures: Mapping[int, Path], of: Size) -> Timeline:
    """The scenes whose picture is there, in order, at this size; others are left out."""
    from ttvideo.media.frames import load_picture
    from ttvideo.media.timeline import Still, Timeline

    shown = showing(board)

    def still(scene: Scene) -> Still:
        return Still(pictures[scene.number], scene.hold or shown.hold, motion(scene))

    return Timeline(
        [still(scene) for scene in board.scenes if scene.number in pictures],
        of.width,
        of.height,
        shown.fps,
        read=lambda path: load_picture(path, of.width, of.height),
        transition=board.transition or Transition.CUT,
        transition_seconds=board.transition_seconds,
    )
