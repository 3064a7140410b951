"""How like two clips are: frames, float32 [frames, height, width, 3] in [0, 1]."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ttvideo.media import ffmpeg


def psnr(one: Any, other: Any) -> float:
    """In dB."""
    return float(-10 * np.log10(max(1e-10, float(((one - other) ** 2).mean()))))


def ssim(one: Any, other: Any) -> float:
    """The mean of all colours and frames (Wang et al. 2004), by ffmpeg's filter on 8 bits a colour; 1: the same."""
    count, height, width, _ = one.shape
    with tempfile.TemporaryDirectory() as folder:
        inputs: list[str] = []
        for name, frames in (("one", one), ("other", other)):
            Path(folder, name).write_bytes((np.asarray(frames) * 255).round().astype(np.uint8).tobytes())
            inputs += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "8"]
            inputs += ["-i", str(Path(folder, name))]
        # In planes of red, green and blue: of the planes that a video has, two have half the size.
        filters = "[0]format=gbrp[a];[1]format=gbrp[b];[a][b]ssim"
        argv = [ffmpeg.executable(), "-nostdin", *inputs, "-lavfi", filters, "-f", "null", "-"]
        told = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    found = re.search(r"SSIM .*All:([\d.]+)", told)
    if found is None:
        raise SystemExit(f"ffmpeg told no SSIM of {count} frames: {told[-500:]}")
    return float(found[1])
