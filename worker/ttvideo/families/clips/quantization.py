"""Weights of a denoiser held in eight bits and computed with in more: half the memory, nearly the same clip."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ttvideo.backends import installed
from ttvideo.errors import ErrorKind, WorkerError

if TYPE_CHECKING:
    import torch

    from ttvideo.families.clips.fields import ClipParams

NONE, FP8, INT8 = "none", "fp8", "int8"
BLOCK = re.compile(r"[^.]+\.\d+\.")
"""How the names of a denoiser's weights begin that are in its blocks."""


def offered(params: ClipParams) -> bool:
    return hasattr(params, "quantization")


def of(params: ClipParams) -> str:
    return str(getattr(params, "quantization", NONE))


def check(kind: str) -> None:
    """Raises WorkerError(UNSUPPORTED) when a library is missing."""
    if kind == INT8 and installed("torchao") is None:
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            "Weights in int8 need torchao, which is not installed.",
            "Install it (pip install torchao), or take quantization fp8, which needs nothing.",
        )


def quantize(part: Any, blocks: Sequence[Any], kind: str, dtype: torch.dtype) -> None:
    """A denoiser that computes in `dtype`, in place; weights of its LoRAs stay exact.

    fp8: most layers are stored as float8 (e4m3), and each turns its weights into `dtype` while it computes. int8: those
    of the linear layers of its `blocks`, with one scale for each row. Raises WorkerError(UNSUPPORTED).
    """
    import torch

    if kind == FP8:
        part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    elif kind == INT8:
        check(kind)
        from torchao.quantization import Int8WeightOnlyConfig, quantize_  # type: ignore[import-not-found,unused-ignore]

        for block in blocks:
            quantize_(
                block,
                Int8WeightOnlyConfig(),
                lambda layer, name: type(layer) is torch.nn.Linear and "lora_" not in name,
            )


class Layers:
    """Which weights of a class are held in eight bits, told by their names and shapes."""

    def __init__(self, cls: Any, kind: str, size: int) -> None:
        """`size` is that of a number that is not."""
        self._kind, self._size = kind, size
        self._exact: tuple[str, ...] = ()
        if kind == FP8:
            from diffusers.hooks.layerwise_casting import DEFAULT_SKIP_MODULES_PATTERN

            more = (getattr(cls, name, None) for name in ("_keep_in_fp32_modules", "_skip_layerwise_casting_patterns"))
            self._exact = (*DEFAULT_SKIP_MODULES_PATTERN, *(pattern for each in more for pattern in each or ()))

    def bytes(self, name: str, shape: tuple[int, ...]) -> int:
        count = math.prod(shape)
        layer, _, last = name.rpartition(".")
        if self._kind == FP8 and last in ("weight", "bias") and not any(re.search(each, layer) for each in self._exact):
            return count
        if self._kind == INT8 and last == "weight" and len(shape) == 2 and BLOCK.match(name):
            # One scale for each row.
            return count + self._size * shape[0]
        return self._size * count
