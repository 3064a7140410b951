"""What a safetensors file says of its weights, without reading them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tensor:
    name: str
    kind: str
    """The dtype as the format writes it, such as F32 or BF16."""
    shape: tuple[int, ...]


def tensors(file: Path) -> Iterator[Tensor]:
    """Raises OSError, SafetensorError."""
    from safetensors import safe_open

    with safe_open(file, "np") as stored:
        for name in stored.keys():  # noqa: SIM118 - not a mapping
            part = stored.get_slice(name)
            yield Tensor(name, part.get_dtype(), tuple(part.get_shape()))
