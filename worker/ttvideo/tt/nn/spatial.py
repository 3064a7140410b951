"""The transformer within frames."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.attention import CrossAttention, SelfAttention, Text
from animatediff_ttnn.layers.feed_forward import GEGLU
from animatediff_ttnn.layers.linear import Linear
from animatediff_ttnn.layers.norm import GroupNorm, LayerNorm
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import Tokens

# diffusers' Transformer2DModel fixes it.
NORM_EPS = 1e-6


class SpatialTransformer:
    """diffusers' Transformer2DModel: each pixel's attention to its own picture and to the picture's text."""

    def __init__(self, parameters: Parameters, tokens: Tokens, heads: int, groups: int, text_length: int) -> None:
        self.norm = GroupNorm(parameters.below("norm"), tokens.pictures, tokens.pixels, groups, NORM_EPS)
        self.proj_in, self.proj_out = Linear(parameters.below("proj_in")), Linear(parameters.below("proj_out"))
        self.blocks = [
            SpatialBlock(parameters.below("transformer_blocks", i), tokens, heads, text_length)
            for i in range(parameters.count("transformer_blocks"))
        ]

    def read(self, text: ttnn.Tensor) -> list[Text]:
        """The text [pictures, 1, tokens in whole tiles, width] as each block sees it."""
        return [block.cross.read(text) for block in self.blocks]

    def __call__(self, x: ttnn.Tensor, texts: list[Text]) -> ttnn.Tensor:
        """Tokens [1, 1, rows, channels] to the same shape."""
        h = self.proj_in(self.norm(x))
        for block, text in zip(self.blocks, texts, strict=True):
            h = block(h, text)
        return ttnn.add(self.proj_out(h), x)


class SpatialBlock:
    """diffusers' BasicTransformerBlock with cross-attention."""

    def __init__(self, parameters: Parameters, tokens: Tokens, heads: int, text_length: int) -> None:
        self.norm1, self.norm2, self.norm3 = (LayerNorm(parameters.below(f"norm{number}")) for number in (1, 2, 3))
        axis = tokens.tensor_axis
        self.own = SelfAttention(parameters.below("attn1"), heads, tokens.pixels, axis)
        self.cross = CrossAttention(parameters.below("attn2"), heads, tokens.pixels, text_length, axis)
        self.feed_forward = GEGLU(parameters.below("ff"), axis)

    def __call__(self, h: ttnn.Tensor, text: Text) -> ttnn.Tensor:
        h = ttnn.add(h, self.own(self.norm1(h)))
        h = ttnn.add(h, self.cross(self.norm2(h), text))
        return ttnn.add(h, self.feed_forward(self.norm3(h)))
