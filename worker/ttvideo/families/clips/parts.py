"""The parts of a published model: read from its folder one by one, or put together without their weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ttvideo.backends import cpu_has_bfloat16
from ttvideo.families.clips import prepared, quantization
from ttvideo.families.clips.model import ClipModel
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published


class Parts:
    """Each is loaded when it is first needed, and forgotten when that is asked for."""

    def __init__(self, model: ClipModel, published: Published, device: str) -> None:
        """Raises WorkerError: MODEL_MISSING, MODEL_BROKEN."""
        self.model, self.published, self.device = model, published, device
        self.folder = checkpoints.find(published)
        self.revision = checkpoints.revision(published)
        self.index = checkpoints.index(published)
        """The checkpoint's model_index.json."""
        self.names = tuple(
            name for name in model.classes if isinstance(self.index.get(name), list) and self._lists(name)
        )
        self.dtype = torch.bfloat16 if device == "cuda" or cpu_has_bfloat16() else torch.float32
        self.streamed: frozenset[str] = frozenset()
        """Parts that stay in RAM, from where the device gets them group by group."""
        self._quantized: Mapping[str, str] = {}
        self._loaded: dict[str, Any] = {}
        self._settled: set[str] = set()

    def _lists(self, name: str) -> bool:
        return bool(self.index[name][1])

    def dtype_of(self, name: str) -> torch.dtype:
        return torch.float32 if name in self.model.float32 else self.dtype

    def is_model(self, name: str) -> bool:
        """Whether the part has weights; the others are tokenizers and schedulers."""
        return (self.folder / name / "config.json").is_file()

    def folder_of(self, name: str) -> Path:
        """The folder with the part's own folder: the checkpoint's, or that of the prepared part."""
        return prepared.find(self, name) or self.folder

    def arrange(self, streamed: frozenset[str], quantized: Mapping[str, str]) -> None:
        """How parts are to lie from now on; those that lie otherwise are forgotten. `quantized` is how, by name."""
        for name in tuple(self._loaded):
            if (name in streamed) != (name in self.streamed) or self.quantized(name) != quantized.get(name, "none"):
                self.free(name)
        self.streamed, self._quantized = streamed, quantized

    def quantized(self, name: str) -> str:
        return self._quantized.get(name, quantization.NONE)

    def get(self, name: str) -> Any:
        """Raises WorkerError(MODEL_BROKEN)."""
        if name not in self._loaded:
            self._loaded[name] = self._read(name)
            if name not in self.model.denoisers:
                self.settle(name)
        return self._loaded[name]

    def settle(self, name: str) -> None:
        """To the device, or to where that streams it from. For a denoiser that is after its LoRAs are in it."""
        part = self._loaded[name]
        if name in self._settled or not isinstance(part, torch.nn.Module):
            return
        blocks = self.model.blocks(part) if name in self.model.denoisers else ()
        quantization.quantize(part, blocks, self.quantized(name), self.dtype_of(name))
        if name in self.streamed:
            stream(part, self.device, by_block=name in self.model.denoisers)
        else:
            part.to(self.device)
        self._settled.add(name)

    def _read(self, name: str) -> Any:
        return self.model.load_part(self.folder_of(name), name, self.dtype_of(name))

    def has(self, name: str) -> bool:
        return name in self._loaded

    def free(self, name: str) -> None:
        self._loaded.pop(name, None)
        self._settled.discard(name)


def stream(part: Any, device: str, *, by_block: bool) -> None:
    """Leaves the weights in RAM: before its blocks, or layers, compute, the device gets each one's.

    A GPU computes with one while the next arrives. From a disk, which diffusers could do as well, what arrives was
    found to be wrong.
    """
    from diffusers.hooks import apply_group_offloading

    apply_group_offloading(
        part,
        onload_device=torch.device(device),
        offload_device=torch.device("cpu"),
        offload_type="block_level" if by_block else "leaf_level",
        num_blocks_per_group=1 if by_block else None,
        use_stream=device == "cuda",
        record_stream=device == "cuda",
    )


class EmptyParts(Parts):
    """The same parts as if they were on a device where tensors have no data."""

    @staticmethod
    def like(parts: Parts) -> EmptyParts:
        empty = EmptyParts(parts.model, parts.published, "meta")
        empty.dtype = parts.dtype
        return empty

    def settle(self, name: str) -> None:
        pass

    def _read(self, name: str) -> Any:
        if not self.is_model(name):
            return self.model.load_part(self.folder, name, self.dtype_of(name))
        with torch.device("meta"):
            return self.model.empty_part(self.folder_of(name), name).to(self.dtype_of(name)).eval()
