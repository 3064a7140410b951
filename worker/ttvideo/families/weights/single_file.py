"""Models in one file, as people trade them: which parts it holds, told by names and shapes, and how to read these.

Such a file has weights only, named as the makers' own programs name them. Everything else is taken from a checkpoint
that is installed.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights import checkpoints, headers
from ttvideo.families.weights.checkpoints import Published

if TYPE_CHECKING:
    import torch

Shape: TypeAlias = tuple[int, ...]
PICKLED = ".ckpt"
ENDINGS = (".safetensors", PICKLED)
CONVERSIONS = "diffusers.loaders.single_file_model"


@dataclass(frozen=True)
class Piece:
    """A part of a model, as its makers' own programs name its weights."""

    part: str
    prefixes: tuple[str, ...]
    """What the names of all its weights begin with; the first that is found."""
    first: str
    """The name of a weight, without prefix, that every such file has."""
    expected: Callable[[Mapping[str, Any]], Mapping[str, Shape | None]]
    """Of the part's config.json: how shapes of weights begin, by name; None of a weight that is not there."""
    cls: str | None
    """The class whose conversion in diffusers names them anew; None: `renames` does."""
    under: str = ""
    """The prefix that this conversion wants."""
    renames: tuple[tuple[str, str], ...] = ()
    """What is replaced in names, in order."""


@dataclass(frozen=True)
class Held:
    """A part that is in a file; `config` is its config.json."""

    file: Path
    piece: Piece
    config: Mapping[str, Any]

    def tensors(self) -> dict[str, torch.Tensor]:
        """As diffusers or transformers name them, mapped from the file where that can be. Raises
        WorkerError(MODEL_BROKEN).
        """
        prefix = _prefix(self.file, self.piece) or ""
        found = {
            self.piece.under + name.removeprefix(prefix): tensor
            for name, tensor in _read(self.file).items()
            if name.startswith(prefix)
        }
        if self.piece.cls is None:
            return {self._renamed(name): tensor for name, tensor in found.items()}
        from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES

        convert = SINGLE_FILE_LOADABLE_CLASSES[self.piece.cls]["checkpoint_mapping_fn"]
        try:
            named: dict[str, torch.Tensor] = convert(checkpoint=dict(found), config=dict(self.config))
        except (KeyError, IndexError, ValueError, RuntimeError, AttributeError) as error:
            raise _broken(self.file, f"its {self.piece.part.replace('_', ' ')} lacks weights") from error
        return named

    def _renamed(self, name: str) -> str:
        for old, new in self.piece.renames:
            name = name.replace(old, new)
        return name


def width(transformer: Mapping[str, Any]) -> int:
    """Of its tokens, by its config.json."""
    return int(transformer["num_attention_heads"] * transformer["attention_head_dim"])


def checked(text: str) -> Path:
    """The file that is meant. Raises WorkerError(INVALID_PARAMETERS)."""
    file = Path(text).expanduser()
    if not file.is_absolute() or not file.is_file():
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"There is no file or folder {file}.", "Name it by its whole path."
        )
    if file.suffix not in ENDINGS:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{file.name} is not read: a model in one file is a .safetensors file, or else a .ckpt file.",
            "Take the file of the same model that ends so, or its folder in diffusers' format.",
        )
    return file


def completed(file: Path, title: str, pieces: Sequence[Piece], models: Sequence[Published]) -> Published:
    """The first of these models that is installed and of the file's shape, with the file's weights instead of its own.

    Raises WorkerError: INVALID_PARAMETERS, MODEL_BROKEN (weights of something else), MODEL_MISSING (no such model).
    """
    if not pieces:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{title} is not read from one file: diffusers knows no way to name its weights anew.",
            "Name a folder in diffusers' format.",
        )
    held = pieces_in(file, pieces)
    if not held:
        raise _broken(file, f"it holds no weights of {title} as its makers name them")
    tried = []
    for model in models:
        folder = checkpoints.where(replace(model, also=()))
        if folder is None:
            continue
        if all(fits(file, piece, folder) for piece in held):
            title = f"{file.name} on {model.title}"
            return replace(model, id=str(file), title=title, repo="", folder=folder, file=file)
        tried.append(model.id)
    parts = " and ".join(piece.part.replace("_", " ") for piece in held)
    if tried:
        known = [model.id for model in models if model.id not in tried]
        raise WorkerError(
            ErrorKind.MODEL_BROKEN,
            f"The {parts} in {file.name} is of another size than that of {', '.join(tried)}.",
            f"Download the checkpoint it was made from: {', '.join(known)}."
            if known
            else f"It was made for another model than {title}.",
        )
    raise WorkerError(
        ErrorKind.MODEL_MISSING,
        f"{file.name} holds the {parts} only: the rest is taken from a checkpoint of {title}, and none is installed.",
        f"Get the one it was made from, such as the default: `ttvideo download {models[0].id}`.",
    )


def remarks(model: Published, file: Path, pieces: Sequence[Piece]) -> list[str]:
    """What is to be said about a file and what it was completed to, in sentences."""
    parts = " and ".join(piece.part.replace("_", " ") for piece in pieces_in(file, pieces))
    return [f"{model.title}: of the file the {parts}, of the checkpoint all else.", *warnings(file)]


def warnings(file: Path) -> list[str]:
    if file.suffix != PICKLED:
        return []
    return [
        f"{file.name} is a pickle, a kind of file that can hide programs: only numbers are read of it. Take a "
        ".safetensors file where there is one."
    ]


def pieces_in(file: Path, pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if _prefix(file, piece) is not None]


def _prefix(file: Path, piece: Piece) -> str | None:
    names = shapes(file)
    return next((prefix for prefix in piece.prefixes if prefix + piece.first in names), None)


def fits(file: Path, piece: Piece, folder: Path) -> bool:
    config = json.loads((folder / piece.part / "config.json").read_text())
    found, prefix = shapes(file), _prefix(file, piece) or ""
    return all(
        prefix + name not in found if shape is None else found.get(prefix + name, ())[: len(shape)] == shape
        for name, shape in piece.expected(config).items()
    )


def shapes(file: Path) -> Mapping[str, Shape]:
    """Of all weights in the file, by its names. Raises WorkerError(MODEL_BROKEN)."""
    try:
        return _shapes(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise _broken(file, str(error)) from error


@lru_cache(maxsize=8)
def _shapes(file: Path, changed: int) -> Mapping[str, Shape]:
    if file.suffix == PICKLED:
        return {name: tuple(tensor.shape) for name, tensor in _read(file).items()}
    from safetensors import SafetensorError

    try:
        return {tensor.name: tensor.shape for tensor in headers.tensors(file)}
    except SafetensorError as error:
        raise _broken(file, f"it has no header of safetensors that fits it ({error})") from error


def _read(file: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix != PICKLED:
            tensors: dict[str, torch.Tensor] = load_file(file)
            return tensors
        # Files of old are not mapped, but read.
        found = torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    except SafetensorError as error:
        raise _broken(file, str(error)) from error
    except Exception as error:  # what a pickle that is none, or not only numbers, makes of its reader is not foreseen
        raise WorkerError(
            ErrorKind.MODEL_BROKEN,
            f"{file.name} is not opened: it holds more than numbers, or is cut off.",
            "What else is in such a file can be a program. Take a .safetensors file of the same model.",
        ) from error
    while isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    return {name: tensor for name, tensor in found.items() if isinstance(tensor, torch.Tensor)}


def _broken(file: Path, what: str) -> WorkerError:
    return WorkerError(
        ErrorKind.MODEL_BROKEN,
        f"{file.name} cannot be used: {what}.",
        "It may be cut off or of another model. A part in diffusers' own naming goes into a folder with its settings.",
    )
