"""A storyboard's own folder: its frames, earlier takes of them, and what is known about each picture.

A picture is known by its bytes, wherever it lies: `storyboard.json` holds, for the SHA-256 of each, what it shows. So a
frame that was changed, cut short or replaced by somebody is never taken for ours, and one that only moved is found.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.media.files import write_atomic

EARLIER = "earlier"
FRAME = re.compile(r"frame_(\d+)\.png")

_hashes: dict[Path, tuple[tuple[int, int, int], str]] = {}


class Record(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True, extra="forbid", frozen=True
    )


class Picture(Record):
    """What a picture shows, by its key, and how it was made."""

    key: str
    seed: int
    model: str
    width: int
    height: int
    steps: int = 0
    device: str = Field("", description="Id of the backend it was made on; empty for one of another program")
    device_title: str = ""
    chips: int = Field(0, description="Of a Tenstorrent device; 0 otherwise")
    seconds: float = 0.0
    made_at: float = 0.0
    adopted_from: str | None = None


class Document(Record):
    """`storyboard.json`."""

    version: int = 1
    file: str
    seed: int = Field(description="Drawn once, for a storyboard that does not give one")
    batch: int | None = Field(None, description="Frames drawn at once; decided by the first run")
    takes: dict[str, int] = Field(default_factory=dict, description="Seeds of frames made again, by their first key")
    pictures: dict[str, Picture] = Field(default_factory=dict, description="By the SHA-256 of their files")


class Reel:
    """The folder; every method that writes leaves it whole, whenever the process is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, file: Path, seed: int) -> Reel:
        """Raises WorkerError(DISK)."""
        folders.make(folder)
        reel = cls(folder)
        reel._write(Document(file=str(file), seed=seed))
        return reel

    @classmethod
    def find(cls, output: Path, file: Path) -> Reel | None:
        """The newest folder in `output` that was made of this storyboard file."""
        try:
            names = os.listdir(output)
        except OSError:
            return None
        for name in sorted((name for name in names if folders.NAME.fullmatch(name)), reverse=True):
            reel = cls(output / name)
            document = reel.read()
            if document is not None and document.file == str(file):
                return reel
        return None

    def read(self) -> Document | None:
        try:
            return Document.model_validate_json((self.folder / folders.STORYBOARD).read_bytes())
        except (OSError, ValidationError):
            return None

    def change(self, change: Callable[[Document], Document]) -> Document:
        """Read, change and write, with nobody in between. Raises WorkerError: NOT_FOUND, DISK."""
        with filelock.FileLock(self.folder / f".{folders.STORYBOARD}.lock"):
            document = self.read()
            if document is None:
                raise WorkerError(
                    ErrorKind.NOT_FOUND,
                    f"The folder {self.folder} is not a storyboard's any more.",
                    "Make the storyboard again: it begins in a new folder.",
                )
            changed = change(document)
            if changed != document:
                self._write(changed)
            return changed

    def frame(self, number: int) -> Path:
        return folders.frame_path(self.folder, number)

    def frames(self) -> list[tuple[int, Path]]:
        """Number and file of what is named like a frame, in order."""
        inside = self.folder / folders.FRAMES
        try:
            names = os.listdir(inside)
        except OSError:
            return []
        found = [(int(match[1]), inside / name) for name in names if (match := FRAME.fullmatch(name))]
        return sorted(found)

    def put(self, number: int, picture: Picture, data: bytes) -> Document:
        """Make `data`, a whole PNG, the frame; what was there is kept among the earlier takes."""
        sha = hashlib.sha256(data).hexdigest()
        # First what it is, then the file: a picture that is there is always known.
        known = self.change(lambda now: now.model_copy(update={"pictures": now.pictures | {sha: picture}}))
        path = self.frame(number)
        self.set_aside(path)
        folders.make(path.parent)
        write_atomic(path, data)
        return known

    def set_aside(self, path: Path) -> Path | None:
        """Move a frame's file to the earlier takes; where it is now, None when there was none."""
        sha = fingerprint(path)
        if sha is None:
            return None
        folders.make(self.folder / EARLIER)
        aside = self.folder / EARLIER / f"{path.stem}-{sha[:16]}.png"
        os.replace(path, aside)
        return aside

    def take(self, key: str, document: Document) -> bytes | None:
        """The bytes of a picture with this key: of a frame, at whatever number, or of an earlier take."""
        if not any(picture.key == key for picture in document.pictures.values()):
            return None
        for path in self._pictures():
            known = document.pictures.get(fingerprint(path) or "")
            if known is not None and known.key == key:
                return path.read_bytes()
        return None

    def _pictures(self) -> Iterator[Path]:
        yield from (path for _, path in self.frames())
        earlier = self.folder / EARLIER
        if earlier.is_dir():
            yield from sorted(earlier.glob("*.png"))

    def _write(self, document: Document) -> None:
        write_atomic(self.folder / folders.STORYBOARD, document.model_dump_json(by_alias=True, indent=1).encode())


def fingerprint(path: Path) -> str | None:
    """SHA-256 of a file, remembered until the file changes; None when there is none."""
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = _hashes.get(path)
        if known is None or known[0] != stamp:
            known = _hashes[path] = (stamp, hashlib.sha256(path.read_bytes()).hexdigest())
        return known[1]
    except OSError:
        return None
