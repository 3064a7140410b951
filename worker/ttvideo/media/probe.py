"""Whether a file of whatever program is a whole picture or video that can be shown, and its size, frames and rate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from PIL import Image
from PIL.ExifTags import Base

from ttvideo.errors import WorkerError
from ttvideo.media import ffmpeg
from ttvideo.media.frames import TURNED
from ttvideo.media.metadata import BROKEN_PICTURE

VIDEOS = {".mp4": "mov", ".mov": "mov", ".webm": "matroska"}
"""Endings of videos, each with the demuxer that may read it: a file cannot pass for a playlist that opens others."""
PICTURES = frozenset({".png", ".apng", ".jpg", ".jpeg", ".gif", ".webp"})
DECODE_SECONDS = 10


@dataclass(frozen=True)
class Probed:
    """Width and height as shown, in pixels; a picture that moves is a video."""

    kind: Literal["video", "image"]
    width: int
    height: int
    frames: int = 1
    fps: float | None = None


def is_media(name: str) -> bool:
    """Whether a file of this name could be one that `probe` knows."""
    suffix = Path(name).suffix.lower()
    return not name.startswith(".") and (suffix in VIDEOS or suffix in PICTURES)


def probe(path: Path, *, decode: bool) -> Probed | None:
    """What the file is; None when it is not whole, or not what its ending says.

    With `decode` a picture is read to its last row, otherwise only its header is; of a video, one frame is decoded
    either way. Raises WorkerError(ENCODER) when there is no ffmpeg.
    """
    suffix = path.suffix.lower()
    try:
        return _picture(path, decode) if suffix in PICTURES else _video(path, VIDEOS[suffix])
    except BROKEN_PICTURE:
        return None


def _picture(path: Path, decode: bool) -> Probed | None:
    formats = ["PNG", "JPEG", "GIF", "WEBP"]
    if decode:
        with Image.open(path, formats=formats) as image:
            image.verify()
            if image.format == "GIF" and not _has_trailer(path):
                return None
    with Image.open(path, formats=formats) as image:
        if decode:
            image.load()
        width, height = image.size
        if image.getexif().get(Base.Orientation) in TURNED:
            width, height = height, width
        # A JPEG of several pictures holds other views of the same moment.
        frames = getattr(image, "n_frames", 1) if image.format in ("PNG", "GIF", "WEBP") else 1
        milliseconds = image.info.get("duration")
    if frames == 1:
        return Probed("image", width, height)
    return Probed("video", width, height, frames, round(1000 / milliseconds, 3) if milliseconds else None)


def _has_trailer(path: Path) -> bool:
    """Pillow takes a GIF that was cut off between two frames for a whole one."""
    with path.open("rb") as file:
        file.seek(-min(16, path.stat().st_size), 2)
        return file.read().rstrip(b"\0").endswith(b"\x3b")


def _video(path: Path, demuxer: str) -> Probed | None:
    with path.open("rb") as file:
        whole = _boxes_are_whole(file) if demuxer == "mov" else _segment_is_whole(file)
    if not whole:
        return None
    try:
        said = ffmpeg.described(path, demuxer, DECODE_SECONDS)
    except WorkerError:
        ffmpeg.version()  # tells a missing ffmpeg, which the user can mend, from a file that it cannot read
        return None
    # The last one describes what was decoded, turned as it is to be shown.
    streams = re.findall(r"Video: .*?\b(\d+)x(\d+)\b.*", said)
    if not streams:
        return None
    width, height = map(int, streams[-1])
    rate = re.search(r"Video: .*?([\d.]+) fps", said)
    fps = float(rate[1]) if rate and float(rate[1]) > 0 else None
    length = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said)
    seconds = int(length[1]) * 3600 + int(length[2]) * 60 + float(length[3]) if length else 0.0
    return Probed("video", width, height, max(1, round(seconds * (fps or 0))), fps)


def _boxes_are_whole(file: BinaryIO) -> bool:
    """Whether the boxes of an MP4 end where the file does, the one that describes it among them (ISO 14496-12, 4.2)."""
    end = file.seek(0, 2)
    at, described = 0, False
    while at < end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        elif size == 0:
            size = end - at
        if len(head) < 8 or size < 8:
            return False
        described = described or head[4:8] == b"moov"
        at += size
    return described and at == end


def _segment_is_whole(file: BinaryIO) -> bool:
    """Whether the one segment of a WebM is all there; one written live does not say its size (RFC 8794, 6)."""
    end = file.seek(0, 2)
    file.seek(4)
    header, _ = _vint(file)
    file.seek(file.tell() + header)
    if file.read(4) != b"\x18\x53\x80\x67":
        return False
    size, unknown = _vint(file)
    return unknown or file.tell() + size <= end


def _vint(file: BinaryIO) -> tuple[int, bool]:
    """A variable-size number of EBML, and whether it is the one that means `not known`."""
    first = (file.read(1) or b"\xff")[0]
    length = 9 - first.bit_length()
    value = int.from_bytes(bytes([first & (0xFF >> length)]) + file.read(length - 1), "big")
    return value, value == (1 << (7 * length)) - 1
