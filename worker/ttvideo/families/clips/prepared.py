"""Parts of a model fused and saved once as they are computed with, so that every later start only maps them.

Reading Stable Diffusion and a motion adapter as diffusers does it takes seconds and twice their memory; what is saved
here is mapped by the system in a fraction of a second, and is memory that can be given back. A prepared part appears
whole or not at all, and is never written to again: processes may have it mapped.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import torch
from safetensors import SafetensorError, safe_open

from ttvideo.contract import Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, StepEvent, WithinEvent
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.loading import HINT, class_of
from ttvideo.families.weights.single_file import Held, Piece
from ttvideo.media.files import disk_error, free_bytes, readable_size

if TYPE_CHECKING:
    from ttvideo.families.clips.parts import Parts

SPARE_BYTES = 100_000_000
"""What must stay free on the disk."""
ALIGNMENT = 64
"""Where the kernels for convolutions and products like their weights to begin."""
NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
"""What safetensors calls the numbers that models compute with; others, such as counters, stay what they are."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Recipe:
    """What a part is made of."""

    config: Mapping[str, Any]
    """Its config.json."""
    files: tuple[Path | Held, ...]
    """Safetensors, or parts of other files, whose tensors together are the part's."""
    needed: bool
    """Without it the part cannot be loaded at all; otherwise it is only faster, and is made when somebody asks."""


def in_dtype(folder: Path, files: Sequence[Path], dtype: torch.dtype) -> Recipe | None:
    """Of a part in a checkpoint, if it is stored in another dtype."""
    with safe_open(files[0], "pt") as reader:
        first = reader.get_slice(next(iter(reader.keys()))).get_dtype()
    if first not in NAMES.values() or first == NAMES[dtype]:
        return None
    return Recipe(json.loads((folder / "config.json").read_text()), tuple(files), needed=False)


def of_file(folder: Path, file: Path, piece: Piece) -> Recipe:
    """Of a part that a single file holds; `folder` is that of the same part in an installed checkpoint."""
    config = json.loads((folder / "config.json").read_text())
    return Recipe(config, (Held(file, piece, config),), needed=True)


@dataclass(frozen=True)
class Stored:
    name: str
    get: Callable[[], torch.Tensor]
    shape: tuple[int, ...]
    dtype: torch.dtype | None
    """None for one that stays as it is stored, as `stored` calls it."""
    stored: str
    size: int
    """Bytes, as it will be saved."""


def folder(parts: Parts) -> Path:
    """Of all prepared parts of a checkpoint, in one dtype."""
    dtype = str(parts.dtype).removeprefix("torch.")
    return checkpoints.prepared_folder(parts.published, *parts.published.also) / f"{parts.revision}-{dtype}"


def find(parts: Parts, name: str) -> Path | None:
    """The folder that has the part prepared."""
    found = folder(parts)
    return found if (found / name).is_dir() else None


def make(parts: Parts, on_event: OnEvent, *, everything: bool = False) -> list[Path]:
    """Prepare the parts that need it, or with `everything` those that gain by it; the folders that were made.

    Reports the loading phase, and is cancelled, through the callback. Raises WorkerError: DISK, MODEL_BROKEN.
    """
    made = []
    for name in parts.names:
        if find(parts, name) is not None:
            continue
        recipe = parts.model.recipe(parts.published, parts.folder, name, parts.dtype_of(name))
        if recipe is not None and (recipe.needed or everything):
            place = folder(parts)
            try:
                with _locked(place.parent, on_event):
                    if not (place / name).is_dir():
                        _make(parts, name, recipe, place, on_event)
                        made.append(place / name)
            except OSError as error:
                raise disk_error(f"{parts.published.title} cannot be prepared in {place}", error) from error
    return made


def _make(parts: Parts, name: str, recipe: Recipe, place: Path, on_event: OnEvent) -> None:
    making = place / f".{name}.partial"
    shutil.rmtree(making, ignore_errors=True)  # of a process that was killed
    making.mkdir(parents=True)
    try:
        with ExitStack() as stack:
            cls = class_of(parts.model.classes[name])
            try:
                found = tensors(recipe, cls, parts.dtype_of(name), stack)
            except SafetensorError as error:
                message = f"The weights of the {name} of {parts.published.title} cannot be read: {error}."
                raise WorkerError(ErrorKind.MODEL_BROKEN, message, HINT) from error
            size = sum(tensor.size for tensor in found)
            _require_space(parts.published.title, size, place)
            on_event(
                NoteEvent(
                    f"{parts.published.title} is prepared once, so that it starts at once from now on: "
                    f"{readable_size(size)} in {place}."
                )
            )
            on_event(PhaseEvent(Phase.LOADING, total=100))
            (making / "config.json").write_text(json.dumps(dict(recipe.config), indent=2))
            base = "model" if parts.model.classes[name].startswith("transformers.") else "diffusion_pytorch_model"
            write(making / f"{base}.safetensors", found, on_event)
        making.rename(place / name)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    for other in place.parent.iterdir():
        if other.is_dir() and not other.name.startswith(parts.revision):
            shutil.rmtree(other, ignore_errors=True)  # of an earlier revision


def tensors(recipe: Recipe, cls: Any, dtype: torch.dtype, stack: ExitStack) -> list[Stored]:
    """The largest first: their sizes are multiples of the alignment, so that all of them begin at one."""
    found = []
    exact = frozenset(getattr(cls, "_keep_in_fp32_modules", None) or ())
    for file in recipe.files:
        if isinstance(file, Held):
            found += [_held(name, tensor, dtype, exact) for name, tensor in file.tensors().items()]
            continue
        reader = stack.enter_context(safe_open(file, "pt"))
        for name in reader.keys():  # noqa: SIM118 - not a mapping
            part = reader.get_slice(name)
            shape, stored = tuple(part.get_shape()), part.get_dtype()
            target: torch.dtype | None = None
            if stored in NAMES.values():
                target = torch.float32 if exact.intersection(name.split(".")) else dtype
            sample = reader.get_tensor(name)
            size = sample.numel() * (target.itemsize if target else sample.element_size())
            found.append(Stored(name, partial(reader.get_tensor, name), shape, target, stored, size))
    return sorted(found, key=lambda tensor: (-tensor.size, tensor.name))


def _held(name: str, tensor: torch.Tensor, dtype: torch.dtype, exact: frozenset[str]) -> Stored:
    """What is not a number to compute with, such as the places of a text's tokens, is counted in whole numbers."""
    whole = not tensor.is_floating_point()
    target = torch.int64 if whole else torch.float32 if exact.intersection(name.split(".")) else dtype
    return Stored(name, lambda: tensor, tuple(tensor.shape), target, "I64", tensor.numel() * target.itemsize)


def write(file: Path, tensors: list[Stored], on_event: OnEvent) -> None:
    """In the safetensors format, one tensor in memory at a time."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for tensor in tensors:
        dtype = NAMES.get(tensor.dtype, tensor.stored) if tensor.dtype else tensor.stored
        header[tensor.name] = {"dtype": dtype, "shape": tensor.shape, "data_offsets": (end, end + tensor.size)}
        end += tensor.size
    about = json.dumps(header).encode()
    about += b" " * (-(8 + len(about)) % ALIGNMENT)
    done = percent = 0
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", len(about)) + about)
        for tensor in tensors:
            values = tensor.get()
            values = values.to(tensor.dtype).contiguous() if tensor.dtype else values.contiguous()
            stream.write(values.reshape(-1).view(torch.uint8).numpy().data)
            done += tensor.size
            if done * 100 // end > percent:
                percent = done * 100 // end
                on_event(StepEvent(percent, 100))
        stream.flush()
        os.fsync(stream.fileno())


def _require_space(title: str, size: int, place: Path) -> None:
    free = free_bytes(place)
    if size + SPARE_BYTES > free:
        raise WorkerError(
            ErrorKind.DISK,
            f"{title} is prepared once in {place}, which needs {readable_size(size)}; {readable_size(free)} are free.",
            "Make room, or set TTVIDEO_CACHE to a folder on a larger disk; then resume the job.",
        )


@contextmanager
def _locked(place: Path, on_event: OnEvent) -> Iterator[None]:
    """Of the processes that want the same part one makes it, and the others wait."""
    place.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(place / ".lock", thread_local=False)
    while not lock.is_locked:
        on_event(WithinEvent(0.0))
        try:
            lock.acquire(timeout=LOOK_SECONDS)
        except filelock.Timeout:
            continue
    try:
        yield
    finally:
        lock.release()
