"""The pictures a clip is stitched of: which ones of a folder, in which order, how they become of one size."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import OnEvent, StepEvent
from ttvideo.jobs import folders
from ttvideo.media.files import disk_error

if TYPE_CHECKING:
    from ttvideo.media.frames import Pixels

Fit: TypeAlias = Literal["pad", "crop", "stretch"]
FITS: dict[Fit, str] = {
    "pad": "scaled to fit, on black where the shape differs",
    "crop": "scaled to fill, cut where the shape differs",
    "stretch": "stretched to it",
}
"""What is said of pictures of another size."""
ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class Source:
    """A folder as it was named, as a whole path, and pictures in order; of a job's folder those of its frames."""

    folder: Path
    pictures: tuple[Path, ...]


def source(name: str, files: Sequence[str] = ()) -> Source:
    """The pictures of a folder or, when there are any, these files in their order.

    A shell lists files by name, frame_10 before frame_9: files in just that order are taken in the order of their
    numbers, as a folder's are. Raises WorkerError: INVALID_PARAMETERS (no whole path, no pictures), NOT_FOUND, DISK.
    """
    folder = folders.whole_path(name)
    if not folder.is_dir():
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no folder {folder}.", "Check the path.")
    if files:
        given = [picture(file) for file in files]
        by_name = given == sorted(given, key=str)
        return Source(folder, tuple(sorted(given, key=lambda path: natural(str(path))) if by_name else given))
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


def picture(name: str) -> Path:
    """The whole path of a file. Raises WorkerError: INVALID_PARAMETERS (not a whole path), NOT_FOUND."""
    path = folders.whole_path(name)
    if not path.is_file():
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no picture {path}.", "Check the path.")
    return path


def natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """A sort key that puts frame_9 before frame_10; equal but for leading zeros, or case, by the plain names."""
    parts = re.findall(r"(\d+)|(\D+)", name)
    return [(bool(text), int(digits or 0), text.lower()) for digits, text in parts], name


class Fitted:
    """Pictures brought to one size: that of most of them, or else of the first; `fit` is what is done to others."""

    def __init__(self, pictures: Sequence[Path], on_event: OnEvent, fit: Fit = "pad") -> None:
        """Looks at the head of every picture, with a step for each. Raises WorkerError(INVALID_PARAMETERS)."""
        from ttvideo.media.frames import picture_size

        sizes: Counter[tuple[int, int]] = Counter()
        for number, picture in enumerate(pictures, 1):
            sizes[picture_size(picture)] += 1
            on_event(StepEvent(number, len(pictures)))
        (self.width, self.height), same = sizes.most_common(1)[0]
        self._others = len(pictures) - same
        self._of = len(pictures)
        self._fit = fit

    @property
    def note(self) -> str | None:
        if not self._others:
            return None
        have = "has" if self._others == 1 else "have"
        what = f"{self._others} of {self._of} pictures {have} another size than {self.width}x{self.height}"
        return f"{what}: {FITS[self._fit]}."

    def load(self, path: Path) -> Pixels:
        """uint8 [height, width, 3]. Raises WorkerError(INVALID_PARAMETERS)."""
        from ttvideo.media.frames import load_picture, load_stretched

        if self._fit == "stretch":
            return load_stretched(path, self.width, self.height)
        return load_picture(path, self.width, self.height, cover=self._fit == "crop")
