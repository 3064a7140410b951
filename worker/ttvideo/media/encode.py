"""Frames become a clip: one at a time goes through ffmpeg's standard input."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from ttvideo.contract import Codec
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media import ffmpeg
from ttvideo.media.files import atomic
from ttvideo.media.frames import Pixels
from ttvideo.media.metadata import append_gif_comment, ffmetadata

# sRGB pixels to the limited range of BT.709 with both tagged: an untagged clip is shown as BT.601 by some players.
# Exact arithmetic instead of the fast one of each CPU keeps the bytes the same.
_TO_YUV = (
    "scale=in_range=full:out_range=limited:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,"
    "format=yuv420p,setparams=range=limited:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
)
_GIF_MAX_FPS = 50


@dataclass(frozen=True)
class Encoded:
    """What was made; width and height are the file's, `note` says what the user should know about it."""

    encoder: str
    note: str | None
    width: int
    height: int
    frames: int


class Frames(Protocol):
    """The frames of a clip, made one by one whenever they are asked for, and the same each time."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def fps(self) -> float: ...

    @property
    def moves(self) -> bool:
        """Whether nearly every frame is another one, and made while the clip is."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not as it was asked for."""

    def __len__(self) -> int: ...

    def poster(self) -> Pixels:
        """What stands for the clip, uint8 [height, width, 3]."""

    def frames(self) -> Generator[Pixels]:
        """uint8 [height, width, 3] each; closed when no more are wanted."""


@dataclass(frozen=True)
class _Source:
    """Frames as ffmpeg's first input, padded to `width` x `height`."""

    frames: Frames
    width: int
    height: int
    fps: float

    def argv(self) -> list[str]:
        size, rate = f"{self.width}x{self.height}", str(Fraction(self.fps).limit_denominator(1001))
        return ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", size, "-framerate", rate, "-i", "pipe:0"]

    def padded(self, pixels: Pixels) -> Pixels:
        """The frame, its last row and column repeated where the clip is larger."""
        down, right = self.height - self.frames.height, self.width - self.frames.width
        return np.pad(pixels, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else pixels


def encode(
    frames: Frames,
    target: Path,
    format: str,
    metadata: str | None,
    on_frame: Callable[[int], None],
    codec: Codec | None = None,
    crf: int | None = None,
) -> Encoded:
    """Make `target`, a clip of `format` ('mp4', 'webm', 'gif'); equal input, equal bytes. See `ffmpeg.choose`.

    MP4 and WebM are yuv420p, whose sizes are even: an odd width or height grows by one, repeating the last column or
    row. A GIF plays at 50 frames a second at most, as browsers slow down faster ones.
    `on_frame(i)` is called after each frame that ffmpeg took, i from 0 to len(frames) - 1, never falling (a GIF takes
    two passes, so each i comes twice). What it raises ends ffmpeg, removes the partial file and passes through.
    Raises WorkerError: ENCODER, INVALID_PARAMETERS (codec, crf or size), DISK, and what making the frames raises.
    """
    choice = ffmpeg.choose(format, codec, crf, quick=frames.moves)
    width, height = frames.width, frames.height
    if min(width, height) < choice.smallest:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"The clip is {width}x{height}, and {choice.encoder} needs {choice.smallest} pixels a side at least.",
            "Choose another codec, or a larger size.",
        )
    if format == "gif":
        source = _Source(frames, width, height, min(frames.fps, _GIF_MAX_FPS))
    else:
        source = _Source(frames, width + width % 2, height + height % 2, frames.fps)
    with atomic(target) as partial, tempfile.TemporaryDirectory(prefix="ttvideo-") as scratch:
        encoder = ["-c:v", choice.encoder, *choice.argv, "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        if format == "gif":
            _gif(source, encoder, partial, Path(scratch), on_frame)
            if metadata is not None:
                append_gif_comment(partial, metadata)
        else:
            _video(source, encoder, partial, format, Path(scratch), metadata, on_frame)
    note = choice.note
    if source.fps != frames.fps:
        asked = f"the {frames.fps:g} asked for"
        note = f"A GIF plays at most {_GIF_MAX_FPS} frames a second, so this one is slower than {asked}."
    return Encoded(choice.encoder, note, source.width, source.height, len(frames))


def _video(
    source: _Source,
    encoder: list[str],
    partial: Path,
    format: str,
    scratch: Path,
    metadata: str | None,
    on_frame: Callable[[int], None],
) -> None:
    comment = ["-map_metadata", "-1"]
    argv = source.argv()
    if metadata is not None:
        # In a file, because one argument holds 128 KiB at most and is shown to everybody by `ps`.
        text = scratch / "comment"
        text.write_text(ffmetadata(metadata), encoding="utf-8", newline="\n")
        argv += ["-f", "ffmetadata", "-i", f"file:{text}"]
        comment = ["-map_metadata", "1"]
    container = ["-movflags", "+faststart", "-f", "mp4"] if format == "mp4" else ["-f", format]
    argv += ["-map", "0:v", *comment, "-vf", _TO_YUV, *encoder, *container, f"file:{partial}"]
    _stream(argv, source, on_frame)


def _gif(source: _Source, encoder: list[str], partial: Path, scratch: Path, on_frame: Callable[[int], None]) -> None:
    palette = f"file:{scratch / 'palette'}"
    count = len(source.frames)
    to_palette = ["-vf", "palettegen", "-c:v", "png", "-update", "1", "-f", "image2", palette]
    _stream([*source.argv(), *to_palette], source, lambda i: on_frame(i // 2))
    with_palette = [
        "-f",
        "png_pipe",
        "-i",
        palette,
        "-lavfi",
        "[0:v][1:v]paletteuse=dither=bayer:bayer_scale=3:diff_mode=rectangle",
    ]
    argv = [*source.argv(), *with_palette, *encoder, "-loop", "0", "-f", "gif", f"file:{partial}"]
    _stream(argv, source, lambda i: on_frame((count + i) // 2))


def _stream(argv: list[str], source: _Source, on_frame: Callable[[int], None]) -> None:
    """Run ffmpeg with `argv`, the frames of `source` as raw RGB on its standard input."""
    # Its log goes to a file: a pipe that nobody reads would stop it. Its own session keeps a terminal's Ctrl-C from it,
    # so that we end it; when we are killed, its input ends and it ends by itself.
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                [ffmpeg.executable(), "-hide_banner", "-loglevel", "error", "-y", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise ffmpeg.not_started(error) from error
        assert process.stdin is not None
        try:
            whole = True
            with closing(source.frames.frames()) as frames:
                for i, pixels in enumerate(frames):
                    try:
                        process.stdin.write(np.ascontiguousarray(source.padded(pixels)).data)
                    except OSError:  # ffmpeg ended before its input did: its log says why
                        whole = False
                        break
                    on_frame(i)
            with suppress(OSError):
                process.stdin.close()
            status = process.wait()
        finally:
            process.kill()
            with suppress(OSError):
                process.stdin.close()
            process.wait()
        if status or not whole:
            log.seek(0)
            raise ffmpeg.failed(status, log.read())
