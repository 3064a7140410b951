"""Models that are not bundled: where this machine has them, and what identifies their weights. Never the network."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from ttvideo.contract import Checkpoint
from ttvideo.errors import ErrorKind, WorkerError

VARIANT = "fp16"
"""The suffix of half-precision files; they are read instead of others where both are there."""
SAMPLES, SAMPLE_BYTES = 64, 4096


@dataclass(frozen=True)
class Published:
    """A model as its makers publish it: a folder in diffusers' format, with safetensors."""

    id: str
    title: str
    repo: str
    pipeline: str
    """The class that its model_index.json names."""
    weights: tuple[str, ...]
    """Its folders with weights."""
    license: str
    gated: bool
    size_bytes: int
    """Of the files that `download` fetches."""
    download: tuple[str, ...]
    """Options of `hf download` that leave out files which are not read here."""


def checkpoint(model: Published) -> Checkpoint:
    return Checkpoint(
        id=model.repo,
        title=model.title,
        license=model.license,
        size_bytes=model.size_bytes,
        gated=model.gated,
        installed=isinstance(_looked_for(model), Path),
    )


def find(model: Published) -> Path:
    """Its folder: `$TTVIDEO_MODELS/<id>`, else the main revision in Hugging Face's cache.

    Raises WorkerError(MODEL_MISSING), or WorkerError(MODEL_BROKEN) for a folder that holds something else.
    """
    found = _looked_for(model)
    if isinstance(found, WorkerError):
        raise found
    return found


def revision(model: Published) -> str:
    """The commit that Hugging Face's cache has; of another folder a hash that new weights change. Raises as `find`.

    The hash is over all settings, and of each weight file over its size, its header (names, shapes and places of all
    tensors) and 64 samples of 4 KiB: milliseconds for any size. Weights that were trained further differ everywhere;
    a change of single numbers between the samples would not be seen.
    """
    folder = find(model)
    if folder.parent.name == "snapshots":
        return folder.name[:16]
    digest = hashlib.sha256()
    for part in (*sorted(folder.glob("*.json")), *sorted(folder.glob("*/*.json"))):
        digest.update(part.relative_to(folder).as_posix().encode() + part.read_bytes())
    for name in model.weights:
        for file in weight_files(folder / name) or ():
            digest.update(file.relative_to(folder).as_posix().encode() + _samples(file))
    return digest.hexdigest()[:16]


def weight_files(folder: Path) -> list[Path] | None:
    """The safetensors that are read for a model's part, half precision before full; None when some are missing."""
    for suffix in (f".{VARIANT}", ""):
        for base in ("diffusion_pytorch_model", "model"):
            index = folder / f"{base}.safetensors.index{suffix}.json"
            if index.is_file():
                names = set(json.loads(index.read_text())["weight_map"].values())
            else:
                names = {f"{base}{suffix}.safetensors"}
            files = [folder / name for name in sorted(names)]
            if all(file.is_file() for file in files):
                return files
    return None


def variant(folder: Path) -> str | None:
    """What to ask diffusers and transformers for, so that they read `weight_files`."""
    files = weight_files(folder) or ()
    return VARIANT if any(f".{VARIANT}" in file.name for file in files) else None


def _looked_for(model: Published) -> Path | WorkerError:
    """The model's folder, or why there is none. A few looks at the disk."""
    own = os.environ.get("TTVIDEO_MODELS")
    folder = Path(own, model.id) if own else None
    if folder is None or not folder.is_dir():
        commit = _cache(model) / "refs" / "main"
        if not commit.is_file():
            return _missing(model, f"{model.title} is not installed.")
        folder = _cache(model) / "snapshots" / commit.read_text().strip()
    return _problem(model, folder) or folder


def _cache(model: Published) -> Path:
    """The model's folder in Hugging Face's cache, whose layout is documented; importing the library takes longer."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "huggingface")
    hub = os.environ.get("HF_HUB_CACHE") or Path(home, "hub")
    return Path(os.path.expandvars(hub)).expanduser() / f"models--{model.repo.replace('/', '--')}"


def _problem(model: Published, folder: Path) -> WorkerError | None:
    try:
        found = json.loads((folder / "model_index.json").read_text())["_class_name"]
    except (OSError, ValueError, KeyError, TypeError):
        return _foreign(model, f"The folder {folder} is not a model in diffusers' format.")
    if found != model.pipeline:
        return _foreign(model, f"The folder {folder} holds a {found}, not {model.title}, which is a {model.pipeline}.")
    lacking = [name for name in model.weights if weight_files(folder / name) is None]
    if lacking:
        return _missing(model, f"{model.title} is not complete in {folder}: no safetensors of {', '.join(lacking)}.")
    return None


def _foreign(model: Published, message: str) -> WorkerError:
    hint = f"Put {model.title} there, or take the folder away: then Hugging Face's cache is looked at."
    return WorkerError(ErrorKind.MODEL_BROKEN, message, hint)


def _missing(model: Published, message: str) -> WorkerError:
    page = f"https://huggingface.co/{model.repo}"
    first = f"Accept its licence at {page} and run `hf auth login`, then get" if model.gated else "Get"
    gigabytes = f"{model.size_bytes / 1e9:.0f} GB"
    command = " ".join(("hf download", model.repo, *model.download))
    hint = f"{first} it ({gigabytes}) with `{command}`, or put its folder at $TTVIDEO_MODELS/{model.id}."
    return WorkerError(ErrorKind.MODEL_MISSING, message, hint)


def _samples(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as stream:
        # A safetensors file begins with its header's length, 8 bytes, little-endian.
        length = min(size, 8 + struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))[0])
        stream.seek(0)
        parts = [str(size).encode(), stream.read(length)]
        for number in range(SAMPLES):
            stream.seek(length + max(0, size - length - SAMPLE_BYTES) * number // (SAMPLES - 1))
            parts.append(stream.read(SAMPLE_BYTES))
    return b"".join(parts)
