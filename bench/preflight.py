"""What AnimateDiff needs of each kind of chip, as ttnn says on mock boards: a table for docs/tenstorrent.md.

    python bench/preflight.py                                        # 512x512; each row takes about a minute
    python bench/preflight.py --boards n150 p150 --frames 8 16       # some of it
    python bench/preflight.py --designs n150                         # beside two other ways to make 16 frames

Needs a Python with ttnn: TTVIDEO_TTNN_PYTHON, or build/ttnn, which `make ttnn` makes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TTNN = Path(__file__).parents[1] / "build/ttnn/bin/python"
BOARDS = ("n150", "n300", "t3k", "galaxy", "p100", "p150", "p300", "p150x4", "bh-galaxy")
FRAMES = (8, 16, 24, 32)
HEAD = ("board", "frames", "DRAM at the peak", "L1 at the peak", "programs", "operations", "transfers", "at least")


# Where tt-animatediff has motion modules (animatediff_ttnn/motion_weights.py at 1ed63e1e2fec): channels and side of the
# activations that go to the host and back there, for 64x64 latents.
ROUND_TRIPS = ((320, 32), (640, 16), (1280, 8), (1280, 8), (1280, 16), (1280, 32), (640, 64))
BFLOAT8_B = 1088 / 1024
"""Bytes of a number: a tile of 1024 has 64 exponents beside. Those activations are of that type."""


def answer(board: str, frames: int, size: str, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "ttvideo", "preflight", "animatediff", "--board", board, "--frames", str(frames)]
    environment = {"TTVIDEO_TTNN_PYTHON": str(TTNN), **os.environ}
    command += ["--size", size, "--json", *more]
    told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def designs(board: str, frames: int = 16) -> list[tuple[str, ...]]:
    """A step of all frames, of 512x512 with guidance: ours; Phase 2; and what moves with motion modules on the host."""
    whole, apart = (answer(board, frames, "512x512", *more)["needs"] for more in ((), ("--set", "framesApart=true")))
    numbers = 2 * frames * sum(channels * side**2 for channels, side in ROUND_TRIPS)
    moved = f"{len(ROUND_TRIPS) * frames} each way, {numbers * BFLOAT8_B / 1e6:.0f} MB"

    def told(name: str, needs: dict[str, Any], times: int, transfers: str) -> tuple[str, ...]:
        seconds, peak = f"{times * needs['stepSeconds']:.2f} s", f"{needs['dramPeak'] / 2**30:.1f} GiB"
        return name, str(times), str(times * needs["operations"]), transfers, peak, seconds

    return [
        ("design", "calls of the UNet", "operations", "host transfers", "DRAM at the peak", "at least"),
        told("all frames at once, motion modules on the board", whole, 1, str(whole["transfers"])),
        told("frame by frame, no motion modules (Phase 2)", apart, frames, str(frames * apart["transfers"])),
        ("frame by frame, motion modules on the host (tt-animatediff)", str(frames), "", moved, "", ""),
    ]


def row(board: str, frames: int, size: str) -> tuple[str, ...]:
    told = answer(board, frames, size)
    needs = told["needs"]
    if needs is None:
        return board, str(frames), told["message"], *[""] * 5
    memory = f"{needs['dramPeak'] / 2**30:.1f} of {needs['dramTotal'] / 2**30:.1f} GiB"
    l1 = f"{needs['l1Peak'] / 2**20:.2f} of {needs['l1Total'] / 2**20:.2f} MiB"
    counts = (str(needs[name]) for name in ("programs", "operations", "transfers"))
    return board, str(frames), memory, l1, *counts, f"{needs['stepSeconds']:.2f} s"


def line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", nargs="+", default=BOARDS)
    parser.add_argument("--frames", nargs="+", type=int, default=FRAMES)
    parser.add_argument("--size", default="512x512")
    parser.add_argument("--designs", metavar="BOARD")
    arguments = parser.parse_args()
    if arguments.designs:
        head, *rows = map(line, designs(arguments.designs))
        print(head, "|" + "---|" * len(HEAD[:6]), *rows, sep="\n")
        return
    print(line(HEAD), "|" + "---|" * len(HEAD), sep="\n", flush=True)
    for board in arguments.boards:
        for frames in arguments.frames:
            print(line(row(board, frames, arguments.size)), flush=True)


if __name__ == "__main__":
    main()
