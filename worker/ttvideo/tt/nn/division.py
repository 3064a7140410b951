"""How a batch's pictures, and its heads, are divided among the chips of a system, and what that is reckoned to cost."""

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
COLLECTIVE = 12e-6
"""Seconds that a gather, or half of a sum, takes however little there is: the least that was found, of a reduce_scatter
made for one model (tt-metal, pull request 19663). ttnn's own take 15 to 34 microseconds (55543, 41522)."""
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
# Of heads and feed-forward parts: what chips can share, and of it the layers whose results they sum.
SPLIT = re.compile(r"\.attn\d\.to_|\.ff\.net\.")
SUMMED = re.compile(r"\.attn\d\.to_out\.|\.ff\.net\.2\.")


@dataclass(frozen=True)
class Division:
    """Each chip has the pictures of one part, and all weights or those of its heads.

    `Tokens` says how parts are formed, and what chips along `tensor_axis` share.
    """

    mesh: tuple[int, int]
    parts: tuple[int, int]
    tensor_axis: int | None
    sentence: str
    """Which chip has what, for people."""
    flops: int
    """Of matrix products and attention, of one chip in a step."""
    ethernet: int
    """Bytes that a chip receives from others in a step."""
    collectives: int
    """Gathers and halves of sums in a step, which each take a while of their own."""
    weights: int
    """Bytes of bfloat16, of each chip."""
    seconds: float
    """Of a step: products, norms and moves each by the roofline of matrix engines and DRAM, `ethernet` over one link,
    and the least for each of `collectives`. No board is as fast."""

    @property
    def chips(self) -> int:
        """Those that do not compute the same as another."""
        return math.prod(self.parts) * _sharing(self.mesh, self.tensor_axis)


@dataclass(frozen=True)
class Clip:
    """What is divided. weights: names and shapes of a UNetMotionModel's state dict. heads: a divisor of the numbers of
    heads of all its blocks; 1: no chips share them."""

    videos: int
    frames: int
    height: int
    width: int
    """Of the latents."""
    guided: bool
    weights: Mapping[str, tuple[int, ...]]
    heads: int = 1

    @property
    def halves(self) -> int:
        return 2 if self.guided else 1

    def tokens(self, parts: tuple[int, int], tensor_axis: int | None) -> Tokens:
        """Raises ValueError where the pictures cannot be divided so."""
        return Tokens(self.videos * self.halves, self.frames, self.height, self.width, parts, tensor_axis)


def divide(system: boards.System, clip: Clip) -> Division:
    """The fastest division by the cost model; of equally fast ones that which needs fewer chips, on the first mesh.

    Where all weights are more than a chip has memory, only those are considered that leave it less, if there are.
    """
    found = [*divisions(system, clip)]
    memory = system.board.dram
    fitting = [each for each in found if memory is None or each.weights <= memory]
    return min(fitting or found, key=lambda each: (each.seconds, each.chips))


def divisions(system: boards.System, clip: Clip) -> Iterator[Division]:
    """All that are possible. An axis of the mesh divides the pictures or the heads, or its chips compute the same."""
    for mesh in system.meshes:
        axes = (None, *(axis for axis in (0, 1) if mesh[axis] > 1 and clip.heads % mesh[axis] == 0))
        parts = sorted({*itertools.product((1, mesh[0]), (1, mesh[1]))})
        for each, axis in itertools.product(parts, axes):
            try:
                tokens = clip.tokens(each, axis)
            except ValueError:
                continue
            yield _reckoned(system, clip, mesh, tokens)


def _sharing(mesh: tuple[int, int], tensor_axis: int | None) -> int:
    """How many chips share heads."""
    return 1 if tensor_axis is None else mesh[tensor_axis]


def _reckoned(system: boards.System, clip: Clip, mesh: tuple[int, int], tokens: Tokens) -> Division:
    kind = system.board
    rate = boards.FLOPS_PER_CYCLE / PHASES * kind.cores * kind.arch.clock
    levels = 1 + max((int(found[2]) for name in clip.weights if (found := BLOCK.match(name))), default=0)
    chips = math.prod(tokens.parts)
    shared = math.prod(tokens.parts[axis] for axis in tokens.shared)
    sharing = _sharing(mesh, tokens.tensor_axis)
    ethernet, collectives = tokens.rows * (chips - 1) * clip.weights["conv_out.weight"][0] * BYTES, len(tokens.divided)
    flops, seconds, weights = 0, 0.0, 0
    for name, shape in clip.weights.items():
        split = sharing if SPLIT.search(name) else 1
        # The bias of a sum is on each chip whole.
        weights += math.prod(shape) // (1 if SUMMED.search(name) and len(shape) == 1 else split)
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
                collectives += len(tokens.shared) * (2 if divided else 1)
                rows, moves = together, 2 + 2 * SWAPS
        if len(shape) > 1:
            work = 2 * rows * (math.prod(shape) + 2 * keys * shape[0]) // split
            out, into = shape[0], shape[1]
            if split > 1 and SUMMED.search(name):
                # Around a ring come the others' parts of a chip's sum, then the others' sums.
                ethernet += 2 * rows * out * (split - 1) // split * BYTES
                collectives += 2
                # Written, then read and written to add the bias.
                out, into = 3 * out, into // split
            else:
                out //= split
            moved = rows * (out + into) + math.prod(shape) // split
        else:
            work, moved = 0, moves * rows * shape[0]
        flops += work
        seconds += max(work / rate, moved * BYTES / kind.bandwidth)
    return Division(
        mesh,
        tokens.parts,
        tokens.tensor_axis,
        _sentence(clip, tokens, sharing, several=system.chips > 1),
        flops,
        ethernet,
        collectives,
        BYTES * weights,
        seconds + ethernet / ETHERNET[kind.arch] + collectives * COLLECTIVE,
    )


def _level(name: str, levels: int) -> int:
    """How often the pictures are halved where a weight is used."""
    found = BLOCK.match(name)
    if found is None:
        return levels - 1 if name.startswith("mid_block") else 0
    level = int(found[2]) if found[1] == "down" else levels - 1 - int(found[2])
    return level + {"downsamplers": 1, "upsamplers": -1}.get(found[3], 0)


def _sentence(clip: Clip, tokens: Tokens, sharing: int, *, several: bool) -> str:
    if math.prod(tokens.parts) == 1:
        if sharing > 1:
            return f"{sharing} chips share the heads of all pictures."
        return "Nothing is divided: every chip computes all of it." if several else "One chip computes all of it."
    return _whose(clip, tokens) + (f", and {sharing} chips share its heads." if sharing > 1 else ".")


def _whose(clip: Clip, tokens: Tokens) -> str:
    chips, own, frames = math.prod(tokens.parts), tokens.pictures, clip.frames
    if frames % own and own % frames:
        return f"Pictures over {chips} chips: each has {own}, of several videos"
    clips = tokens.videos if own < frames else chips
    guidance = 2 if clip.guided and clips % 2 == 0 else 1
    over = {"guidance": guidance, "videos": clips // guidance, "frames": max(1, frames // own)}
    named = ", ".join(f"{what} over {count} chips" for what, count in over.items() if count > 1)
    has = _counted(own, "frame") if own < frames else _counted(own // frames, "video")
    whose = f"of {_counted(frames, 'frame')}" if own >= frames else "of one half" if clip.guided else "of a video"
    return f"{named[0].upper()}{named[1:]}: each chip has {has} {whose}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count > 1)}"
