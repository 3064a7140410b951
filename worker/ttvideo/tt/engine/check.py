"""The smallest program that says whether the boards compute: matmuls on each chip, a sum over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttvideo.errors import ErrorKind, WorkerError

if TYPE_CHECKING:
    import torch

    from ttvideo.tt.engine.session import Session

SIZE = 256
TOLERANCE = 0.02
"""Of the largest number: bfloat16 has 8 bits, and sums of 256 products are rounded once."""


def run(session: Session, tensors: dict[str, torch.Tensor], arguments: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Multiply two matrices `steps` times on every chip, add the products up along each side of the mesh.

    `difference` in what it gives is the largest one from torch's result, in parts of the largest number.
    Raises WorkerError(DEVICE_FAILED) if that is more than rounding.
    """
    import torch
    import ttnn

    mesh, steps = session.mesh, int(arguments.get("steps", 1))
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(1, 1, SIZE, SIZE, generator=generator).bfloat16() for _ in range(2))
    everywhere = ttnn.ReplicateTensorToMesh(mesh)

    def put(tensor: torch.Tensor) -> ttnn.Tensor:
        return ttnn.from_torch(
            tensor, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=mesh, mesh_mapper=everywhere
        )

    def compute() -> ttnn.Tensor:
        product = ttnn.matmul(put(a), put(b))
        for axis, chips in enumerate(tuple(mesh.shape)):
            if chips > 1:
                product = ttnn.all_reduce(product, cluster_axis=axis)
        return product

    session.warm_up(f"check {SIZE}", compute)
    session.phase("denoising", steps)
    for step in range(1, steps + 1):
        product = compute()
        ttnn.synchronize_device(mesh)
        session.step(step, steps)
    made = ttnn.to_torch(product, mesh_composer=ttnn.ConcatMeshToTensor(mesh, dim=0)).float()
    wanted = (a.float() @ b.float()) * mesh.get_num_devices()
    difference = ((made - wanted).abs().max() / wanted.abs().max()).item()
    if not difference <= TOLERANCE:
        raise WorkerError(
            ErrorKind.DEVICE_FAILED,
            f"The boards compute wrongly: a product of matrices is off by {100 * difference:.0f}%.",
            "Reset them (`ttvideo reset`) and check again: `ttvideo devices --check`.",
        )
    return {"difference": torch.tensor(difference)}
