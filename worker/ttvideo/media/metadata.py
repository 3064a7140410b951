"""The JSON text that a file carries about how it was made: how each format holds it, and how to get it back.

PNG: an iTXt chunk `ttvideo`. JPEG: COM segments. GIF: a comment extension. MP4 and WebM: the container's comment tag.
All hold the text as it is, in UTF-8.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngInfo

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media import ffmpeg
from ttvideo.media.files import disk_error

PNG_KEY = "ttvideo"

# What Pillow raises for files that are not whole, or not pictures.
BROKEN_PICTURE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


def read(path: Path) -> str | None:
    """The JSON object, as text, that `path` carries; None for a file of another kind, of others, or a broken one.

    The kind is told by the file's first bytes, not its name. A comment that is not a JSON object is not ours.
    Raises WorkerError: NOT_FOUND, DISK (unreadable), ENCODER (no ffmpeg, which reads MP4 and WebM).
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
            file.seek(0)
            if head.startswith(b"\x89PNG"):
                return _ours(_png_text(file))
            if head.startswith(b"\xff\xd8"):
                return _ours(_jpeg_comment(file))
            if head.startswith(b"GIF8"):
                return next(filter(None, map(_ours, _gif_comments(file))), None)
    except FileNotFoundError as error:
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no file {path}.", "Check the path.") from error
    except BROKEN_PICTURE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise disk_error(f"{path} cannot be read", error) from error
        return None
    if head[4:8] == b"ftyp":
        return _ours(_container_comment(path, "mov"))
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _ours(_container_comment(path, "matroska"))
    return None


def png_info(text: str) -> PngInfo:
    """`text` as a chunk for Pillow's PNG writer."""
    info = PngInfo()
    info.add_itxt(PNG_KEY, text)
    return info


def with_jpeg_comment(jpeg: bytes, text: str) -> bytes:
    """`jpeg` with `text` in as many COM segments as it needs (one holds 65,533 bytes), after its first segment."""
    data = text.encode()
    parts = [data[start : start + 65_533] for start in range(0, len(data), 65_533)]
    segments = b"".join(b"\xff\xfe" + (len(part) + 2).to_bytes(2, "big") + part for part in parts)
    after_app0 = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:after_app0] + segments + jpeg[after_app0:]


def append_gif_comment(path: Path, text: str) -> None:
    """Put `text` into a comment extension before the trailer of the GIF at `path`, in place."""
    data = text.encode()
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    blocks = b"".join(bytes([len(part)]) + part for part in parts)
    with path.open("rb+") as file:
        file.seek(-1, 2)
        file.write(b"\x21\xfe" + blocks + b"\x00\x3b")


def ffmetadata(text: str) -> str:
    """`text` as the comment of an ffmetadata file (https://ffmpeg.org/ffmpeg-formats.html#Metadata)."""
    return ";FFMETADATA1\ncomment=" + re.sub(r"([=;#\\\n])", r"\\\1", text) + "\n"


def _ours(found: bytes | None) -> str | None:
    try:
        text = (found or b"").decode()
        return text if isinstance(json.loads(text), dict) else None
    except (ValueError, RecursionError):
        return None


def _png_text(file: BinaryIO) -> bytes | None:
    with Image.open(file, formats=["PNG"]) as image:
        text = image.info.get(PNG_KEY)
    return text.encode(errors="replace") if isinstance(text, str) else None


def _jpeg_comment(file: BinaryIO) -> bytes:
    with Image.open(file, formats=["JPEG"]) as image:
        assert isinstance(image, JpegImageFile)
        return b"".join(data for marker, data in image.applist if marker == "COM")


def _gif_comments(file: BinaryIO) -> Iterator[bytes]:
    """The comment extensions of a GIF, walking its blocks without decoding a picture (GIF89a, sections 17 to 27)."""
    _skip_colors(file, file.read(13)[10:11])
    while kind := file.read(1):
        if kind == b"\x21":
            label = file.read(1)
            data = b"".join(_gif_blocks(file))
            if label == b"\xfe":
                yield data
        elif kind == b"\x2c":
            _skip_colors(file, file.read(9)[8:9])
            file.read(1)
            for _ in _gif_blocks(file):
                pass
        else:
            return


def _skip_colors(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << ((flags[0] & 7) + 1), 1)


def _gif_blocks(file: BinaryIO) -> Iterator[bytes]:
    while (size := file.read(1)) not in (b"", b"\x00"):
        yield file.read(size[0])


def _container_comment(path: Path, demuxer: str) -> bytes | None:
    # The demuxer is named, so that a file cannot pass for a playlist that makes ffmpeg open others.
    try:
        dump = ffmpeg.output(["-f", demuxer, "-i", f"file:{path}", "-f", "ffmetadata", "-"])
    except WorkerError:
        ffmpeg.version()  # tells a missing ffmpeg, which the user can mend, from a file that it cannot read
        return None
    found = re.search(rb"^comment=((?:\\.|[^\\\n])*)$", dump, re.MULTILINE | re.IGNORECASE | re.DOTALL)
    return re.sub(rb"\\(.)", rb"\1", found.group(1), flags=re.DOTALL) if found else None
