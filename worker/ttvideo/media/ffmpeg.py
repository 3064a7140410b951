"""The ffmpeg program: where it is, what it can encode, which encoder makes which format."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ttvideo.contract import Codec
from ttvideo.errors import ErrorKind, WorkerError


@dataclass(frozen=True)
class Choice:
    """An encoder, its options, and a sentence for the user where it is not the usual one."""

    encoder: str
    argv: tuple[str, ...]
    note: str | None = None
    crf: int | None = None
    """The usual constant rate factor, of an encoder that has one."""
    smallest: int = 1
    """Pixels of the shorter side that it can do; with fewer libx265 writes nothing and libsvtav1 crashes."""


# Hardware encoders are left out: ffmpeg lists them whether or not the hardware is there.
# A fixed number of threads, because x264 gives other bytes with other numbers.
_H264 = (
    Choice("libx264", ("-preset", "medium", "-threads", "4"), crf=18),
    Choice("libopenh264", ("-rc_mode", "quality", "-b:v", "8M", "-threads", "1")),
)
# Frames made while they are encoded have to wait for it. Where all of them differ this needs less than half the time of
# "medium", for a likeness of 0.9937 instead of 0.9942 (SSIM) in a file an eighth larger: bench/motion.py.
_QUICK = {"libx264": Choice("libx264", ("-preset", "veryfast", "-threads", "4"), crf=16)}
_H265 = Choice(
    "libx265",
    ("-preset", "medium", "-x265-params", "log-level=error:pools=4:frame-threads=2", "-tag:v", "hvc1"),
    "Browsers and VS Code may not play H.265.",
    crf=22,
    smallest=16,
)
_MPEG4 = Choice(
    "mpeg4",
    ("-q:v", "2", "-threads", "1"),
    "This ffmpeg has no H.264 encoder, so the MP4 is MPEG-4 Part 2, which browsers and VS Code may not play.",
)
_VP9 = Choice("libvpx-vp9", ("-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-threads", "4"), crf=24)
_VP8 = Choice(
    "libvpx",
    ("-b:v", "8M", "-deadline", "good", "-cpu-used", "4", "-threads", "1"),
    "This ffmpeg has no VP9 encoder, so the WebM is VP8, which is larger.",
    crf=8,
)
_AV1 = (
    Choice("libsvtav1", ("-preset", "8", "-svtav1-params", "lp=2"), crf=30, smallest=16),
    Choice("libaom-av1", ("-b:v", "0", "-cpu-used", "6", "-row-mt", "1", "-threads", "4"), crf=30),
)

# For a format and a codec, or none in particular: the encoders, tried from left to right.
_ORDER: dict[str, dict[Codec | None, tuple[Choice, ...]]] = {
    "mp4": {None: (*_H264, _MPEG4), Codec.H264: _H264, Codec.H265: (_H265,)},
    "webm": {None: (_VP9, _VP8), Codec.VP9: (_VP9,), Codec.AV1: _AV1},
    "gif": {None: (Choice("gif", ()),)},
}
_NAMES = {Codec.H264: "H.264", Codec.H265: "H.265", Codec.VP9: "VP9", Codec.AV1: "AV1"}
_MOST_CRF = {"mp4": 51, "webm": 63}


def choose(format: str, codec: Codec | None = None, crf: int | None = None, *, quick: bool = False) -> Choice:
    """The first encoder for `format` ('mp4', 'webm', 'gif') and `codec` that this ffmpeg has, `crf` among its options.

    mp4: H.264 of libx264, libopenh264, else mpeg4; H.265 of libx265. webm: VP9 of libvpx-vp9, else libvpx; AV1 of
    libsvtav1, libaom-av1. `quick` is for clips in which everything moves.
    Raises WorkerError: what `check` raises, and ENCODER when it has none.
    """
    check(format, codec, crf)
    available = encoders()
    for choice in _ORDER[format][codec]:
        if choice.encoder in available:
            return _with_quality(_QUICK.get(choice.encoder, choice) if quick else choice, crf)
    what = format if codec is None else _NAMES[codec]
    raise WorkerError(
        ErrorKind.ENCODER,
        f"The ffmpeg at {executable()} has no encoder for {what}.",
        "Unset IMAGEIO_FFMPEG_EXE to use the ffmpeg that comes with imageio-ffmpeg, or choose another format.",
    )


def check(format: str, codec: Codec | None, crf: int | None) -> None:
    """Whether codec and constant rate factor can be had in this format, whatever the ffmpeg; it is not looked for.

    Raises WorkerError(INVALID_PARAMETERS).
    """
    if codec is not None and codec not in _ORDER[format]:
        fitting = next(name for name, codecs in _ORDER.items() if codec in codecs)
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{_NAMES[codec]} does not go into a clip of the format {format}.",
            f"Choose the format {fitting}, or leave out the codec.",
        )
    if crf is not None and format not in _MOST_CRF:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"The format {format} has no constant rate factor (crf).",
            "Leave it out, or choose another format.",
        )
    if crf is not None and crf > _MOST_CRF[format]:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"The constant rate factor (crf) of the format {format} is at most {_MOST_CRF[format]}, not {crf}.",
            "Lower is better and larger.",
        )


def _with_quality(choice: Choice, crf: int | None) -> Choice:
    if choice.crf is not None:
        return replace(choice, argv=("-crf", str(choice.crf if crf is None else crf), *choice.argv))
    if crf is None:
        return choice
    note = f"This ffmpeg's encoder {choice.encoder} has no such quality (crf) as was asked for, and uses its own."
    return replace(choice, note=f"{choice.note} {note}" if choice.note else note)


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
