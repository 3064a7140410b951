"""What it costs to look at a machine's Tenstorrent boards, on trees of files as drivers make them.

The files lie on this machine's disk instead of in sysfs, where a reading asks the chip's firmware: what is measured is
our own part. Nothing here was measured on a board.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("worker", "tests")]
TIMES = 50


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """Median and slowest of TIMES calls."""
    spent = []
    for _ in range(TIMES):
        began = time.perf_counter()
        call()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent), max(spent)


def main() -> None:
    began = time.perf_counter()
    from ttvideo.tt import detect

    print(f"{'import':<24}{(time.perf_counter() - began) * 1000:8.2f} ms")
    from support.tt_machines import machine

    for name in ("none", "n300", "t3k", "p300c x2", "galaxy"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "root"
            machine(name, root)
            median, slowest = milliseconds(partial(detect.look, root))
            print(f"{name:<24}{median:8.2f} ms, slowest of {TIMES} {slowest:.2f} ms")
            # The processes are this machine's own.
            (root / "proc").symlink_to("/proc")
            median, slowest = milliseconds(partial(detect.look, root, holders=True))
            print(f"{'  and who uses them':<24}{median:8.2f} ms, slowest of {TIMES} {slowest:.2f} ms")


if __name__ == "__main__":
    main()
