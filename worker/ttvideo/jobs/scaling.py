"""Seconds per frame on each device, from this machine's own storyboards, beside what the lesson claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ttvideo.contract import StoryboardRequest
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.storyboard.reel import Picture, Reel

MOST_JOBS = 10_000


@dataclass(frozen=True)
class Group:
    """What is drawn alike: only such frames can be compared between devices."""

    model: str
    width: int
    height: int
    steps: int

    def __str__(self) -> str:
        return f"{self.model}, {self.width}x{self.height}, {self.steps} steps"


@dataclass(frozen=True)
class Measured:
    """Median, fastest and slowest seconds per frame of `frames` frames; `chips` is 0 off Tenstorrent."""

    device: str
    chips: int
    frames: int
    seconds: float
    fastest: float
    slowest: float


@dataclass(frozen=True)
class Claim:
    device: str
    chips: int
    seconds: float


CLAIMS = (
    Claim("N150", 1, 240.0),
    Claim("P100", 1, 240.0),
    Claim("N300", 2, 120.0),
    Claim("T3K", 8, 40.0),
    Claim("Galaxy", 32, 12.0),
)
"""Of the lesson "Video Generation via Frame-by-Frame SDXL", steps 2 and 7 (Galaxy: 120 s for 10 frames), 1024x1024,
with everything compiled. Nothing of it was measured here."""


def measured(queue: Queue) -> dict[Group, list[Measured]]:
    """By what is drawn, the devices from the fewest chips up, of all storyboards whose jobs are listed."""
    seconds: dict[Group, dict[tuple[int, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    for picture in _pictures(_folders(queue)):
        group = Group(picture.model, picture.width, picture.height, picture.steps)
        seconds[group][picture.chips, picture.device_title].append(picture.seconds)
    return {
        group: [
            Measured(device, chips, len(found), median(found), min(found), max(found))
            for (chips, device), found in sorted(devices.items())
        ]
        for group, devices in sorted(seconds.items(), key=lambda item: str(item[0]))
    }


def _folders(queue: Queue) -> Iterable[Path]:
    jobs = queue.list(MOST_JOBS)
    return dict.fromkeys(Path(job.folder) for job in jobs if isinstance(job.request, StoryboardRequest))


def _pictures(reels: Iterable[Path]) -> Iterator[Picture]:
    for folder in reels:
        document = Reel(folder).read()
        if document is not None:
            yield from (picture for picture in document.pictures.values() if picture.device)
