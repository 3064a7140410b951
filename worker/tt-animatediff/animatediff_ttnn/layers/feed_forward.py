"""The transformer's feed-forward part."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.linear import Linear
from animatediff_ttnn.layers.parameters import Parameters


class GEGLU:
    """Tokens to tokens: the first projection's one half, gated with the GELU of the other, projected back."""

    def __init__(self, parameters: Parameters) -> None:
        projection = parameters.below("net", 0, "proj")
        self.value, self.gate = (_half(projection, part) for part in (0, 1))
        self.back = Linear(parameters.below("net", 2))
        self.grid = parameters.device.core_grid

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        weight, bias = self.gate
        gate = ttnn.linear(x, weight, bias=bias, activation="gelu", core_grid=self.grid)
        weight, bias = self.value
        value = ttnn.linear(x, weight, bias=bias, core_grid=self.grid)
        return self.back(ttnn.multiply(value, gate))


def _half(projection: Parameters, part: int) -> tuple[ttnn.Tensor, ttnn.Tensor]:
    """Weight [in, out / 2] and bias [1, out / 2] of one half of a projection's outputs."""
    weight = projection.prepared(f"weight{part}", lambda whole: whole.chunk(2)[part].T, "weight")
    bias = projection.prepared(f"bias{part}", lambda whole: whole.chunk(2)[part][None], "bias", dtype=ttnn.bfloat16)
    return weight, bias
