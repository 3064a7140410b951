"""Frames to files: MP4 (H.264) and WebM (VP9) with imageio-ffmpeg's program, GIF with Pillow."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animatediff_ttnn.errors import AnimateDiffError

if TYPE_CHECKING:
    from PIL import Image

ENCODERS = {
    # yuv420p and the index in front: what browsers and VS Code play.
    ".mp4": ("-c:v", "libx264", "-crf", "18", "-movflags", "+faststart"),
    ".webm": ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0"),
}


def export(frames: Sequence[Image.Image], output_path: str | Path, fps: int = 8, loop: int = 0) -> None:
    """As AnimateDiffPipeline.export_video."""
    path = Path(output_path).expanduser()
    ending = path.suffix.lower()
    if ending not in (".gif", *ENCODERS):
        raise AnimateDiffError(f"'{path.suffix}' is no format of a video here.", "Name an .mp4, .gif or .webm file.")
    if not frames or len({frame.size for frame in frames}) > 1:
        raise AnimateDiffError("A video needs frames, all of one size.", "Look at the list of frames.")
    if not 1 <= fps <= 120 or loop < 0:
        raise AnimateDiffError(
            f"{fps} frames a second, shown {loop} times, cannot be.", "Give fps from 1 to 120, and loop from 0."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [frame.convert("RGB") for frame in frames]
    # Beside the file and put in its place at the end, so that none is ever there by half.
    beside = path.with_name(f".{path.stem}.part{ending}")
    try:
        if ending == ".gif":
            _gif(pictures, beside, fps, loop)
        else:
            _encoded(pictures, beside, fps)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _gif(pictures: Sequence[Image.Image], file: Path, fps: int, loop: int) -> None:
    # GIF counts hundredths of a second; one picture's rounding is made good by the next ones.
    ends = [round(100 * number / fps) for number in range(len(pictures) + 1)]
    shown = [10 * (after - before) for before, after in pairwise(ends)]
    # Players repeat as often as the file says after the first time; without a number they show it once.
    again: dict[str, Any] = {} if loop == 1 else {"loop": max(0, loop - 1)}
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=shown, **again)


def _encoded(pictures: Sequence[Image.Image], file: Path, fps: int) -> None:
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError:
        raise AnimateDiffError(
            "There is no ffmpeg for videos.", "Run pip install -e '.[video]', or name a .gif."
        ) from None
    width, height = pictures[0].size
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-")
    # Half the resolution for colours asks for even sides: an odd one grows by a repeated row.
    even = ("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p")
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *raw, *even, *ENCODERS[file.suffix], str(file)]
    run = subprocess.run(argv, input=b"".join(each.tobytes() for each in pictures), capture_output=True)
    if run.returncode:
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise AnimateDiffError(
            f"ffmpeg could not write {file.suffix}: {said[-1] if said else run.returncode}.",
            "Try .gif, or free some disk.",
        )
