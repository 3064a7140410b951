"""diffusers' blocks with random weights, and the same values as the device holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from animatediff_ttnn.layers.tokens import Tokens

Module = TypeVar("Module", bound=torch.nn.Module)


def exact(*shape: int, seed: int = 0) -> torch.Tensor:
    """Random numbers that bfloat16 holds exactly."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).bfloat16().float()


def random(make: Callable[[], Module]) -> Module:
    """A module with weights that bfloat16 holds exactly, none of them 0 or 1 as they are made."""
    torch.manual_seed(0)
    module = make()
    module.eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_((weight + 0.02 * torch.randn_like(weight)).bfloat16())
    return module


def to_tokens(pictures: torch.Tensor) -> torch.Tensor:
    """[pictures, channels, height, width] -> [1, 1, rows, channels]"""
    return pictures.permute(0, 2, 3, 1).reshape(1, 1, -1, pictures.shape[1])


def to_pictures(rows: torch.Tensor, tokens: Tokens) -> torch.Tensor:
    """[1, 1, rows, channels] -> [pictures, channels, height, width]"""
    shape = (tokens.pictures, tokens.height, tokens.width, rows.shape[-1])
    return rows.float().reshape(shape).permute(0, 3, 1, 2)
