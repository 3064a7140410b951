"""Texts' embeddings kept on disk: a text encoder of ten gigabytes is not loaded for a prompt it has read before."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ttvideo.backends import installed
from ttvideo.errors import WorkerError
from ttvideo.media.files import write_atomic
from ttvideo.state import cache_folder

MOST_BYTES = 2**30
"""Of all kept texts together; a T5-XXL's take up to 4 MB each. The ones not asked for the longest go first."""


def folder() -> Path:
    return cache_folder() / "embeddings"


class KeptEmbeddings:
    """Of one encoder: `revision` identifies its weights, and what else decides the numbers."""

    def __init__(self, revision: str) -> None:
        self._revision = revision

    def get(self, text: str) -> Mapping[str, torch.Tensor] | None:
        file = self._file(text)
        try:
            tensors: dict[str, torch.Tensor] = load_file(file)
            os.utime(file)
        except (OSError, SafetensorError):
            return None
        return tensors

    def put(self, text: str, tensors: Mapping[str, torch.Tensor]) -> None:
        """A cache that can't be written, on a full disk say, is no reason to fail."""
        data = save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
        with contextlib.suppress(OSError, WorkerError):
            folder().mkdir(parents=True, exist_ok=True)
            self._make_room(len(data))
            write_atomic(self._file(text), data)

    def _file(self, text: str) -> Path:
        # Newer libraries, or a newer version of ours, may clean or encode a text otherwise.
        versions = "|".join(str(installed(name)) for name in ("ttvideo", "diffusers", "transformers"))
        key = hashlib.sha256(f"{versions}|{self._revision}\0{text}".encode()).hexdigest()
        return folder() / f"{key[:40]}.safetensors"

    def _make_room(self, wanted: int) -> None:
        files = sorted(folder().glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
        total = wanted + sum(file.stat().st_size for file in files)
        for file in files:
            if total <= MOST_BYTES:
                break
            total -= file.stat().st_size
            file.unlink(missing_ok=True)
