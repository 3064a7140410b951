"""Run with a system and a folder: opens its mock boards and prints what programs see, and how well chips talk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ttvideo.tt import boards
from ttvideo.tt.mock import toolchain


def collectives(mesh: Any, axis: int) -> Iterator[tuple[str, float]]:
    """Each along one side of the mesh, on rows that differ from chip to chip: the largest difference from torch."""
    import torch
    import ttnn

    shape = tuple(mesh.shape)
    chips, length = mesh.get_num_devices(), shape[axis]
    whole = torch.randn(chips, 1, 32 * length, 64, generator=torch.Generator().manual_seed(1))
    parts = whole.reshape(*shape, 1, 32 * length, 64).movedim(axis, 0)

    def put() -> Any:
        mapper = ttnn.ShardTensorToMesh(mesh, dim=0)
        return ttnn.from_torch(whole, dtype=ttnn.float32, layout=ttnn.TILE_LAYOUT, device=mesh, mesh_mapper=mapper)

    everyone = parts.sum(0, keepdim=True).expand_as(parts)
    places = [part.chunk(length, -2) for part in (everyone, parts)]
    expected = {
        "all_gather": torch.cat(list(parts), -2).expand(length, *parts.shape[1:-2], 32 * length**2, 64),
        "all_reduce": everyone,
        "reduce_scatter": torch.stack([places[0][place][place] for place in range(length)]),
        "mesh_partition": torch.stack([places[1][place][place] for place in range(length)]),
    }
    made = {
        "all_gather": ttnn.all_gather(put(), dim=2, cluster_axis=axis),
        "all_reduce": ttnn.all_reduce(put(), cluster_axis=axis),
        "reduce_scatter": ttnn.reduce_scatter(put(), dim=2, cluster_axis=axis),
        "mesh_partition": ttnn.mesh_partition(put(), dim=2, cluster_axis=axis),
    }
    for name, tensor in made.items():
        back = ttnn.to_torch(tensor, mesh_composer=ttnn.ConcatMeshToTensor(mesh, dim=0))
        wanted = expected[name].movedim(0, axis).flatten(0, 1)
        assert back.shape == wanted.shape, (name, back.shape, wanted.shape)
        yield name, float((back - wanted).abs().max())


def main() -> None:
    system = boards.system_named(sys.argv[1])
    assert system is not None
    toolchain.setup(system, Path(sys.argv[2]))
    import torch
    import ttnn

    from ttvideo.tt.mock import golden

    if system.chips > 1:
        ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    shape = ttnn.MeshShape(*system.meshes[-1])
    # As when the facts were recorded.
    mesh = ttnn.open_mesh_device(shape, l1_small_size=32768, **toolchain.open_kwargs(system))
    grid = mesh.compute_with_storage_grid_size()
    dram, l1 = (ttnn.get_memory_view(mesh, kind) for kind in (ttnn.BufferType.DRAM, ttnn.BufferType.L1))
    differences: dict[str, float] = {}
    with golden.shadow(rounded=False):
        a, b = torch.randn(2, 1, 64, 96), torch.randn(96, 32)
        put = {"device": mesh, "layout": ttnn.TILE_LAYOUT, "mesh_mapper": ttnn.ReplicateTensorToMesh(mesh)}
        product = ttnn.to_torch(ttnn.get_device_tensors(ttnn.matmul(*(ttnn.from_torch(x, **put) for x in (a, b))))[-1])
        differences["matmul"] = float((product - a @ b).abs().max())
        for axis, length in enumerate(tuple(mesh.shape)):
            for name, difference in collectives(mesh, axis) if length > 1 else ():
                differences[name] = max(difference, differences.get(name, 0.0))
    ttnn.close_mesh_device(mesh)
    facts = {"chips": system.chips, "grid": [grid.x, grid.y], "differences": differences}
    facts |= {"dram_banks": dram.num_banks, "dram_bank": dram.total_bytes_per_bank, "l1_bank": l1.total_bytes_per_bank}
    sys.stdout.write(f"{json.dumps(facts)}\n")


if __name__ == "__main__":
    main()
