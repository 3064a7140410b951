"""LoRA weights over a model's own: files, each with how much of it."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ttvideo.errors import ErrorKind, WorkerError

TEXT = ("text_encoder", "lora_te")
"""How names of a text encoder's weights begin: diffusers' own, and those of kohya's scripts."""
SYNTAX = "Write files, each with how much of it: style.safetensors:0.8, other.safetensors"


@dataclass(frozen=True)
class Lora:
    file: Path
    weight: float


def parse(text: str) -> tuple[Lora, ...]:
    """Of "FILE[:WEIGHT], ...". Raises WorkerError(INVALID_PARAMETERS), also for a file that is not there."""
    return tuple(_parse_one(part.strip()) for part in text.split(",") if part.strip())


def _parse_one(text: str) -> Lora:
    name, _, number = text.rpartition(":")
    try:
        weight = float(number) if name else 1.0
    except ValueError:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"'{number[:40]}' is no weight of a LoRA.", SYNTAX) from None
    file = Path(name or text).expanduser()
    if not -10 <= weight <= 10:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"The weight {weight:g} of {file.name} is out of range.", "Use -10 to 10."
        )
    if file.suffix != ".safetensors":
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"{file.name} is not a .safetensors file: only these are read.", SYNTAX
        )
    if not file.is_absolute() or not file.is_file():
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There is no LoRA file {file}.", "Name it by its whole path.")
    return Lora(file, weight)


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
