"""What a clip will need of the memory, worked out before its model is loaded, and how that is run so that it fits."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import torch

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights import checkpoints
from ttvideo.media.files import readable_size

if TYPE_CHECKING:
    from ttvideo.families.clips.dry_run import Working
    from ttvideo.families.clips.fields import ClipParams
    from ttvideo.families.clips.parts import Parts
    from ttvideo.families.clips.pipeline import ClipPipeline

ROOM = 0.8
"""Of the free memory, what all parts together may take; else one is loaded after the other."""
FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
OTHERS = {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class Plan:
    in_turn: bool
    """Each part is forgotten as soon as the next one is needed."""
    tiled: bool
    """Pictures are decoded in tiles."""
    needs: int
    """Bytes at the peak, beside what Python and the libraries take."""
    sentence: str


@dataclass(frozen=True)
class Weights:
    """Bytes of a part in the type it computes in, and what its largest file takes beside them while it is converted."""

    held: int
    converting: int


def plan(pipeline: ClipPipeline, params: ClipParams, *, reads: bool) -> Plan:
    """How to make a clip; `reads` says whether the text encoders are needed for it.

    Raises WorkerError(OUT_OF_MEMORY) for one that cannot fit.
    """
    parts, title = pipeline.parts, pipeline.published.title
    weights = {name: weigh(parts, name) for name in parts.names if parts.is_model(name)}
    unread = set(pipeline.model.encoders) if not reads else set()
    needed = {name: each for name, each in weights.items() if name not in unread}
    free = _free(parts)
    low = params.memory == "low"
    for in_turn, tiled in ((False, False), (True, False), (True, True)):
        if low and not tiled:
            continue
        stages = _stages(pipeline, needed, pipeline.working(params, tiled=tiled), reads=reads, in_turn=in_turn)
        needs = max(stages.values())
        if needs <= free * (1 if in_turn else ROOM) or (low and tiled):
            break
    large = max(needed, key=lambda name: needed[name].held)
    sentence = (
        f"{title}, {_name(parts.dtype)}: needs about {readable_size(needs)} of memory, of which the {_words(large)} is "
        f"{readable_size(needed[large].held)}; {readable_size(free)} are free"
        + (": one part at a time" if in_turn else "")
        + (", pictures decoded in tiles" if tiled else "")
        + "."
    )
    if needs > free:
        raise WorkerError(
            ErrorKind.OUT_OF_MEMORY,
            f"{title} at {params.width}x{params.height} and {params.frames} frames needs about {readable_size(needs)} "
            f"of memory while {max(stages, key=lambda name: stages[name])}; {readable_size(free)} are free.",
            _hint(pipeline),
        )
    return Plan(in_turn, tiled, needs, sentence)


def weigh(parts: Parts, name: str) -> Weights:
    """By the headers of its files; raises WorkerError(MODEL_MISSING) when these are not there."""
    size = torch.empty(0, dtype=parts.dtype_of(name)).element_size()
    held = converting = 0
    for file in checkpoints.weight_files(parts.folder_of(name) / name) or ():
        converted = False
        for kind, count in _tensors(file):
            held += count * (size if kind in FLOATS else OTHERS.get(kind, 8))
            converted = converted or (kind in FLOATS and FLOATS[kind] != size)
        if converted:
            converting = max(converting, file.stat().st_size)
    return Weights(held, converting)


def _tensors(file: Path) -> Iterable[tuple[str, int]]:
    """Type and count of numbers of each tensor: a safetensors file begins with its header and that one's length."""
    with file.open("rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    return [(about["dtype"], math.prod(about["shape"])) for name, about in header.items() if name != "__metadata__"]


def _stages(
    pipeline: ClipPipeline, weights: dict[str, Weights], working: Working, *, reads: bool, in_turn: bool
) -> dict[str, int]:
    """Bytes at the peak of each phase."""
    encoders, denoisers = set(pipeline.model.encoders), set(pipeline.model.denoisers)

    def held(names: Iterable[str]) -> int:
        return sum(weights[name].held for name in names if name in weights)

    others = weights.keys() - encoders - denoisers
    first, second = (held(encoders), held(denoisers | others)) if in_turn else (held(encoders), held(weights))
    stages = {
        "loading": max(
            (held([name]) if in_turn else held(weights)) + each.converting for name, each in weights.items()
        ),
        "denoising": second + working.denoising,
        "decoding": (held(others) if in_turn else held(weights)) + working.decoding,
    }
    return stages | ({"encoding": first + working.encoding} if reads else {})


def _free(parts: Parts) -> int:
    """Bytes that may be used on the device, with what of the model is there already."""
    held = sum(weigh(parts, name).held for name in parts.names if parts.has(name) and parts.is_model(name))
    if parts.device == "cuda":
        unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return int(torch.cuda.mem_get_info()[0]) + unused + held
    return int(psutil.virtual_memory().available) + held


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _words(part: str) -> str:
    return "VAE" if part == "vae" else part.replace("_", " ")


def _hint(pipeline: ClipPipeline) -> str:
    smaller = [each for each in pipeline.model.published if each.size_bytes < pipeline.published.size_bytes]
    if not smaller:
        return "Ask for fewer frames or a smaller size, or close other programs."
    return f"Ask for fewer frames or a smaller size, or take {smaller[0].id}."
