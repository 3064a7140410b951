"""Models that are not bundled: where this machine has them, and what identifies their weights. Never the network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from stat import S_ISREG
from typing import Any

from ttvideo.contract import Checkpoint
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights.verified import verified
from ttvideo.media.files import readable_size
from ttvideo.state import cache_folder

VARIANTS = ("fp16", "bf16")
"""The suffixes of half-precision files; they are read instead of others where both are there."""
WEIGHTS = re.compile(
    r"(diffusion_pytorch_model|model)(\.(?P<named>fp16|bf16))?(-\d+-of-\d+)?(\.(?P<split>fp16|bf16))?\.safetensors"
    r"(\.index(\.(?P<listed>fp16|bf16))?\.json)?"
)
"""Names of safetensors, whole or in pieces, and of the lists of pieces."""
SETTINGS = (".json", ".txt", ".model")
"""Endings of settings and tokenizers. What may hold a pickle is in no list here, so it is never fetched."""
ONLY = "*.safetensors"
"""Among a model's files: the only one that its repository has."""
SAMPLES, SAMPLE_BYTES = 64, 4096


@dataclass(frozen=True)
class Published:
    """A model as its makers publish it: a folder in diffusers' format, with safetensors."""

    id: str
    title: str
    repo: str
    pipeline: str
    """The class that its model_index.json names; of a single part, its config.json; empty where neither is there."""
    weights: tuple[str, ...]
    """Its folders with weights."""
    license: str
    gated: bool
    size_bytes: int
    """Of the files that are read here."""
    exclude: tuple[str, ...] = ()
    """Patterns of files that are not fetched though they lie where others are read."""
    files: tuple[str, ...] = ()
    """Safetensors of other names that are read, too."""
    also: tuple[Published, ...] = ()
    """What it cannot do without, and others publish: it is fetched and looked for together with them."""
    folder: Path | None = None
    """Where it lies, when somebody named the folder."""
    revision: str | None = None
    """The commit that is meant, if it is not the main one."""
    file: Path | None = None
    """One file that somebody named, with weights that are read instead of those in the folder."""


def checkpoint(model: Published) -> Checkpoint:
    place = own_folder(model) or cache(model)
    return Checkpoint(
        id=model.repo,
        name=model.id,
        title=model.title,
        license=model.license,
        size_bytes=model.size_bytes + sum(each.size_bytes for each in model.also),
        gated=model.gated,
        installed=isinstance(_looked_for(model), Path),
        folder=str(place) if place.exists() else None,
        disk_bytes=sum(disk_use(own_folder(each) or cache(each)) for each in (model, *model.also)),
        verified=dict(verified(model.id)),
    )


def disk_use(folder: Path) -> int:
    """Bytes of the files in a folder; what links lead to is somebody else's."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a download gives its files other names
                stat = Path(place, name).lstat()
                total += stat.st_size if S_ISREG(stat.st_mode) else 0
    return total


def needed(model: Published, names: Iterable[str]) -> list[str]:
    """Of a repository's files those that are read here: settings, tokenizers and, of each part's weights, the variant
    that `weight_files` takes."""
    if model.files == (ONLY,):
        return [only(model, [name for name in names if fnmatch(name, ONLY) and "/" not in name])]
    chosen: list[str] = []
    weights: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        folder, _, file = name.rpartition("/")
        if name in model.files:
            chosen.append(name)
            continue
        if "/" in folder or name.startswith(("/", ".")) or any(fnmatch(name, pattern) for pattern in model.exclude):
            continue
        if kind := WEIGHTS.fullmatch(file):
            if folder in model.weights:
                weights[folder, next(filter(None, kind.group("named", "split", "listed")), "")].append(name)
        elif file.endswith(SETTINGS) and (folder or folder in model.weights or name == "model_index.json"):
            chosen.append(name)
    for part in model.weights:
        chosen += next((weights[part, variant] for variant in (*VARIANTS, "") if (part, variant) in weights), [])
    return sorted(chosen)


def only(model: Published, names: Sequence[str]) -> str:
    """The one of these files that must be meant. Raises WorkerError(INVALID_PARAMETERS)."""
    if not names:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"{model.repo} has no .safetensors file.", "Only such files are read."
        )
    if len(names) > 1:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{model.repo} has several files that could be meant: {', '.join(names)}.",
            f"Name one of them: {model.repo}:{names[0]}",
        )
    return names[0]


def prepared_folder(*models: Published) -> Path:
    """Where parts are that were saved once more, as they are computed with: of these checkpoints together."""
    return cache_folder() / "prepared" / "+".join(model.id.strip("/").replace("/", "_") for model in models)[-200:]


def forget_prepared(model: Published) -> int:
    """Delete what was prepared with a checkpoint in it; the bytes freed."""
    freed = 0
    for folder in prepared_folder().glob("*"):
        if model.id in folder.name.split("+"):
            freed += disk_use(folder)
            shutil.rmtree(folder)
    return freed


def find(model: Published) -> Path:
    """Its folder: `$TTVIDEO_MODELS/<id>`, else the main revision in Hugging Face's cache.

    Raises WorkerError(MODEL_MISSING), or WorkerError(MODEL_BROKEN) for a folder that holds something else.
    """
    found = _looked_for(model)
    if isinstance(found, WorkerError):
        raise found
    return found


def where(model: Published) -> Path | None:
    """Its folder, if all of it is there."""
    found = _looked_for(model)
    return found if isinstance(found, Path) else None


def in_folder(models: Sequence[Published], folder: Path) -> Published:
    """The model of these whose kind lies in the folder, as it lies there. Raises WorkerError(MODEL_BROKEN)."""
    pipeline = _pipeline(folder)
    for model in models:
        if model.pipeline == pipeline:
            weights = tuple(part.parent.name for part in sorted(folder.glob("*/config.json")))
            return replace(model, id=str(folder), title=folder.name, repo="", weights=weights, folder=folder)
    wanted = " or a ".join(dict.fromkeys(model.pipeline for model in models))
    found = "is not a model in diffusers' format" if pipeline is None else f"holds a {pipeline}, not a {wanted}"
    raise WorkerError(
        ErrorKind.MODEL_BROKEN, f"The folder {folder} {found}.", "Name the folder that has the model_index.json."
    )


def index(model: Published) -> dict[str, Any]:
    """Its model_index.json: library and class of each part, and settings. Raises as `find`."""
    found: dict[str, Any] = json.loads((find(model) / "model_index.json").read_text())
    return found


def revision(model: Published) -> str:
    """The commit that Hugging Face's cache has; of another folder a hash that new weights change. Raises as `find`.

    The hash is over all settings, and of each weight file over its size, its header (names, shapes and places of all
    tensors) and 64 samples of 4 KiB: milliseconds for any size. Weights that were trained further differ everywhere;
    a change of single numbers between the samples would not be seen.
    """
    folder = find(model)
    own = [] if model.file is None else [hashlib.sha256(_samples(model.file)).hexdigest()[:16]]
    if model.pipeline or model.file is None:
        own.insert(0, _revision(model, folder))
    return "+".join([*own, *(revision(each) for each in model.also)])


def _revision(model: Published, folder: Path) -> str:
    if folder.parent.name == "snapshots":
        return folder.name[:16]
    digest = hashlib.sha256()
    for part in (*sorted(folder.glob("*.json")), *sorted(folder.glob("*/*.json"))):
        digest.update(part.relative_to(folder).as_posix().encode() + part.read_bytes())
    read = [file for name in model.weights for file in weight_files(folder / name) or ()]
    for file in (*read, *(folder / name for name in model.files)):
        digest.update(file.relative_to(folder).as_posix().encode() + _samples(file))
    return digest.hexdigest()[:16]


def weight_files(folder: Path) -> list[Path] | None:
    """The safetensors that are read for a model's part, half precision before full; None when some are missing."""
    for suffix in (*(f".{variant}" for variant in VARIANTS), ""):
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
    names = [file.name for file in weight_files(folder) or ()]
    return next((variant for variant in VARIANTS if any(f".{variant}" in name for name in names)), None)


def own_folder(model: Published) -> Path | None:
    """A folder that was named, or its folder below $TTVIDEO_MODELS, if there is one."""
    if model.folder is not None:
        return model.folder
    own = os.environ.get("TTVIDEO_MODELS")
    return Path(own, model.id) if own and Path(own, model.id).is_dir() else None


def commit_here(model: Published) -> str | None:
    """The commit that Hugging Face's cache has as the main one, whether all of it is there or not."""
    ref = cache(model) / "refs" / "main"
    return ref.read_text().strip() if ref.is_file() else None


def _looked_for(model: Published) -> Path | WorkerError:
    """The model's folder, or why there is none. A few looks at the disk."""
    folder = own_folder(model)
    if folder is None:
        commit = commit_here(model)
        if commit is None:
            return _missing(model, f"{model.title} is not installed.")
        folder = cache(model) / "snapshots" / commit
    beside = (found for each in model.also if isinstance(found := _looked_for(each), WorkerError))
    return _problem(model, folder) or next(beside, folder)


def hub_cache() -> Path:
    """Hugging Face's cache, whose layout is documented; importing the library takes longer."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "huggingface")
    hub = os.environ.get("HF_HUB_CACHE") or Path(home, "hub")
    return Path(os.path.expandvars(hub)).expanduser()


def cache(model: Published) -> Path:
    """The model's folder in Hugging Face's cache."""
    return hub_cache() / f"models--{model.repo.replace('/', '--')}"


def _problem(model: Published, folder: Path) -> WorkerError | None:
    found = _pipeline(folder)
    if model.pipeline and found is None:
        return _foreign(model, f"The folder {folder} is not a model in diffusers' format.")
    if model.pipeline and found != model.pipeline:
        return _foreign(model, f"The folder {folder} holds a {found}, not {model.title}, which is a {model.pipeline}.")
    lacking = [name for name in model.weights if weight_files(folder / name) is None]
    lacking += [name for name in model.files if not (folder / name).is_file()]
    if lacking:
        return _missing(model, f"{model.title} is not complete in {folder}: no safetensors of {', '.join(lacking)}.")
    return None


def _pipeline(folder: Path) -> str | None:
    """The class that the folder's model_index.json names, or the config.json of a single part."""
    for name in ("model_index.json", "config.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((folder / name).read_text())["_class_name"])
    return None


def _foreign(model: Published, message: str) -> WorkerError:
    hint = f"Put {model.title} there, or take the folder away: then Hugging Face's cache is looked at."
    return WorkerError(ErrorKind.MODEL_BROKEN, message, hint)


def _missing(model: Published, message: str) -> WorkerError:
    page = f"https://huggingface.co/{model.repo}"
    first = f"Accept its licence at {page} and give a token with `hf auth login`, then get" if model.gated else "Get"
    size, command = readable_size(model.size_bytes), f"ttvideo download {model.id}"
    hint = f"{first} it ({size}) with `{command}`, or put its folder at $TTVIDEO_MODELS/{model.id}."
    return WorkerError(ErrorKind.MODEL_MISSING, message, hint)


def _samples(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as stream:
        # A safetensors file begins with its header's length, 8 bytes, little-endian.
        header = 8 + struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))[0]
        length = min(size, header) if file.suffix == ".safetensors" else 0
        stream.seek(0)
        parts = [str(size).encode(), stream.read(length)]
        for number in range(SAMPLES):
            stream.seek(length + max(0, size - length - SAMPLE_BYTES) * number // (SAMPLES - 1))
            parts.append(stream.read(SAMPLE_BYTES))
    return b"".join(parts)
