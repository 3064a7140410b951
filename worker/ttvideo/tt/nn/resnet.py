"""The residual block of convolutions."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.linear import Linear
from animatediff_ttnn.layers.norm import GroupNorm
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import Tokens
from ttvideo.tt.nn.conv import Conv2d


class Resnet:
    """diffusers' ResnetBlock2D: tokens [1, 1, rows, in] to [1, 1, rows, out].

    Within a UNet it is shifted by the time [1, 1, 1, out]; a decoder's knows no time.
    """

    def __init__(self, parameters: Parameters, tokens: Tokens, groups: int, eps: float) -> None:
        self.norm1, self.norm2 = (
            GroupNorm(parameters.below(name), tokens.pictures, tokens.pixels, groups, eps)
            for name in ("norm1", "norm2")
        )
        self.conv1, self.conv2 = (Conv2d(parameters.below(name), tokens) for name in ("conv1", "conv2"))
        self.time = Linear(parameters.below("time_emb_proj")) if "time_emb_proj" in parameters else None
        self.shortcut = Linear(parameters.below("conv_shortcut")) if "conv_shortcut" in parameters else None

    def shift(self, time: ttnn.Tensor) -> ttnn.Tensor:
        """[n, 1, 1, out] of n times [n, 1, 1, width]. Raises ValueError for a block that knows no time."""
        if self.time is None:
            raise ValueError("A residual block of the UNet has no projection of the time, which is not supported.")
        return self.time(time)

    def __call__(self, x: ttnn.Tensor, shift: ttnn.Tensor | None = None) -> ttnn.Tensor:
        h = self.conv1(ttnn.silu(self.norm1(x)), shift)
        h = self.conv2(ttnn.silu(self.norm2(h)))
        return ttnn.add(h, x if self.shortcut is None else self.shortcut(x))
