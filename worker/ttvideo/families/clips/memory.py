"""What a clip will need of the memory, worked out before its model is loaded, and how it is run so that it fits."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import psutil
import torch
from safetensors import SafetensorError

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.clips import plan as planning
from ttvideo.families.clips import quantization
from ttvideo.families.clips.plan import Plan, Room, Weights
from ttvideo.families.weights import checkpoints, headers
from ttvideo.families.weights.loading import class_of, unreadable
from ttvideo.media.files import readable_size

if TYPE_CHECKING:
    from pathlib import Path

    from ttvideo.families.clips.fields import ClipParams
    from ttvideo.families.clips.parts import Parts
    from ttvideo.families.clips.pipeline import ClipPipeline
    from ttvideo.families.weights.headers import Tensor

FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
OTHERS = {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
LIBRARIES = 500_000_000
"""Bytes of a GPU that are left to cuBLAS, cuDNN and the gaps between tensors. Not verified on a GPU yet."""


def plan(pipeline: ClipPipeline, params: ClipParams, *, reads: bool) -> tuple[Plan, str]:
    """How to make a clip, and that in a sentence; `reads` says whether the text encoders are needed for it.

    Raises WorkerError(OUT_OF_MEMORY) for one that cannot fit.
    """
    parts, model = pipeline.parts, pipeline.model
    kind = quantization.of(params)
    needed = [name for name in parts.names if parts.is_model(name) and (reads or name not in model.encoders)]
    weights = {name: weigh(parts, name, kind if name in model.denoisers else quantization.NONE) for name in needed}
    asked = planning.Model(
        weights, model.encoders, model.denoisers, lambda tiled: pipeline.working(params, tiled=tiled)
    )
    room = _room(parts)
    chosen = planning.choose(asked, room, low=params.memory == "low")
    title = pipeline.published.title
    if chosen.needs > room.device or not planning.fits_ram(chosen, room):
        memory = "memory" if room.ram is None else "GPU memory"
        needs = (
            f"{readable_size(chosen.needs)} of {memory} while {chosen.largest}; {readable_size(room.device)} are free"
            if chosen.needs > room.device
            else f"{readable_size(chosen.ram)} of RAM; {readable_size(room.ram or 0)} are free"
        )
        raise WorkerError(
            ErrorKind.OUT_OF_MEMORY,
            f"{title} at {params.width}x{params.height} and {params.frames} frames needs about {needs}.",
            _hint(pipeline, params),
        )
    return chosen, _sentence(f"{title}, {_name(parts.dtype)}", weights, kind, chosen, room)


def weigh(parts: Parts, name: str, kind: str = quantization.NONE) -> Weights:
    """By the headers of its files. Raises WorkerError: MODEL_MISSING, MODEL_BROKEN."""
    size = torch.empty(0, dtype=parts.dtype_of(name)).element_size()
    layers = quantization.Layers(class_of(parts.model.classes[name]), kind, size)
    groups: defaultdict[str, int] = defaultdict(int)
    held = converting = widened = apart = 0
    for file in checkpoints.weight_files(parts.folder_of(name) / name) or ():
        converted = False
        for tensor in _tensors(parts, name, file):
            if tensor.kind in FLOATS:
                taken, wide = layers.bytes(tensor.name, tensor.shape), size * math.prod(tensor.shape)
                widened = max(widened, wide if taken < wide else 0)
            else:
                taken = OTHERS.get(tensor.kind, 8) * math.prod(tensor.shape)
            held += taken
            converted = converted or (tensor.kind in FLOATS and FLOATS[tensor.kind] != size)
            if (group := _group(parts, name, tensor.name)) is None:
                apart += taken
            else:
                groups[group] += taken
        if converted:
            converting = max(converting, file.stat().st_size)
    # Pages of a mapped file can be given back; a copy in another type cannot.
    copied = held if parts.device == "cuda" and (converting or kind != quantization.NONE) else 0
    return Weights(held, converting + copied, max(groups.values(), default=0), apart, widened)


def _group(parts: Parts, part: str, tensor: str) -> str | None:
    """What is streamed together: a block of a denoiser, or a layer of a text encoder."""
    if part in parts.model.denoisers:
        found = quantization.BLOCK.match(tensor)
        return found.group() if found else None
    return tensor.rpartition(".")[0]


def _tensors(parts: Parts, name: str, file: Path) -> list[Tensor]:
    try:
        return list(headers.tensors(file))
    except (OSError, SafetensorError) as error:
        raise unreadable(parts.published.title, parts.folder_of(name) / name, error) from error


def _room(parts: Parts) -> Room:
    """What may be used, with what of the model is there already."""
    ram = int(psutil.virtual_memory().available)
    there = [name for name in parts.names if parts.has(name) and parts.is_model(name)]
    held = {name: weigh(parts, name, parts.quantized(name)).held for name in there}
    if parts.device != "cuda":
        return Room(ram + sum(held.values()))
    unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    streamed = sum(size for name, size in held.items() if name in parts.streamed)
    device = int(torch.cuda.mem_get_info()[0]) + unused + sum(held.values()) - streamed - LIBRARIES
    return Room(max(0, device), ram + streamed)


def _sentence(what: str, weights: dict[str, Weights], kind: str, plan: Plan, room: Room) -> str:
    large = max(weights, key=lambda name: weights[name].held)
    holds = f"the {_words(large)} is {readable_size(weights[large].held)}"
    if room.ram is None:
        needs = f"needs about {readable_size(plan.needs)} of memory, of which {holds}"
        said = f"{needs}; {readable_size(room.device)} are free"
    else:
        said = (
            f"needs about {readable_size(plan.needs)} of GPU memory and {readable_size(plan.ram)} of RAM; {holds}; "
            f"{readable_size(room.device)} and {readable_size(room.ram)} are free"
        )
    streamed = " and ".join(_words(name) for name in weights if name in plan.streamed)
    return (
        f"{what}: {said}"
        + (": one part at a time" if plan.in_turn else "")
        + (f", the {streamed} streamed from RAM block by block" if streamed else "")
        + (", pictures decoded in tiles" if plan.tiled else "")
        + (f"; weights in {kind}" if kind != quantization.NONE else "")
        + "."
    )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _words(part: str) -> str:
    return "VAE" if part == "vae" else part.replace("_", " ")


def _hint(pipeline: ClipPipeline, params: ClipParams) -> str:
    ways = ["Ask for fewer frames or a smaller size"]
    if (
        pipeline.parts.device == "cuda"
        and quantization.offered(params)
        and quantization.of(params) == quantization.NONE
    ):
        ways.append("for quantization fp8, which halves the weights")
    smaller = [each for each in pipeline.model.published if each.size_bytes < pipeline.published.size_bytes]
    ways.append(f"take {smaller[0].id}" if smaller else "close other programs")
    return f"{', '.join(ways[:-1])}, or {ways[-1]}."
