"""How the pictures of a batch are divided among the chips of a system, and what that is reckoned to cost."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from animatediff_ttnn.layers.tokens import Tokens
from ttvideo.tt import boards

# Wormhole: 100 Gb/s (tt-metal, tech_reports/EthernetMultichip/BasicEthernetGuide.md). Blackhole: half of a QSFP-DD 800G
# port (docs.tenstorrent.com/aibs/blackhole/multi-card-topologies), taken for one link.
ETHERNET = {boards.WORMHOLE: 12.5e9, boards.BLACKHOLE: 50e9}
"""Bytes per second of one link in one direction."""
BYTES = 2
"""Of a bfloat16."""
PHASES = 2
"""Of HiFi2, the convolutions' fidelity."""
SWAPS = 6
"""Operations that only move a motion module's rows, all frames of them: to row-major, another order, back; twice."""
BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(\w+)")
MOTION = "motion_modules"
# What is computed once per clip.
ONCE = re.compile(r"time_emb|attentions\..*attn2\.to_[kv]\.")


@dataclass(frozen=True)
class Division:
    """Each chip has all weights and the pictures of one part; `Tokens.parts` says how parts are formed."""

    mesh: tuple[int, int]
    parts: tuple[int, int]
    sentence: str
    """Which chip has what, for people."""
    flops: int
    """Of matrix products and attention, of one chip in a step."""
    ethernet: int
    """Bytes that a chip receives from others in a step."""
    weights: int
    """Bytes of bfloat16, of each chip."""
    seconds: float
    """Of a step: products, norms and moves each by the roofline of matrix engines and DRAM, and `ethernet` over one
    link. No board is as fast."""


@dataclass(frozen=True)
class Clip:
    """What is divided. weights: names and shapes of a UNetMotionModel's state dict."""

    videos: int
    frames: int
    height: int
    width: int
    """Of the latents."""
    guided: bool
    weights: Mapping[str, tuple[int, ...]]

    @property
    def halves(self) -> int:
        return 2 if self.guided else 1

    def tokens(self, parts: tuple[int, int]) -> Tokens:
        """Raises ValueError where the pictures cannot be divided so."""
        return Tokens(self.videos * self.halves, self.frames, self.height, self.width, parts)


def divide(system: boards.System, clip: Clip) -> Division:
    """The fastest division by the cost model; of equally fast ones that which needs fewer chips, on the first mesh.

    Pictures that cannot be divided among the chips along an axis of the mesh are the same on all of them.
    """
    return min(_divisions(system, clip), key=lambda each: (each.seconds, math.prod(each.parts)))


def _divisions(system: boards.System, clip: Clip) -> Iterator[Division]:
    for mesh in system.meshes:
        for parts in sorted({*itertools.product((1, mesh[0]), (1, mesh[1]))}):
            try:
                tokens = clip.tokens(parts)
            except ValueError:
                continue
            yield _reckoned(system, clip, mesh, tokens)


def _reckoned(system: boards.System, clip: Clip, mesh: tuple[int, int], tokens: Tokens) -> Division:
    kind = system.board
    rate = boards.FLOPS_PER_CYCLE / PHASES * kind.cores * kind.arch.clock
    levels = 1 + max((int(found[2]) for name in clip.weights if (found := BLOCK.match(name))), default=0)
    chips = math.prod(tokens.parts)
    shared = math.prod(tokens.parts[axis] for axis in tokens.shared)
    ethernet = tokens.rows * (chips - 1) * clip.weights["conv_out.weight"][0] * BYTES
    flops, seconds = 0, 0.0
    for name, shape in clip.weights.items():
        if ONCE.search(name) or not name.endswith(".weight"):
            continue
        pixels = tokens.pixels // 4 ** _level(name, levels)
        rows, keys, moves = tokens.pictures * pixels, 0, 2
        if name.endswith("to_q.weight"):
            keys = tokens.frames if MOTION in name else pixels if "attn1" in name else 0
        if MOTION in name:
            # Of all frames that chips share, each has its part of the pixels; where those are too few, all.
            together = rows * shared
            divided = together // tokens.frames % shared == 0
            rows = rows if divided else together
            if name.endswith(".norm.weight"):
                gathered = together // shared * (shared - 1) * shape[0] * BYTES
                ethernet += 2 * gathered if divided else gathered
                rows, moves = together, 2 + 2 * SWAPS
        if len(shape) > 1:
            work = 2 * rows * (math.prod(shape) + 2 * keys * shape[0])
            moved = rows * (shape[0] + shape[1]) + math.prod(shape)
        else:
            work, moved = 0, moves * rows * shape[0]
        flops += work
        seconds += max(work / rate, moved * BYTES / kind.bandwidth)
    return Division(
        mesh,
        tokens.parts,
        _sentence(clip, tokens, several=system.chips > 1),
        flops,
        ethernet,
        BYTES * sum(map(math.prod, clip.weights.values())),
        seconds + ethernet / ETHERNET[kind.arch],
    )


def _level(name: str, levels: int) -> int:
    """How often the pictures are halved where a weight is used."""
    found = BLOCK.match(name)
    if found is None:
        return levels - 1 if name.startswith("mid_block") else 0
    level = int(found[2]) if found[1] == "down" else levels - 1 - int(found[2])
    return level + {"downsamplers": 1, "upsamplers": -1}.get(found[3], 0)


def _sentence(clip: Clip, tokens: Tokens, *, several: bool) -> str:
    chips, own, frames = math.prod(tokens.parts), tokens.pictures, clip.frames
    if chips == 1:
        return "Nothing is divided: every chip computes all of it." if several else "One chip computes all of it."
    if frames % own and own % frames:
        return f"Pictures over {chips} chips: each has {own}, of several videos."
    clips = tokens.videos if own < frames else chips
    guidance = 2 if clip.guided and clips % 2 == 0 else 1
    over = {"guidance": guidance, "videos": clips // guidance, "frames": max(1, frames // own)}
    named = ", ".join(f"{what} over {count} chips" for what, count in over.items() if count > 1)
    count = own if own < frames else own // frames
    noun = "frame" if own < frames else "video"
    whose = f"of {frames} frames" if own >= frames else "of one half" if clip.guided else "of a video"
    return f"{named[0].upper()}{named[1:]}: each chip has {count} {noun}{'s' * (count > 1)} {whose}."
