"""Pictures: from a model's numbers to files and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media.files import write_atomic
from ttvideo.media.metadata import BROKEN_PICTURE, png_info, with_jpeg_comment

Pixels = NDArray[np.uint8]

# A frame counts as constant when in no channel the brightest pixel is further than this (of 0..1) from the darkest:
# 4 of 255 levels, less than any picture of something has, more than the rounding noise of an empty one.
SMALLEST_SPREAD = 4 / 255

TURNED = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


def to_pixels(frame: NDArray[np.float32]) -> Pixels:
    """Float [H, W, 3], nominally in 0..1, to uint8 [H, W, 3]; values beyond 0..1 are clipped.

    Raises WorkerError(BAD_OUTPUT) for NaN or infinite values and for a black or otherwise constant frame.
    """
    if not np.isfinite(frame).all():
        raise WorkerError(
            ErrorKind.BAD_OUTPUT,
            "The model produced values that are not numbers (NaN or infinite).",
            "Its arithmetic overflowed: try full precision (float32) or another device, then a lower guidance.",
        )
    clipped = np.clip(frame, 0.0, 1.0)
    if float(np.ptp(clipped, axis=(0, 1)).max()) < SMALLEST_SPREAD:
        name = "black" if float(clipped.max()) < SMALLEST_SPREAD else "of a single colour"
        raise WorkerError(
            ErrorKind.BAD_OUTPUT,
            f"The model produced a frame that is {name}.",
            "Try another seed, more steps or a lower guidance; if it stays so, the model's files may be broken.",
        )
    pixels: Pixels = (clipped * 255.0).round().astype(np.uint8)
    return pixels


def frame_file(pixels: Pixels, metadata: str | None) -> bytes:
    """uint8 [H, W, 3] as a PNG, losslessly, with `metadata` (JSON text) in a text chunk."""
    info = None if metadata is None else png_info(metadata)
    # Level 1 is up to 7 times faster than the default 6 for large noisy frames, and about a tenth larger.
    return _encoded(Image.fromarray(pixels), "PNG", compress_level=1, pnginfo=info)


def save_frame(pixels: Pixels, path: Path, metadata: str | None) -> None:
    """Write uint8 [H, W, 3] whole; see `frame_file`."""
    write_atomic(path, frame_file(pixels, metadata))


def load_frame(path: Path) -> Pixels:
    """Read a picture file as uint8 [H, W, 3]. Raises WorkerError(DISK) for a missing or broken one."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except BROKEN_PICTURE as error:
        raise WorkerError(
            ErrorKind.DISK,
            f"The frame {path} is missing or broken.",
            "Resume the job to make it again.",
        ) from error


def picture_ending(path: Path) -> str:
    """How the name of somebody's picture should end, by what is in it; it is read to its last row.

    Raises WorkerError(INVALID_PARAMETERS).
    """
    with _opened(path) as image:
        image.load()
        return (image.format or "png").lower()


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of somebody's picture as it is shown. Raises WorkerError(INVALID_PARAMETERS)."""
    with _opened(path) as image:
        width, height = image.size
        return (height, width) if image.getexif().get(Base.Orientation) in TURNED else (width, height)


def load_picture(path: Path, width: int, height: int, *, cover: bool = False) -> Pixels:
    """Somebody's picture as uint8 [height, width, 3], upright: scaled to fit on black, or with `cover` cut to fill.

    Raises WorkerError(INVALID_PARAMETERS) for a missing or broken one.
    """
    picture = _upright(path)
    if picture.size != (width, height):
        fit = ImageOps.fit if cover else ImageOps.pad
        picture = fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def load_stretched(path: Path, width: int, height: int) -> Pixels:
    """Like `load_picture`, but of the size asked for whatever the picture's shape."""
    picture = _upright(path)
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))


def load_whole(path: Path) -> Pixels:
    """Like `load_picture`, of the picture's own size."""
    return np.asarray(_upright(path))


def _upright(path: Path) -> Image.Image:
    with _opened(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "black"), upright)
        return upright.convert("RGB")


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except BROKEN_PICTURE as error:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"The picture {path} is missing or broken.",
            "Replace or remove it, then try again.",
        ) from error


def is_whole(path: Path) -> bool:
    """Whether `path` is a PNG whose checksums all hold and that decodes to its last row."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.verify()
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
    except BROKEN_PICTURE:
        return False
    return True


def save_poster(pixels: Pixels, path: Path, metadata: str | None) -> None:
    """Write uint8 [H, W, 3] as JPEG with `metadata` (JSON text) as its comment."""
    jpeg = _encoded(Image.fromarray(pixels), "JPEG", quality=90)
    write_atomic(path, jpeg if metadata is None else with_jpeg_comment(jpeg, metadata))


def save_preview(frames: Pixels, path: Path, fps: float) -> None:
    """Write uint8 [n, H, W, 3] as a small animated WebP that loops: made quickly, lossy, without metadata or sync."""
    first, *rest = (Image.fromarray(frame) for frame in frames)
    animation = {"save_all": True, "append_images": rest, "duration": round(1000 / fps), "loop": 0}
    # kmax=0, no key frames after the first, halves the time.
    write_atomic(path, _encoded(first, "WEBP", quality=60, method=0, kmax=0, **animation), sync=False)


def _encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
