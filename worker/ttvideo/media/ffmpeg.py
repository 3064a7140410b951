"""The ffmpeg program: where it is, what it can encode, which encoder makes which format."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ttvideo.errors import ErrorKind, WorkerError


@dataclass(frozen=True)
class Choice:
    """An encoder, its options, and a sentence for the user where it is not the usual one."""

    encoder: str
    argv: tuple[str, ...]
    note: str | None = None


# Tried from left to right. Hardware encoders are left out: ffmpeg lists them whether or not the hardware is there.
# A fixed number of threads, because x264 gives other bytes with other numbers.
_ORDER: dict[str, tuple[Choice, ...]] = {
    "mp4": (
        Choice("libx264", ("-preset", "medium", "-crf", "18", "-threads", "4")),
        Choice("libopenh264", ("-rc_mode", "quality", "-b:v", "8M", "-threads", "1")),
        Choice(
            "mpeg4",
            ("-q:v", "2", "-threads", "1"),
            "This ffmpeg has no H.264 encoder, so the MP4 is MPEG-4 Part 2, which browsers and VS Code may not play.",
        ),
    ),
    "webm": (
        Choice("libvpx-vp9", ("-crf", "24", "-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-threads", "4")),
        Choice(
            "libvpx",
            ("-crf", "8", "-b:v", "8M", "-deadline", "good", "-cpu-used", "4", "-threads", "1"),
            "This ffmpeg has no VP9 encoder, so the WebM is VP8, which is larger.",
        ),
    ),
    "gif": (Choice("gif", ()),),
}


def choose(format: str) -> Choice:
    """The first encoder for `format` ('mp4', 'webm', 'gif') that this ffmpeg has.

    mp4: libx264, libopenh264, mpeg4; webm: libvpx-vp9, libvpx; gif: gif. Raises WorkerError(ENCODER) when it has none.
    """
    available = encoders()
    for choice in _ORDER[format]:
        if choice.encoder in available:
            return choice
    raise WorkerError(
        ErrorKind.ENCODER,
        f"The ffmpeg at {executable()} has no encoder for {format}.",
        "Unset IMAGEIO_FFMPEG_EXE to use the ffmpeg that comes with imageio-ffmpeg, or choose another format.",
    )


def executable() -> str:
    """Path of the ffmpeg to use: IMAGEIO_FFMPEG_EXE, else imageio-ffmpeg's own, else the system's.

    Raises WorkerError(ENCODER) when there is none.
    """
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise _missing("No ffmpeg was found.") from error


def version() -> str:
    """Version as ffmpeg prints it, e.g. '7.0.2-static'."""
    found = re.match(r"ffmpeg version (\S+)", output(["-version"]).decode(errors="replace"))
    return found.group(1) if found else "unknown"


def encoders() -> frozenset[str]:
    """Names of the video encoders this ffmpeg was built with; asked once per process."""
    return _encoders(executable())


@lru_cache
def _encoders(program: str) -> frozenset[str]:
    listing = output(["-encoders"]).decode(errors="replace")
    return frozenset(re.findall(r"^ V[A-Z.]{5} (\w[^\s=]*)", listing, re.MULTILINE))


def output(argv: Sequence[str]) -> bytes:
    """What ffmpeg prints to its standard output for `argv`.

    Raises WorkerError(ENCODER) when it cannot be started or fails.
    """
    program = executable()
    try:
        done = subprocess.run(
            [program, "-hide_banner", "-nostdin", "-loglevel", "error", *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except OSError as error:
        raise not_started(error) from error
    if done.returncode:
        raise failed(done.returncode, done.stderr)
    return done.stdout


def described(path: Path, demuxer: str, seconds: float) -> str:
    """What ffmpeg says about a video, its first frame decoded.

    Raises WorkerError(ENCODER) when it cannot be started, cannot read the file or takes longer than `seconds`.
    """
    program = executable()
    decode = ["-f", demuxer, "-i", f"file:{path}", "-map", "0:v:0", "-frames:v", "1", "-f", "null", "-"]
    try:
        done = subprocess.run(
            [program, "-hide_banner", "-nostdin", "-loglevel", "info", "-threads", "1", *decode],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
        )
    except OSError as error:
        raise not_started(error) from error
    except subprocess.TimeoutExpired as error:
        raise failed(-signal.SIGKILL, b"") from error
    if done.returncode:
        raise failed(done.returncode, done.stderr)
    return done.stderr.decode(errors="replace")


def not_started(error: OSError) -> WorkerError:
    """The error of a program that is not there or may not be run."""
    return _missing(f"ffmpeg cannot be started from {executable()}: {error.strerror}.")


def failed(status: int, log: bytes) -> WorkerError:
    """The error of an ffmpeg that ended with `status` and wrote `log` to its standard error."""
    # Without the part of ffmpeg that speaks: "[out#0/mp4 @ 0x55c572113080] ".
    lines = re.sub(r"^\[.* @ \w+\] ", "", log.decode(errors="replace"), flags=re.MULTILINE).splitlines()
    said = [line.strip() for line in lines if line.strip() and line != "Conversion failed!"]
    ended = f"it was ended by signal {-status}" if status < 0 else f"it ended with exit status {status}"
    reason = said[-1].rstrip(".") if said else ended
    if any(full in line for line in lines for full in ("No space left on device", "Disk quota exceeded")):
        return WorkerError(ErrorKind.DISK, f"The disk is full: {reason}.", "Free some space, then resume the job.")
    return WorkerError(
        ErrorKind.ENCODER,
        f"ffmpeg failed: {reason}.",
        "The frames are kept. Resume the job to encode again, or choose another format.",
    )


def _missing(what: str) -> WorkerError:
    return WorkerError(
        ErrorKind.ENCODER,
        what,
        "Install it with `pip install imageio-ffmpeg`, or set IMAGEIO_FFMPEG_EXE to the path of an ffmpeg.",
    )
