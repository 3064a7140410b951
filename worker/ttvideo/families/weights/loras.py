"""LoRA weights over a model's own: files, or files of the hub's repositories, each with how much of it."""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published

TEXT = ("text_encoder", "lora_te")
"""How names of a text encoder's weights begin: diffusers' own, and those of kohya's scripts."""
SYNTAX = (
    "Write files, or files of the hub, each with how much of it: style.safetensors:0.8, user/repo:other.safetensors"
)
HUB = re.compile(
    r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>[0-9a-f]{40}))?"
    r"(:(?P<file>\w[\w. -]*(/\w[\w. -]*)*\.safetensors))?(:(?P<weight>[^:]*))?"
)
"""Of a repository's LoRA: its commit, its file and how much of it, of which only the repository must be named."""


@dataclass(frozen=True)
class Lora:
    file: Path
    weight: float


def parse(text: str) -> tuple[Lora, ...]:
    """Of "FILE[:WEIGHT], REPOSITORY[@COMMIT][:FILE][:WEIGHT], ...".

    Raises WorkerError: INVALID_PARAMETERS, also for a file that is not there; MODEL_MISSING for one of the hub.
    """
    return tuple(_parse_one(part.strip()) for part in text.split(",") if part.strip())


def pinned(text: str) -> str:
    """The same with each repository's commit and file named: these files for ever. Raises as `parse`."""
    named = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        if (asked := of_hub(part)) is not None:
            model, weight = asked
            named.append(f"{model.repo}@{_commit(model)}:{_in_cache(model)[1]}{f':{weight}' if weight else ''}")
        else:
            named.append(part)
    return ", ".join(named)


def of_hub(text: str) -> tuple[Published, str] | None:
    """What is to be downloaded of a repository, and how much of it was asked for; None: no repository is named."""
    found = HUB.fullmatch(text)
    if found is None or found["repo"].endswith(".safetensors"):
        return None
    repo, revision, file = found["repo"], found["revision"], found["file"]
    id = f"{repo}{f'@{revision}' if revision else ''}{f':{file}' if file else ''}"
    model = Published(
        id=id,
        title=f"LoRA {file or 'file'} of {repo}",
        repo=repo,
        pipeline="",
        weights=(),
        license="",
        gated=False,
        size_bytes=0,
        exclude=("*.json", "*.txt", "*.model"),
        files=(file or checkpoints.ONLY,),
        revision=revision,
    )
    return model, found["weight"] or ""


def _commit(model: Published) -> str:
    commit = model.revision or checkpoints.commit_here(model)
    if commit is None:
        raise _missing(model)
    return commit


def _in_cache(model: Published) -> tuple[Path, str]:
    """The file of a repository and its name there. Raises WorkerError: MODEL_MISSING, INVALID_PARAMETERS."""
    folder = checkpoints.cache(model) / "snapshots" / _commit(model)
    (name,) = model.files
    if name == checkpoints.ONLY:
        here = sorted(path.name for path in folder.glob("*.safetensors") if path.is_file())
        if not here:
            raise _missing(model)
        name = checkpoints.only(model, here)
    if not (folder / name).is_file():
        raise _missing(model)
    return folder / name, name


def _missing(model: Published) -> WorkerError:
    return WorkerError(
        ErrorKind.MODEL_MISSING,
        f"{model.title} is not on this machine.",
        f"Get it with `ttvideo download {model.id}`.",
    )


def _parse_one(text: str) -> Lora:
    if (asked := of_hub(text)) is not None:
        model, number = asked
        return Lora(_in_cache(model)[0], _weight(number or "1", model.repo))
    name, _, number = text.rpartition(":")
    file = Path(name or text).expanduser()
    weight = _weight(number if name else "1", file.name)
    if file.suffix != ".safetensors":
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"{file.name} is not a .safetensors file: only these are read.", SYNTAX
        )
    if not file.is_absolute() or not file.is_file():
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There is no LoRA file {file}.", "Name it by its whole path.")
    return Lora(file, weight)


def _weight(text: str, of: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"'{text[:40]}' is no weight of a LoRA.", SYNTAX) from None
    if not -10 <= weight <= 10:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"The weight {weight:g} of {of} is out of range.", "Use -10 to 10."
        )
    return weight


def prints(text: str) -> list[str]:
    """What stands for the files in a model's revision."""
    return [_hash(lora.file, lora.file.stat().st_mtime_ns) for lora in parse(text)]


@lru_cache(maxsize=16)
def _hash(file: Path, changed: int) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:12]


def changes_text(file: Path) -> bool:
    """Whether some of the weights are a text encoder's. These are left out."""
    from safetensors import SafetensorError, safe_open

    with contextlib.suppress(OSError, SafetensorError), safe_open(file, "np") as weights:
        return any(name.startswith(TEXT) for name in weights.keys())  # noqa: SIM118 - not a mapping
    return False


def apply(pipe: Any, title: str, loras: tuple[Lora, ...]) -> None:
    """Raises WorkerError(MODEL_BROKEN) for weights that are of another model."""
    from safetensors.torch import load_file

    names = [f"lora{number}" for number in range(len(loras))]
    for name, lora in zip(names, loras, strict=True):
        try:
            if changes_text(lora.file):
                # The text encoder is not there any more when the denoiser runs, and diffusers would look for it.
                others = {key: weight for key, weight in load_file(lora.file).items() if not key.startswith(TEXT)}
                pipe.load_lora_weights(others, adapter_name=name)
            else:
                pipe.load_lora_weights(lora.file.parent, weight_name=lora.file.name, adapter_name=name)
            # Where nothing fits nothing is loaded, and only here is that an error.
            pipe.set_adapters(name)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise WorkerError(
                ErrorKind.MODEL_BROKEN,
                f"The LoRA {lora.file.name} does not fit {title}: {' '.join(str(error).split())[:200]}.",
                "It may have been made for another model, or for another size of it.",
            ) from error
    if loras:
        pipe.set_adapters(names, [lora.weight for lora in loras])
