"""Rows that are divided among the chips of a mesh, as Tokens.parts says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import ttnn

from animatediff_ttnn.layers.tokens import TILE


def part(x: ttnn.Tensor, axes: Sequence[int], dim: int = 2) -> ttnn.Tensor:
    """Each chip's part of `dim` of what the chips along these axes of the mesh all have."""
    if not axes:
        return x
    layout = x.layout
    if _tiles_are_cut(x, dim, _chips(x, axes)):
        x = ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT)
    for axis in axes:
        x = ttnn.mesh_partition(x, dim, axis)
    return ttnn.to_layout(x, layout)


def gathered(x: ttnn.Tensor, axes: Sequence[int]) -> ttnn.Tensor:
    """All chips' rows, on each of them: what `part` divided, whole."""
    if not axes:
        return x
    layout = x.layout
    if _tiles_are_cut(x, 2, 1):
        x = ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT)
    # The last axis that was divided is the first to be whole.
    for axis in reversed(axes):
        x = ttnn.all_gather(x, dim=2, cluster_axis=axis)
    return ttnn.to_layout(x, layout)


def _chips(x: ttnn.Tensor, axes: Sequence[int]) -> int:
    shape = tuple(x.device().shape)
    return math.prod(shape[axis] for axis in axes)


def _tiles_are_cut(x: ttnn.Tensor, dim: int, parts: int) -> bool:
    """Whether parts of a tensor in tiles do not begin where tiles do."""
    return bool(x.layout == ttnn.TILE_LAYOUT and dim == 2 and x.shape[2] // parts % TILE)
