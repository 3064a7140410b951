"""`ttvideo scaling`: a table, and a drawing of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from math import log10
from pathlib import Path

from ttvideo.jobs.queue import Queue
from ttvideo.jobs.scaling import CLAIMS, Claim, Group, Measured, measured
from ttvideo.media.files import write_atomic

Found = Mapping[Group, Sequence[Measured]]
CLAIMED = "Claimed by the lesson for SDXL, 1024x1024; not measured here"
NOTHING = "Nothing measured yet: `ttvideo storyboard FILE` measures every frame that it draws."


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--svg", metavar="FILE", help="draw it into this file")
    command.add_argument("--json", action="store_true", help="for programs: one JSON object")


def run(arguments: argparse.Namespace, queue: Queue) -> int:
    found = measured(queue)
    print(as_json(found) if arguments.json else table(found))
    if arguments.svg:
        write_atomic(Path(arguments.svg).absolute(), drawing(found).encode())
    return 0


def table(found: Found) -> str:
    lines = [] if found else [NOTHING]
    for group, rows in found.items():
        lines.append(f"{group}: seconds per frame, measured here")
        for row in rows:
            spread = f"{_seconds(row.fastest)} to {_seconds(row.slowest)}"
            frames = f"{row.frames} frame{'' if row.frames == 1 else 's'}"
            lines.append(f"  {_chips(row.chips):<9} {_seconds(row.seconds):>9}   {spread}, {frames}; {row.device}")
    lines.append(f"{CLAIMED}:")
    lines += [f"  {_chips(claim.chips):<9} {_seconds(claim.seconds):>9}   {claim.device}" for claim in CLAIMS]
    return "\n".join(lines)


def drawing(found: Found) -> str:
    """SVG: one bar for each device, its length logarithmic; claims are only outlined."""
    bars: list[tuple[str, Measured | Claim | None]] = []
    for group, rows in found.items():
        bars += [(f"{group}: measured here, median", None), *((_label(row), row) for row in rows)]
    bars += [(CLAIMED, None), *((_label(claim), claim) for claim in CLAIMS)]
    seconds = [row.seconds for _, row in bars if row is not None and row.seconds > 0]
    low, high = log10(min(seconds) / 2), log10(max(seconds))
    parts, y = [], 44
    for label, row in bars:
        if row is None:
            y += 10
            parts.append(f'<text x="16" y="{y + 14}" font-weight="bold">{escape(label)}</text>')
        else:
            length = 300 * (log10(max(row.seconds, 10**low)) - low) / (high - low) if high > low else 300
            style = 'fill="none" stroke="#888" stroke-dasharray="4 3"' if isinstance(row, Claim) else 'fill="#3a7ca5"'
            parts.append(f'<text x="16" y="{y + 14}">{escape(label)}</text>')
            parts.append(f'<rect x="360" y="{y + 3}" width="{length:.1f}" height="14" {style}/>')
            parts.append(f'<text x="{368 + length:.1f}" y="{y + 14}">{_seconds(row.seconds)}</text>')
        y += 22
    head = '<text x="16" y="26" font-size="16">Seconds per frame (bars are logarithmic)</text>'
    font = 'font-family="sans-serif" font-size="12"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {y + 16}" width="760" height="{y + 16}" {font}>\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{head}\n' + "\n".join(parts) + "\n</svg>\n"
    )


def as_json(found: Found) -> str:
    groups = [{"drawn": asdict(group), "measured": [asdict(row) for row in rows]} for group, rows in found.items()]
    return json.dumps({"groups": groups, "claims": {"of": CLAIMED, "devices": [asdict(claim) for claim in CLAIMS]}})


def _label(row: Measured | Claim) -> str:
    name = row.device if len(row.device) <= 44 else f"{row.device[:43]}…"
    return f"{name} ({_chips(row.chips)})" if row.chips else name


def _chips(chips: int) -> str:
    return "" if chips == 0 else f"{chips} chip{'' if chips == 1 else 's'}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2f} s"
