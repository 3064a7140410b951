"""What a program is given: the open mesh, what it keeps on it, and how it tells how far it is."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttvideo.errors import Cancelled

if TYPE_CHECKING:
    import torch
    import ttnn

Tell = Callable[[dict[str, Any], "Mapping[str, torch.Tensor]"], None]


class Session:
    """Of one run. `kept` lives as long as the mesh is open: weights on it, prepared programs."""

    def __init__(self, mesh: ttnn.MeshDevice, kept: dict[str, Any], tell: Tell, cancelled: Callable[[], bool]) -> None:
        self.mesh, self.kept = mesh, kept
        self._tell, self._cancelled = tell, cancelled

    def phase(self, name: str, total: int = 0, *, first: bool = False) -> None:
        """A phase of the contract begins, of `total` steps; 0 when not known. Raises Cancelled."""
        self._check()
        self._tell({"event": "phase", "phase": name, "total": total, "first": first}, {})

    def step(self, step: int, total: int, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
        """`step` of `total` are done; with tensors that show or keep what there is by now. Raises Cancelled."""
        self._tell({"event": "step", "step": step, "total": total}, tensors or {})
        self._check()

    def warm_up(self, key: str, run: Callable[[], object]) -> None:
        """Run something once for each open mesh and `key`, as the phase `compiling`.

        What it runs compiles kernels: for minutes when this machine has never had them, for moments when TT_METAL_CACHE
        holds them. `key` names program, sizes and data types; the event says whether it is the first time.
        """
        warm: set[str] = self.kept.setdefault("warm", set())
        if key in warm:
            return
        mark = _mark(key, tuple(self.mesh.shape))
        # For mock boards nothing is compiled.
        self.phase("compiling", first=not os.environ.get("TTVIDEO_BOARD") and not mark.exists())
        run()
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        warm.add(key)

    def forget_programs(self) -> None:
        """What they hold on the mesh is free; whatever was warmed up has to be again."""
        import ttnn

        # None of them may be running.
        ttnn.synchronize_device(self.mesh)
        self.mesh.clear_program_cache()
        self.kept.pop("warm", None)

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled


def _mark(key: str, shape: tuple[int, ...]) -> Path:
    """Beside the kernels, so that it goes with them; other versions and boards compile others."""
    about = "|".join((*software_and_board(), str(shape), key))
    return Path(os.environ["TT_METAL_CACHE"]) / "ttvideo" / sha256(about.encode()).hexdigest()[:32]


def software_and_board() -> tuple[str, str]:
    """What is made for one ttnn and one kind of board is kept under both."""
    try:
        version = importlib.metadata.version("ttnn")
    except importlib.metadata.PackageNotFoundError:  # built from tt-metal's sources
        version = os.environ.get("TT_METAL_HOME", "")
    return version, os.environ.get("MESH_DEVICE", "")
