"""A model's weights in files, and where what was prepared of them is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import torch
import ttnn
from safetensors import safe_open

from ttvideo.state import cache_folder
from ttvideo.tt.engine.session import software_and_board


class Files(Mapping[str, torch.Tensor]):
    """The tensors of safetensors files by name, each read when it is asked for."""

    def __init__(self, files: Sequence[Path], *, motion: bool = True) -> None:
        """Without `motion`, motion modules' tensors are passed over.

        Raises OSError, and safetensors.SafetensorError for what is no such file."""
        self._open = [safe_open(file, "pt") for file in files]
        self._where = {name: opened for opened in self._open for name in opened.keys()}  # noqa: SIM118
        if not motion:
            self._where = {name: opened for name, opened in self._where.items() if "motion_modules." not in name}

    def __getitem__(self, name: str) -> torch.Tensor:
        tensor: torch.Tensor = self._where[name].get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


def prepared_folder(files: Sequence[Path], dtype: str, mesh: ttnn.MeshDevice) -> Path:
    """Where matrices of these files lie as this board and mesh take them; another of any of it has another folder."""
    about = [*software_and_board(), str(mesh.arch()), str(tuple(mesh.shape)), dtype]
    for file in files:
        status = file.stat()
        about += [str(file.resolve()), str(status.st_size), str(status.st_mtime_ns)]
    return cache_folder() / "prepared" / sha256("|".join(about).encode()).hexdigest()[:32]
