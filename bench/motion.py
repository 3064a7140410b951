"""The camera over a still picture: how much a slow move trembles, what 10 seconds cost, what a minute keeps in memory.

`python bench/motion.py [--seconds 10 60] [--side 1024]`. Each clip is made in its own process. The jitter is measured
on a soft dot far from the middle, whose place each move says exactly; ffmpeg's zoompan makes the same moves.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ttvideo.contract import Motion, Transition
from ttvideo.media import ffmpeg
from ttvideo.media.encode import encode
from ttvideo.media.frames import Pixels, load_whole
from ttvideo.media.motion import Picture, View, between, ends
from ttvideo.media.timeline import Still, Timeline

FPS = 24
SIDE = 512
FRAMES = 96
ZOOM = 1.04
DOT = (0.72, 0.31)


def dotted() -> Pixels:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    distance = (x + 0.5 - DOT[0] * SIDE) ** 2 + (y + 0.5 - DOT[1] * SIDE) ** 2
    pixels: Pixels = np.repeat((255 * np.exp(-distance / (2 * 8**2)))[..., None], 3, axis=2).round().astype(np.uint8)
    return pixels


def places(frames: Iterator[Pixels]) -> NDArray[np.float64]:
    """Where the dot is in each frame, in pixels: [n, 2]."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    found = []
    for frame in frames:
        light = frame[..., 0].astype(float)
        found.append([(light * x).sum() / light.sum(), (light * y).sum() / light.sum()])
    return np.array(found)


def zoompan(picture: Path, motion: Motion) -> Iterator[Pixels]:
    """The same move by ffmpeg's filter: the zoom by equal factors, the pan by equal steps."""
    way = f"on/{FRAMES - 1}"
    zoom = f"pow({ZOOM},{way})" if motion is Motion.ZOOM_IN else str(ZOOM)
    x = "iw/2-iw/zoom/2" if motion is Motion.ZOOM_IN else f"(iw-iw/zoom)*{way}"
    move = f"zoompan=z='{zoom}':x='{x}':y='ih/2-ih/zoom/2':d={FRAMES}:s={SIDE}x{SIDE}:fps={FPS}"
    data = ffmpeg.output(["-i", str(picture), "-vf", move, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
    yield from np.frombuffer(data, np.uint8).reshape(-1, SIDE, SIDE, 3)


def jitter(motion: Motion, folder: Path) -> tuple[float, float]:
    """How far the dot is off its way, ours and zoompan's, in pixels: roots of the mean squares.

    The straight line that fits the distances best is no jitter, and taken off: a move may be shifted or longer.
    """
    pixels = dotted()
    Image.fromarray(pixels).save(folder / "dot.png")
    first, last = ends(motion, ZOOM, None, None, 1, 1)
    views = [between(first, last, i / (FRAMES - 1)) for i in range(FRAMES)]
    exact = np.array([[(DOT[i] - view[i]) / view[2 + i] * SIDE for i in range(2)] for view in views])
    ours = Picture(pixels, smallest(views), SIDE, SIDE)
    found = places(ours.frame(view) for view in views), places(zoompan(folder / "dot.png", motion))
    time = np.arange(FRAMES)
    rms = []
    for place in found:
        off = place - exact
        slope, shift = np.polyfit(time, off, 1)
        rms.append(math.sqrt(((off - slope * time[:, None] - shift) ** 2).mean()))
    return rms[0], rms[1]


def smallest(views: list[View]) -> View:
    return min(views, key=lambda view: view.width)


def detailed(side: int, seed: int = 0) -> Image.Image:
    """Waves, edges and grain: as hard to compress as a photograph."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] * (1024 / side)
    waves = np.stack([np.sin(x / 90 + seed), np.cos(y / 70 - seed), np.sin((x + y) / 110)], axis=-1)
    squares = ((x // 64 + y // 48) % 2)[..., None] * 40
    noise = Image.fromarray(rng.integers(0, 256, (side, side), np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
    grain = (np.asarray(noise).astype(float) - 128)[..., None]
    return Image.fromarray((110 + 80 * waves + squares + grain).clip(0, 255).astype(np.uint8))


def ssim(clip: Path, exact: Path) -> float:
    """How alike two clips are in their brightness, 1 when equal."""
    argv = [ffmpeg.executable(), "-i", str(clip), "-i", str(exact), "-lavfi", "ssim", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, check=True).stderr.decode()
    found = re.search(r"SSIM Y:([\d.]+)", said)
    assert found
    return float(found[1])


def compare_presets(picture: Path, side: int, folder: Path) -> None:
    """What a moving clip gains and loses by being encoded quickly, instead of as other clips are."""
    timeline = Timeline([Still(picture, 2, Motion.ZOOM_IN, zoom=1.05)], side, side, FPS, load_whole)
    exact = folder / "exact.mp4"
    encode(timeline, exact, "mp4", None, lambda index: None, crf=0)
    for name, moves in (("quick", True), ("usual", False)):
        with mock.patch.object(Timeline, "moves", moves):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            encode(timeline, folder / f"{name}.mp4", "mp4", None, lambda index: None)
            spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        size = (folder / f"{name}.mp4").stat().st_size / 1e6
        likeness = ssim(folder / f"{name}.mp4", exact)
        print(f"  {name}: SSIM {likeness:.4f}, {size:.2f} MB, CPU of ffmpeg {spent:.1f} s")


def peak(pid: int) -> float:
    """Most memory that a process had, in MB. Not ru_maxrss, which it inherits from whoever started it."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def clip(timeline: Timeline) -> None:
    """Make it, and print what it cost, as JSON."""
    peaks: list[float] = []

    def look(index: int) -> None:
        if index == len(timeline) - 1:
            peaks.extend(peak(process.pid) for process in (psutil.Process(), *psutil.Process().children()))

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "clip.mp4")
        encode(timeline, target, "mp4", None, look)
        size = target.stat().st_size
    spent = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = [usage.ru_utime + usage.ru_stime for usage in used]
    print(json.dumps({"seconds": spent, "cpu": cpu, "mb": peaks, "bytes": size, "frames": len(timeline)}))


def child(arguments: argparse.Namespace) -> None:
    pictures = [Path(path) for path in arguments.pictures]
    if arguments.child in list(Transition):
        stills = [Still(path, 1) for path in pictures]
        clip(Timeline(stills, arguments.side, arguments.side, FPS, load_whole, Transition(arguments.child)))
    else:
        stills = [Still(pictures[0], arguments.seconds[0], Motion(arguments.child))]
        clip(Timeline(stills, arguments.side, arguments.side, FPS, load_whole))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[10, 60])
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("pictures", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"jitter of a move over {100 * (ZOOM - 1):.0f} % of {SIDE}x{SIDE} in {FRAMES} frames, rms in pixels")
        for motion in (Motion.ZOOM_IN, Motion.PAN_RIGHT):
            ours, theirs = jitter(motion, folder)
            print(f"  {motion.value:<10} ours {ours:.4f}   zoompan {theirs:.4f}")
        pictures = [folder / f"{seed}.png" for seed in range(4)]
        for seed, path in enumerate(pictures):
            detailed(arguments.side, seed).save(path)
        print(f"{arguments.side}x{arguments.side}, {FPS} frames a second, H.264: 2 s of a slow zoom")
        compare_presets(pictures[0], arguments.side, folder)
        print("whole clips")
        for what in (Motion.ZOOM_IN, Motion.PAN_RIGHT, Transition.CROSSFADE, Transition.INTERPOLATE):
            for seconds in arguments.seconds if isinstance(what, Motion) else [len(pictures)]:
                argv = ["--side", str(arguments.side), "--seconds", str(seconds), "--child", what.value, "--"]
                out = subprocess.run(
                    [sys.executable, __file__, *argv, *map(str, pictures)], stdout=-1, check=True
                ).stdout
                cost = json.loads(out)
                (own, children), (mb, mb_ffmpeg) = cost["cpu"], cost["mb"]
                print(
                    f"  {what.value:<12}{seconds:>4g} s of play: {cost['seconds']:6.1f} s "
                    f"(CPU: own {own:.1f} s, ffmpeg {children:.1f} s), {cost['bytes'] / 1e6:.1f} MB, "
                    f"peak memory: own {mb:.0f} MB, ffmpeg {mb_ffmpeg:.0f} MB"
                )


if __name__ == "__main__":
    main()
