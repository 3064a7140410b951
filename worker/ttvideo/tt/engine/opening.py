"""How a mesh of chips is opened: what the worker asks for, and the engine does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# What convolutions need for their halo, kept by each program: with 32768 Stable Diffusion's UNet with 24 frames of
# 512x512 does not fit a P150. Found with ttnn 0.81.1, whose own default is 0.
L1_SMALL_SIZE = 65536


@dataclass(frozen=True)
class Opening:
    """A family says what of this it needs; the rest is right for most programs."""

    mesh: tuple[int, int]
    """Rows and columns."""
    fabric: str = ""
    """A name of ttnn.FabricConfig; empty: FABRIC_1D where the mesh has several chips, else none."""
    dispatch: str = ""
    """'worker row', 'worker col', 'ethernet row' ...: which cores dispatch; empty: ttnn's choice for the board."""
    l1_small_size: int = L1_SMALL_SIZE
    """Bytes of each core's L1 that are set aside for small buffers."""
    trace_region_size: int = 0
    """Bytes of DRAM of each chip for recorded traces."""

    @property
    def chips(self) -> int:
        return self.mesh[0] * self.mesh[1]

    @property
    def title(self) -> str:
        return f"{self.mesh[0]}x{self.mesh[1]}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Opening:
        rows, columns = value["mesh"]
        return cls(**value | {"mesh": (rows, columns)})
