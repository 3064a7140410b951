"""Somebody's video, as the pictures that a model begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media import ffmpeg
from ttvideo.media.probe import VIDEOS, probe

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Footage:
    path: Path
    width: int
    height: int
    seconds: float

    def count(self, fps: float) -> int:
        """Pictures that it has at so many a second."""
        return max(1, round(self.seconds * fps))

    def pictures(self, fps: float, count: int, width: int, height: int) -> Pixels:
        """The first `count` at so many a second, uint8 [count, height, width, 3], cut to fill that size.

        Where there are fewer the last one stands still. Raises WorkerError(INVALID_PARAMETERS) for a broken video.
        """
        fill = f"scale={width}:{height}:force_original_aspect_ratio=increase:flags=lanczos,crop={width}:{height}"
        argv = ["-f", VIDEOS[self.path.suffix.lower()], "-i", f"file:{self.path}", "-map", "0:v:0"]
        argv += ["-vf", f"fps={fps:g},{fill}", "-frames:v", str(count), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        try:
            data = ffmpeg.output(argv)
        except WorkerError as error:
            ffmpeg.version()  # tells a missing ffmpeg from a video that it cannot read
            raise _unreadable(self.path) from error
        found = np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)
        if not len(found):
            raise _unreadable(self.path)
        return np.concatenate([found, np.repeat(found[-1:], count - len(found), axis=0)])


def open_video(path: Path) -> Footage:
    """Raises WorkerError: INVALID_PARAMETERS for what is no whole video, ENCODER when there is no ffmpeg."""
    if not path.is_file():
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There is no video {path}.", "Name it by its whole path.")
    found = probe(path, decode=False) if path.suffix.lower() in VIDEOS else None
    if found is None or found.fps is None:
        raise _unreadable(path)
    return Footage(path, found.width, found.height, found.frames / found.fps)


def _unreadable(path: Path) -> WorkerError:
    endings = ", ".join(ending.removeprefix(".") for ending in VIDEOS)
    return WorkerError(
        ErrorKind.INVALID_PARAMETERS, f"{path.name} is no video that can be read.", f"Choose another: {endings}."
    )
