"""Normalisation over channels, and over groups of channels of a whole picture or clip."""

from __future__ import annotations

import math

import ttnn

from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import TILE, packed, whole_tiles

MOST_BLOCKS = 256
# Rows of a repeated sample, above which that costs more than it saves.
MOST_REPEATED = 1024


class LayerNorm:
    """Over the channels of each token."""

    def __init__(self, parameters: Parameters, eps: float = 1e-5) -> None:
        self.weight, self.bias, self.eps = parameters.row("weight"), parameters.row("bias"), eps

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        return ttnn.layer_norm(x, weight=self.weight, bias=self.bias, epsilon=self.eps)


class GroupNorm:
    """Over groups of channels of `rows` tokens at a time: those of a picture, or of all frames of a video.

    samples: how many times `rows` tokens there are. Raises ValueError for channels that are no multiple of 32 and of
    `groups`.
    """

    def __init__(self, parameters: Parameters, samples: int, rows: int, groups: int, eps: float) -> None:
        weight, bias = parameters.read("weight"), parameters.read("bias")
        self.samples, self.rows, self.channels = samples, rows, weight.numel()
        self.groups, self.eps = groups, eps
        if self.channels % math.lcm(TILE, groups):
            raise ValueError(
                f"A board cannot norm {self.channels} channels in {groups} groups: it takes multiples of {TILE} and of "
                "the groups."
            )
        # Of samples that end within a tile the op masks the rest, by a table that it brings from the host at each call.
        # Repeated until it fills tiles, a sample has the same mean and variance.
        self.repeats = packed(rows) // rows if packed(rows) <= MOST_REPEATED else 1
        device = parameters.device
        self.grid = ttnn.operations.normalization.determine_expected_group_norm_dram_grid_size(
            device=device,
            num_channels=self.channels,
            num_groups=groups,
            # Each sample begins in a tile of its own, and the grid must divide the tiles.
            input_nhw=samples * whole_tiles(rows * self.repeats),
            num_batches=samples,
        )
        (self.weight, self.bias), self.mask = ttnn.dram_group_norm_params_from_torch(
            [weight, bias], self.channels, groups, device, core_grid=self.grid, return_mask=True
        )
        self.blocks = -1

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        shape = tuple(x.shape)
        x = self._repeated(x) if self.repeats > 1 else ttnn.reshape(x, (self.samples, 1, self.rows, self.channels))
        while True:
            try:
                normed = self._normed(x)
                break
            except RuntimeError as error:
                # ttnn's own choice of blocks, -1, overflows a core's memory for a few sizes (640 channels of 16 frames
                # of 64x64). It is refused before anything is launched, so more and smaller blocks can be tried.
                if "circular buffers" not in str(error) or self.blocks >= MOST_BLOCKS:
                    raise
                self.blocks = max(2, self.blocks * 2)
        return self._once(normed, shape) if self.repeats > 1 else ttnn.reshape(normed, shape)

    def _repeated(self, x: ttnn.Tensor) -> ttnn.Tensor:
        rows = ttnn.reshape(ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT), (self.samples, 1, self.rows, self.channels))
        return ttnn.to_layout(ttnn.concat([rows] * self.repeats, dim=2), ttnn.TILE_LAYOUT)

    def _once(self, x: ttnn.Tensor, shape: tuple[int, ...]) -> ttnn.Tensor:
        rows = ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT)
        once = ttnn.slice(rows, (0, 0, 0, 0), (self.samples, 1, self.rows, self.channels))
        return ttnn.to_layout(ttnn.reshape(once, shape), ttnn.TILE_LAYOUT)

    def _normed(self, x: ttnn.Tensor) -> ttnn.Tensor:
        return ttnn.group_norm(
            x,
            num_groups=self.groups,
            input_mask=self.mask,
            weight=self.weight,
            bias=self.bias,
            epsilon=self.eps,
            core_grid=self.grid,
            output_layout=ttnn.TILE_LAYOUT,
            num_out_blocks=self.blocks,
            inplace=False,
        )
