"""How the clips of a request are compressed."""

from __future__ import annotations

from ttvideo.contract import ClipFormat, ClipRequest, Codec
from ttvideo.media import ffmpeg


def of(request: ClipRequest, format: ClipFormat) -> tuple[Codec | None, int | None]:
    """Codec and constant rate factor; a GIF has neither, and what is asked for is meant for the clips beside it."""
    if format is ClipFormat.GIF and len(request.formats) > 1:
        return None, None
    return request.codec, request.crf


def check(request: ClipRequest) -> None:
    """Raises WorkerError(INVALID_PARAMETERS) when a format of the request takes no such codec or quality."""
    for format in request.formats:
        ffmpeg.check(format.value, *of(request, format))
