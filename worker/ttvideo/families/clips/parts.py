"""The parts of a published model: read from its folder one by one, or put together without their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ttvideo.backends import cpu_has_bfloat16
from ttvideo.families.clips import prepared
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
        self._loaded: dict[str, Any] = {}

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

    def get(self, name: str) -> Any:
        """Raises WorkerError(MODEL_BROKEN)."""
        if name not in self._loaded:
            self._loaded[name] = self._read(name)
        return self._loaded[name]

    def _read(self, name: str) -> Any:
        part = self.model.load_part(self.folder_of(name), name, self.dtype_of(name))
        return part.to(self.device) if isinstance(part, torch.nn.Module) else part

    def has(self, name: str) -> bool:
        return name in self._loaded

    def free(self, name: str) -> None:
        self._loaded.pop(name, None)


class EmptyParts(Parts):
    """The same parts as if they were on a device where tensors have no data."""

    @staticmethod
    def like(parts: Parts) -> EmptyParts:
        empty = EmptyParts(parts.model, parts.published, "meta")
        empty.dtype = parts.dtype
        return empty

    def _read(self, name: str) -> Any:
        if not self.is_model(name):
            return self.model.load_part(self.folder, name, self.dtype_of(name))
        with torch.device("meta"):
            return self.model.empty_part(self.folder_of(name), name).to(self.dtype_of(name)).eval()
