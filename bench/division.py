"""How AnimateDiff is divided among the chips of each system, by the cost model: a table for docs/tenstorrent.md.

python bench/division.py                 # 16 frames of 512x512 with guidance
python bench/division.py --frames-apart  # each frame by itself
"""

from __future__ import annotations

import argparse

from ttvideo import families
from ttvideo.families.preflight import clip, subject
from ttvideo.tt import boards
from ttvideo.tt.nn.division import Clip, divide, divisions

HEAD = ("system", "mesh", "division", "from other chips, in a step", "a step takes at least", "with heads shared")


def row(system: boards.System, whole: Clip) -> tuple[str, ...]:
    found = divide(system, whole)
    others = f"{found.ethernet / 1e6:.0f} MB in {found.collectives}" if found.collectives else "0"
    sharing = [each for each in divisions(system, whole) if each.tensor_axis is not None]
    best = min(sharing, key=lambda each: each.seconds, default=None)
    said = f"{best.seconds * 1e3:.1f} ms on {best.chips} chips, {best.weights / 1e9:.2f} GB each" if best else ""
    return system.title, "x".join(map(str, found.mesh)), found.sentence, others, f"{found.seconds * 1e3:.1f} ms", said


def line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames-apart", action="store_true")
    parser.add_argument("--guidance", type=float, default=7.5)
    asked = parser.parse_args()
    parameters = {"frames": asked.frames, "framesApart": asked.frames_apart, "guidance": asked.guidance}
    whole = clip(subject(*families.fitted("animatediff", parameters | {"width": asked.size, "height": asked.size})))
    print(line(HEAD), "|" + "---|" * len(HEAD), sep="\n")
    for system in boards.SYSTEMS:
        print(line(row(system, whole)))


if __name__ == "__main__":
    main()
