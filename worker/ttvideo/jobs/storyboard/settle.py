"""What lies in a storyboard's folder is brought into line with what the storyboard says now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.jobs.storyboard.plan import Planned, size
from ttvideo.jobs.storyboard.reel import FRAME, Document, Picture, Reel, fingerprint


@dataclass(frozen=True)
class Settled:
    """The frames that are as the storyboard wants them, and what is to be said."""

    current: frozenset[int]
    notes: tuple[str, ...]


def settle(
    reel: Reel, document: Document, frames: Sequence[Planned], adopt: str | None, reroll: Sequence[int]
) -> Settled:
    """Nothing is deleted but what does not decode. Nobody has to be told why a frame of `reroll` is made.

    Raises WorkerError: INVALID_PARAMETERS, NOT_FOUND, DISK.
    """
    notes = [*_clear(reel, document, len(frames))]
    if adopt is not None:
        notes += _adopt(reel, frames, folders.whole_path(adopt))
        document = reel.change(lambda document: document)
    current, moved = set(), []
    for frame in frames:
        if is_current(reel, document, frame):
            current.add(frame.number)
        elif (data := reel.take(frame.key, document)) is not None:
            document = reel.put(frame.number, _known(document, frame.key), data)
            current.add(frame.number)
            moved.append(frame.number)
    if moved:
        notes.append(f"{said(moved)}: taken from the pictures that are there, and not drawn again.")
    others = [frame.number for frame in frames if frame.number not in current and frame.number not in reroll]
    if changed := [number for number in others if reel.frame(number).exists()]:
        notes.append(f"{said(changed)}: the storyboard says something else now than when the picture was made.")
    return Settled(frozenset(current), tuple(notes))


def is_current(reel: Reel, document: Document, frame: Planned) -> bool:
    known = document.pictures.get(fingerprint(reel.frame(frame.number)) or "")
    return known is not None and known.key == frame.key


def adoptable(folder: Path) -> tuple[str, ...]:
    """Pictures that are named like a storyboard's frames, in order."""
    found = [(int(match[1]), path) for path in folder.glob("frame_*.png") if (match := FRAME.fullmatch(path.name))]
    return tuple(str(path) for _, path in sorted(found))


def _clear(reel: Reel, document: Document, frames: int) -> list[str]:
    """Put aside what is not a frame of this storyboard; what is broken is removed."""
    from ttvideo.media.frames import is_whole

    broken, strange, over = [], [], []
    for number, path in reel.frames():
        if (fingerprint(path) or "") in document.pictures:
            if number >= frames or path != reel.frame(number):
                over.append(number)
                reel.set_aside(path)
        elif is_whole(path):
            strange.append(number)
            reel.set_aside(path)
        else:
            broken.append(number)
            path.unlink()
    notes = []
    if broken:
        notes.append(f"{said(broken)}: the file is broken, so the frame is made again.")
    if strange:
        notes.append(f"{said(strange)}: the picture is not ours, so it was put into the folder 'earlier'.")
    if over:
        notes.append(f"{said(over)}: not in the storyboard any more, so it was put into the folder 'earlier'.")
    return notes


def _adopt(reel: Reel, frames: Sequence[Planned], folder: Path) -> list[str]:
    from ttvideo.media.frames import is_whole, picture_size

    if not folder.is_dir():
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no folder {folder}.", "Check the path.")
    adopted, broken = [], []
    document = reel.change(lambda document: document)
    for path in map(Path, adoptable(folder)):
        number = int(FRAME.fullmatch(path.name)[1])  # type: ignore[index]
        if number >= len(frames) or is_current(reel, document, frames[number]):
            continue
        if not is_whole(path):
            broken.append(number)
            continue
        width, height = picture_size(path)
        frame = frames[number]
        of = {"model": frame.recipe["model"], "width": width, "height": height}
        picture = Picture(key=frame.key, seed=frame.seed, adopted_from=path.name, **of)
        reel.put(number, picture, path.read_bytes())
        adopted.append((number, (width, height) == (size(frame.params).width, size(frame.params).height)))
    notes = [f"{said([number for number, _ in adopted])}: taken from {folder}."] if adopted else []
    if broken:
        notes.append(f"{said(broken)} of {folder}: broken, so the frame is made.")
    if not all(same for _, same in adopted):
        notes.append("Some of these pictures are of another size: the clip shows them scaled to fit.")
    if not adopted and not broken:
        notes.append(f"There was no picture to take in {folder}.")
    return notes


def _known(document: Document, key: str) -> Picture:
    return next(picture for picture in document.pictures.values() if picture.key == key)


def said(numbers: Sequence[int]) -> str:
    """'Frame 3' or 'Frames 3, 5 to 7': as files are numbered."""
    runs: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    parts = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    return f"Frame{'' if len(set(numbers)) == 1 else 's'} {', '.join(parts)}"
