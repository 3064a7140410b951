"""How AnimateDiff is divided among the chips of each system, by the cost model: a table for docs/tenstorrent.md.

python bench/division.py                       # 16 frames of 512x512 with guidance
python bench/division.py --frames-apart        # each frame by itself
python bench/division.py --systems t3k galaxy --frames 8 --unguided
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from ttvideo import families
from ttvideo.families.preflight import clip, subject
from ttvideo.tt import boards
from ttvideo.tt.nn.division import divide

HEAD = ("system", "mesh", "division", "weights of a chip", "from other chips", "at least", "without shared heads")


def row(system: boards.System, parameters: dict[str, object]) -> tuple[str, ...]:
    whole = clip(subject(*families.fitted("animatediff", parameters)))
    found, alone = divide(system, whole), divide(system, replace(whole, heads=1))
    mesh, others = "x".join(map(str, found.mesh)), f"{found.ethernet / 1e6:.0f} MB"
    weights, times = f"{found.weights / 1e9:.2f} GB", [f"{each.seconds * 1e3:.1f} ms" for each in (found, alone)]
    return system.title, mesh, found.sentence, weights, others, *times


def line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", default=[system.id for system in boards.SYSTEMS])
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--frames-apart", action="store_true", help="frames one by one, without motion modules")
    parser.add_argument("--unguided", action="store_true")
    arguments = parser.parse_args()
    parameters: dict[str, object] = {"frames": arguments.frames, "framesApart": arguments.frames_apart}
    parameters |= {"guidance": 1.0} if arguments.unguided else {}
    print(line(HEAD), "|" + "---|" * len(HEAD), sep="\n")
    for system in map(boards.system_named, arguments.systems):
        if system is None:
            parser.error("There is no such system.")
        print(line(row(system, parameters)))


if __name__ == "__main__":
    main()
