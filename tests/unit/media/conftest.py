from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ttvideo.media.frames import Pixels, save_frame

FrameMaker = Callable[..., list[Path]]


def picture(i: int, width: int = 64, height: int = 48) -> Pixels:
    """A gradient with a bright square that moves 4 pixels per frame."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 2, y * 2, 60 + (x + y) // 2], axis=-1).astype(np.uint8)
    pixels[8:24, 4 * i : 4 * i + 16] = (250, 220, 30)
    return pixels


@pytest.fixture
def make_frames(tmp_path: Path) -> FrameMaker:
    """Call it with a count, a width and a height for that many different frames on disk."""

    def make(count: int, width: int = 64, height: int = 48) -> list[Path]:
        folder = tmp_path / "frames"
        folder.mkdir(exist_ok=True)
        paths = [folder / f"frame_{i:03}.png" for i in range(count)]
        for i, path in enumerate(paths):
            save_frame(picture(i, width, height), path, None)
        return paths

    return make


@pytest.fixture
def fake_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Call it with encoder names and a shell body for an ffmpeg that lists those, and otherwise runs that body."""

    def install(*encoders: str, body: str = "exit 1") -> Path:
        program = tmp_path / "fake-ffmpeg"
        listing = "\n".join(f"echo ' V....D {name}        about it'" for name in encoders)
        heading = "echo 'Encoders:'; echo ' V..... = Video'; echo ' A....D aac   AAC'"
        script = f'#!/bin/sh\ncase "$*" in *-encoders*)\n{heading}\n{listing}\nexit 0;; esac\n{body}\n'
        program.write_text(script)
        program.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
        return program

    return install
