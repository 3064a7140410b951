"""The transformer's feed-forward part."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.linear import RowParallel
from animatediff_ttnn.layers.parameters import Parameters


class GEGLU:
    """Tokens to tokens: the first projection's one half, gated with the GELU of the other, projected back.

    axis: of the mesh, whose chips have equal shares of both halves' channels; where their number does not allow it,
    each chip has all.
    """

    def __init__(self, parameters: Parameters, axis: int | None = None) -> None:
        projection = parameters.below("net", 0, "proj")
        axis = parameters.sharing(projection.read("bias").numel() // 2, axis)
        self.value, self.gate = (_half(projection, part, axis) for part in (0, 1))
        self.back = RowParallel(parameters.below("net", 2), axis)
        self.grid = parameters.device.core_grid

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        weight, bias = self.gate
        gate = ttnn.linear(x, weight, bias=bias, activation="gelu", core_grid=self.grid)
        weight, bias = self.value
        value = ttnn.linear(x, weight, bias=bias, core_grid=self.grid)
        return self.back(ttnn.multiply(value, gate))


def _half(projection: Parameters, part: int, axis: int | None) -> tuple[ttnn.Tensor, ttnn.Tensor]:
    """Weight [in, out / 2] and bias [1, out / 2] of one half of a projection's outputs; of both each chip's part."""
    weight = projection.prepared(f"weight{part}", lambda whole: whole.chunk(2)[part].T, "weight", axis=axis, split=1)
    bias = projection.prepared(
        f"bias{part}", lambda whole: whole.chunk(2)[part][None], "bias", dtype=ttnn.bfloat16, axis=axis, split=1
    )
    return weight, bias
