"""What AnimateDiff needs of each kind of chip, as ttnn says on mock boards: a table for docs/tenstorrent.md.

    python bench/preflight.py                                        # 512x512; each row takes about a minute
    python bench/preflight.py --boards n150 p150 --frames 8 16       # some of it

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
BOARDS = ("n150", "n300", "galaxy", "p100", "p150", "p300", "bh-galaxy")
FRAMES = (8, 16, 24, 32)
HEAD = ("board", "frames", "DRAM at the peak", "L1 at the peak", "programs", "operations", "transfers", "at least")


def row(board: str, frames: int, size: str) -> tuple[str, ...]:
    command = [sys.executable, "-m", "ttvideo", "preflight", "animatediff", "--board", board, "--frames", str(frames)]
    environment = {"TTVIDEO_TTNN_PYTHON": str(TTNN), **os.environ}
    told = subprocess.run([*command, "--size", size, "--json"], env=environment, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    needs = answer["needs"]
    if needs is None:
        return board, str(frames), answer["message"], *[""] * 5
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
    arguments = parser.parse_args()
    print(line(HEAD), "|" + "---|" * len(HEAD), sep="\n", flush=True)
    for board in arguments.boards:
        for frames in arguments.frames:
            print(line(row(board, frames, arguments.size)), flush=True)


if __name__ == "__main__":
    main()
