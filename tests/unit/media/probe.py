"""What the real ffmpeg and plain byte reading say about a file, independent of the code under test."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import psutil
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def _run(*argv: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *argv], capture_output=True, timeout=60)


def stream(path: Path) -> str:
    """ffmpeg's line about the video stream: codec, pixel format, colours, size, rate."""
    said = _run("-i", f"file:{path}").stderr.decode(errors="replace")
    return next(line for line in said.splitlines() if "Video:" in line)


def size(path: Path) -> tuple[int, int]:
    found = re.search(r", (\d+)x(\d+)", stream(path))
    assert found
    return int(found[1]), int(found[2])


def rate(path: Path) -> float:
    found = re.search(r"([\d.]+) fps", stream(path))
    assert found
    return float(found[1])


def decode(path: Path) -> Pixels:
    """All frames, uint8 [n, H, W, 3], in the colours that the file's own tags ask for."""
    argv = ["-v", "error", "-i", f"file:{path}", "-vf", "scale=flags=bicubic+accurate_rnd+full_chroma_int"]
    done = _run(*argv, "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    assert done.returncode == 0, done.stderr
    width, height = size(path)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3)


def boxes(path: Path) -> list[str]:
    """Names of an MP4's top-level boxes, in order."""
    data, names, at = path.read_bytes(), [], 0
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode("latin-1"))
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def ffmpegs() -> list[psutil.Process]:
    """The encoders that run under this process, which may have other children."""
    return [child for child in psutil.Process().children() if child.name().startswith("ffmpeg")]


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)
