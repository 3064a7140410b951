"""A linear layer over channels."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.parameters import Parameters


class Linear:
    """A linear layer or 1x1 convolution: tokens [1, 1, rows, in] to [1, 1, rows, out]."""

    def __init__(self, parameters: Parameters) -> None:
        self.weight = parameters.matrix()
        self.bias = parameters.row() if "bias" in parameters else None
        self.grid = parameters.device.core_grid

    def __call__(self, x: ttnn.Tensor, activation: str | None = None) -> ttnn.Tensor:
        # Given a grid, the activation is computed within the product instead of as an op after it.
        return ttnn.linear(x, self.weight, bias=self.bias, activation=activation, core_grid=self.grid)
