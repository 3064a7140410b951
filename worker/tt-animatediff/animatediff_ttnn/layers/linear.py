"""Linear layers over channels."""

from __future__ import annotations

from collections.abc import Callable

import torch
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


class RowParallel:
    """A linear layer of whose inputs each chip along an axis of the mesh has a part: tokens [1, 1, rows, in / chips] to
    [1, 1, rows, out], the same on all of them. axis None: each has all inputs.

    make: of the weight [out, in] the matrix [in, out], whose rows are those of the chips' inputs one after the other.
    """

    def __init__(
        self, parameters: Parameters, axis: int | None, make: Callable[[torch.Tensor], torch.Tensor] = torch.t
    ) -> None:
        self.axis, self.grid = axis, parameters.device.core_grid
        self.weight = parameters.prepared("weight", make, "weight", axis=axis, split=0)
        self.bias = parameters.row()

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        if self.axis is None:
            return ttnn.linear(x, self.weight, bias=self.bias, core_grid=self.grid)
        # Added before, the bias would be in the sum as often as there are chips.
        y = ttnn.all_reduce(ttnn.linear(x, self.weight, core_grid=self.grid), cluster_axis=self.axis)
        return ttnn.add(y, self.bias)
