"""A ttnn that computes with torch, for tests of what goes wrong: the engine runs it where the real one is not.

The file that FAKE_TTNN names holds what happens to the next operation: hang, die, timeout, memory, wrong; or nothing.
With a number behind it, it happens after so many operations of this process. With `stuck` no mesh can be opened.
The file `log` beside it gets a line for each mesh that is opened and closed.
"""

from __future__ import annotations

import enum
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

bfloat16, TILE_LAYOUT = "bfloat16", "tile"
TROUBLE = Path(os.environ["FAKE_TTNN"])
FATAL = "TT_THROW @ /project/tt_metal/impl.cpp:1: tt::exception\ninfo:\n{}\nbacktrace:\n --- main()"


class FabricConfig(enum.Enum):
    DISABLED = 0
    FABRIC_1D = 1


class BufferType(enum.Enum):
    DRAM = 0
    L1 = 1


class MeshShape(tuple[int, ...]):
    def __new__(cls, *sides: int) -> MeshShape:
        return super().__new__(cls, sides)


@dataclass
class View:
    num_banks: int = 12
    total_bytes_per_bank: int = 1000
    total_bytes_allocated_per_bank: int = 10


@dataclass
class MeshDevice:
    shape: MeshShape
    programs: int = 0

    def get_num_devices(self) -> int:
        return self.shape[0] * self.shape[1]

    def num_program_cache_entries(self) -> int:
        return self.programs


operations = 0


def trouble() -> str:
    what, _, after = TROUBLE.read_text().strip().partition(" ") if TROUBLE.exists() else ("", "", "")
    return what if operations > int(after or 0) else ""


def note(line: str) -> None:
    with (TROUBLE.parent / "log").open("a") as file:
        file.write(f"{line}\n")


def set_fabric_config(config: FabricConfig) -> None:
    note(f"fabric {config.name}")


def open_mesh_device(shape: MeshShape, **arguments: Any) -> MeshDevice:
    sys.stdout.write("what native code prints must not reach the pipe\n")
    chips = int(os.environ.get("FAKE_CHIPS", "1"))
    if shape[0] * shape[1] > chips:
        wanted = f"Requested mesh shape {shape} requires {shape[0] * shape[1]} devices"
        raise RuntimeError(FATAL.format(f"{wanted}, but only {chips} devices are available in the system mesh"))
    while TROUBLE.exists() and TROUBLE.read_text() == "stuck":
        time.sleep(0.01)
    note(f"open {shape[0]}x{shape[1]} {sorted(arguments)}")
    return MeshDevice(shape)


def close_mesh_device(mesh: MeshDevice) -> None:
    note("close")


def synchronize_device(mesh: MeshDevice) -> None:
    pass


def get_memory_view(mesh: MeshDevice, kind: BufferType) -> View:
    return View()


def ReplicateTensorToMesh(mesh: MeshDevice) -> MeshDevice:
    return mesh


def ConcatMeshToTensor(mesh: MeshDevice, dim: int) -> tuple[MeshDevice, int]:
    return mesh, dim


def from_torch(tensor: Tensor, *, mesh_mapper: MeshDevice, **arguments: Any) -> Tensor:
    tensor.mesh = mesh_mapper  # type: ignore[attr-defined]
    return tensor


def to_torch(tensor: Tensor, *, mesh_composer: tuple[MeshDevice, int]) -> Tensor:
    import torch

    mesh, dim = mesh_composer
    return torch.cat([tensor] * mesh.get_num_devices(), dim)


def all_reduce(tensor: Tensor, *, cluster_axis: int) -> Tensor:
    mesh: MeshDevice = tensor.mesh  # type: ignore[attr-defined]
    return from_torch(tensor * mesh.shape[cluster_axis], mesh_mapper=mesh)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    mesh: MeshDevice = a.mesh  # type: ignore[attr-defined]
    mesh.programs = 1
    global operations
    operations += 1
    what = trouble()
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "timeout":
        raise RuntimeError(
            FATAL.format("TIMEOUT: device timeout, potential hang detected, the device is unrecoverable")
        )
    if what == "memory":
        raise RuntimeError(FATAL.format("Out of Memory: Not enough space to allocate 12 B DRAM buffer across 12 banks"))
    while trouble() == "hang":
        time.sleep(0.01)
    product = (a.float() @ b.float()).bfloat16()
    return from_torch(product + 100 if what == "wrong" else product, mesh_mapper=mesh)
