"""The pictures a clip is stitched of: which ones of a folder, in which order, how they become of one size."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import OnEvent, StepEvent
from ttvideo.jobs import folders
from ttvideo.media.files import disk_error

if TYPE_CHECKING:
    from ttvideo.media.frames import Pixels

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class Source:
    """A folder as it was named, as a whole path, and its pictures in order; of a job's folder those of its frames."""

    folder: Path
    pictures: tuple[Path, ...]


def source(name: str) -> Source:
    """Raises WorkerError: INVALID_PARAMETERS (not a whole path, no pictures), NOT_FOUND, DISK."""
    folder = folders.whole_path(name)
    if not folder.is_dir():
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no folder {folder}.", "Check the path.")
    ours = folders.holds_job(folder)
    inside = folder / folders.FRAMES if ours else folder
    try:
        names = os.listdir(inside)
    except FileNotFoundError:  # a job that has not begun has no frames yet
        names = []
    except OSError as error:
        raise disk_error(f"The folder {inside} cannot be read", error) from error
    wanted = [name for name in names if Path(name).suffix.lower() in ENDINGS and not name.startswith(".")]
    if not wanted:
        what = "The job has no finished frames yet" if ours else "There are no pictures"
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{what} in {folder}.",
            f"Name a folder that holds pictures ({', '.join(sorted(ending[1:] for ending in ENDINGS))}).",
        )
    return Source(folder, tuple(inside / name for name in sorted(wanted, key=natural)))


def natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """A sort key that puts frame_9 before frame_10; equal but for leading zeros, or case, by the plain names."""
    parts = re.findall(r"(\d+)|(\D+)", name)
    return [(bool(text), int(digits or 0), text.lower()) for digits, text in parts], name


class Fitted:
    """Pictures brought to one size: that of most of them, or else of the first; others are scaled to fit on black."""

    def __init__(self, pictures: Sequence[Path], on_event: OnEvent) -> None:
        """Looks at the head of every picture, with a step for each. Raises WorkerError(INVALID_PARAMETERS)."""
        from ttvideo.media.frames import picture_size

        sizes: Counter[tuple[int, int]] = Counter()
        for number, picture in enumerate(pictures, 1):
            sizes[picture_size(picture)] += 1
            on_event(StepEvent(number, len(pictures)))
        (self.width, self.height), same = sizes.most_common(1)[0]
        self._others = len(pictures) - same
        self._of = len(pictures)

    @property
    def note(self) -> str | None:
        if not self._others:
            return None
        have = "has" if self._others == 1 else "have"
        what = f"{self._others} of {self._of} pictures {have} another size than {self.width}x{self.height}"
        return f"{what}: scaled to fit, on black where the shape differs."

    def load(self, path: Path) -> Pixels:
        """uint8 [height, width, 3]. Raises WorkerError(INVALID_PARAMETERS)."""
        from ttvideo.media.frames import load_picture

        return load_picture(path, self.width, self.height)
