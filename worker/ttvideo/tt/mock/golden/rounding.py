"""What is left of a number in each of ttnn's data types."""

from __future__ import annotations

import torch
import ttnn

BLOCK = 16
"""Numbers side by side that share an exponent in ttnn's block formats."""
MANTISSA = {ttnn.bfloat8_b: 7, ttnn.bfloat4_b: 3}
INTEGERS = frozenset({ttnn.int32, ttnn.uint32, ttnn.uint16, ttnn.uint8})


def rounded(values: torch.Tensor, dtype: ttnn.DataType) -> torch.Tensor:
    """`values` as a tensor of `dtype` would have them, in float32; integers as they are."""
    if not values.dtype.is_floating_point:
        return values
    if dtype == ttnn.bfloat16:
        return values.bfloat16().float()
    return _block(values.float(), MANTISSA[dtype]) if dtype in MANTISSA else values


def _block(values: torch.Tensor, mantissa: int) -> torch.Tensor:
    width = values.shape[-1]
    padded = torch.nn.functional.pad(values, (0, -width % BLOCK))
    blocks = padded.unflatten(-1, (-1, BLOCK))
    largest = blocks.abs().amax(-1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    unit = torch.exp2(torch.floor(torch.log2(largest)) - (mantissa - 1))
    limit = 2**mantissa - 1
    kept: torch.Tensor = (blocks / unit).round().clamp(-limit, limit) * unit
    return kept.flatten(-2)[..., :width]
