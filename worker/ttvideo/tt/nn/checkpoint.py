"""A model's weights in files, and where what was prepared of them is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import torch
import ttnn
from safetensors import safe_open

from ttvideo.state import cache_folder
from ttvideo.tt.engine.session import software_and_board

# Stable Diffusion's VAE is published with the old ones.
PRESENT = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
OLD = re.compile(rf"(?<=\.attentions\.\d)\.({'|'.join(PRESENT)})\.")


class Files(Mapping[str, torch.Tensor]):
    """The tensors of safetensors files by name, each read when it is asked for.

    Attention's projections have diffusers' present names, also where the file has those of its first versions.
    """

    def __init__(self, files: Sequence[Path], *, motion: bool = True) -> None:
        """Without `motion`, motion modules' tensors are passed over.

        Raises OSError, and safetensors.SafetensorError for what is no such file."""
        self._open = [safe_open(file, "pt") for file in files]
        self._where = {
            _present(name): (opened, name)
            for opened in self._open
            for name in opened.keys()  # noqa: SIM118
            if motion or "motion_modules." not in name
        }

    def __getitem__(self, name: str) -> torch.Tensor:
        opened, stored = self._where[name]
        tensor: torch.Tensor = opened.get_tensor(stored)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


def _present(name: str) -> str:
    return OLD.sub(lambda found: f".{PRESENT[found[1]]}.", name)


def prepared_folder(files: Sequence[Path], dtype: str, mesh: ttnn.MeshDevice) -> Path:
    """Where matrices of these files lie as this board and mesh take them; another of any of it has another folder."""
    about = [*software_and_board(), str(mesh.arch()), str(tuple(mesh.shape)), dtype]
    for file in files:
        status = file.stat()
        about += [str(file.resolve()), str(status.st_size), str(status.st_mtime_ns)]
    return cache_folder() / "prepared" / sha256("|".join(about).encode()).hexdigest()[:32]
