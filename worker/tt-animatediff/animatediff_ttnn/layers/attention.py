"""Attention within sequences of tokens, and of tokens to a text."""

from __future__ import annotations

import math

import torch
import ttnn
from torch.nn import functional

from animatediff_ttnn.layers.linear import RowParallel
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import packed, whole_tiles

HIDDEN = -1e9
"""What is added to the score of a key that must not be seen."""


class Heads:
    """Splits channels into heads and back; heads are padded to whole tiles, which the attention op asks for.

    The padding is in the weights: zero columns after each head's own of the projections to queries, keys and values,
    zero rows after each head's own of the projection back.

    axis: of the mesh, whose chips have equal shares of the heads; where their number does not allow it, each chip has
    all. `heads` and `width` are one chip's.
    """

    def __init__(self, parameters: Parameters, heads: int, axis: int | None) -> None:
        out = parameters.below("to_out", 0)
        channels = out.read("bias").numel()
        if channels % heads:
            raise ValueError(f"{channels} channels cannot be split into {heads} heads.")
        self.axis = parameters.sharing(heads, axis)
        self.chips = parameters.chips(self.axis)
        self.heads, self.size = heads // self.chips, channels // heads
        self.padded = whole_tiles(self.size)
        self.width = self.heads * self.padded
        self.scale = 1 / math.sqrt(self.size)
        self.back = RowParallel(out, self.axis, lambda weight: self._pad(weight.T))
        self.grid = parameters.device.core_grid

    def _pad(self, weight: torch.Tensor) -> torch.Tensor:
        """[all heads * size, n] -> [all heads * padded, n]"""
        split = weight.reshape(self.chips * self.heads, self.size, -1)
        return functional.pad(split, (0, 0, 0, self.padded - self.size)).flatten(0, 1)

    def projection(self, parameters: Parameters, name: str, *sources: str) -> ttnn.Tensor:
        """One matrix [in, n * width], on each chip for its own heads, of n projections' weights [channels, in]."""
        return parameters.prepared(name, self._to_heads, *sources, axis=self.axis, split=1)

    def _to_heads(self, *weights: torch.Tensor) -> torch.Tensor:
        """[in, chips * n * width]: a chip's columns of all projections before the next chip's."""
        shares = zip(*(self._pad(weight).chunk(self.chips) for weight in weights), strict=True)
        return torch.cat([part for share in shares for part in share]).T

    def bias(self, parameters: Parameters, name: str, *sources: str) -> ttnn.Tensor:
        """One row [1, n * width], on each chip for its own heads, of n projections' biases [channels]."""

        def make(*biases: torch.Tensor) -> torch.Tensor:
            return self._to_heads(*(bias[:, None] for bias in biases))

        return parameters.prepared(name, make, *sources, axis=self.axis, split=1, dtype=ttnn.bfloat16)

    def attend(self, q: ttnn.Tensor, k: ttnn.Tensor, v: ttnn.Tensor, mask: ttnn.Tensor | None) -> ttnn.Tensor:
        """[n, heads, queries, padded] -> tokens [1, 1, n * queries, channels]"""
        config = ttnn.SDPAProgramConfig(
            compute_with_storage_grid_size=(self.grid.x, self.grid.y),
            q_chunk_size=_chunk(q.shape[2]),
            k_chunk_size=_chunk(k.shape[2]),
            exp_approx_mode=False,
        )
        y = ttnn.transformer.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=False, scale=self.scale, program_config=config
        )
        rows = y.shape[0] * y.shape[2]
        y = ttnn.reshape(ttnn.experimental.nlp_concat_heads(y), (1, 1, rows, self.width))
        return self.back(y)


class SelfAttention:
    """Attention within each run of `span` rows; projections to queries, keys and values may have biases.

    Spans that are no whole tiles share sequences: two of 16 rows make one of 32, and a mask keeps them apart. So no
    work is done on padding, and no padding is seen. axis: of the mesh, whose chips share the heads.
    """

    def __init__(self, parameters: Parameters, heads: int, span: int, axis: int | None = None) -> None:
        self.heads, self.span, self.sequence = Heads(parameters, heads, axis), span, packed(span)
        self.qkv = self.heads.projection(parameters, "qkv", "to_q.weight", "to_k.weight", "to_v.weight")
        self.bias = None
        if "to_q.bias" in parameters:
            self.bias = self.heads.bias(parameters, "qkv_bias", "to_q.bias", "to_k.bias", "to_v.bias")
        self.mask = None
        if self.sequence != span:
            number = torch.arange(self.sequence) // span
            apart = torch.where(number[:, None] == number[None, :], 0.0, HIDDEN)
            self.mask = parameters.constant(apart[None, None])

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        """Tokens [1, 1, rows, channels] to the same shape."""
        rows, whole = x.shape[2], -(-x.shape[2] // self.sequence) * self.sequence
        qkv = ttnn.linear(x, self.qkv, bias=self.bias, core_grid=self.heads.grid)
        if whole != rows:
            qkv = ttnn.pad(qkv, [(0, 0), (0, 0), (0, whole - rows), (0, 0)], 0.0)
        qkv = ttnn.reshape(qkv, (whole // self.sequence, 1, self.sequence, 3 * self.heads.width))
        n = self.heads.heads
        q, k, v = ttnn.experimental.nlp_create_qkv_heads(qkv, num_heads=n, num_kv_heads=n, transpose_k_heads=False)
        del qkv
        y = self.heads.attend(q, k, v, self.mask)
        return y if whole == rows else ttnn.slice(y, (0, 0, 0, 0), (1, 1, rows, y.shape[3]))


class Text:
    """A text as one cross-attention sees it: keys and values [pictures, heads, tokens, padded], for all steps.

    On each chip those of its own heads.
    """

    def __init__(self, k: ttnn.Tensor, v: ttnn.Tensor) -> None:
        self.k, self.v = k, v


class CrossAttention:
    """Attention of each picture's `pixels` rows to the picture's text of `length` tokens.

    axis: of the mesh, whose chips share the heads.
    """

    def __init__(self, parameters: Parameters, heads: int, pixels: int, length: int, axis: int | None = None) -> None:
        self.heads, self.pixels = Heads(parameters, heads, axis), pixels
        self.q, self.k, self.v = (
            self.heads.projection(parameters, name, f"{name}.weight") for name in ("to_q", "to_k", "to_v")
        )
        self.mask = None
        if whole_tiles(length) != length:
            hidden = torch.zeros(1, 1, pixels, whole_tiles(length))
            hidden[..., length:] = HIDDEN
            self.mask = parameters.constant(hidden)

    def read(self, text: ttnn.Tensor) -> Text:
        """Of text [pictures, 1, tokens in whole tiles, width]."""
        return Text(self._split(text, self.k), self._split(text, self.v))

    def __call__(self, x: ttnn.Tensor, text: Text) -> ttnn.Tensor:
        pictures = x.shape[2] // self.pixels
        q = self._split(x, self.q, (pictures, 1, self.pixels, self.heads.width))
        return self.heads.attend(q, text.k, text.v, self.mask)

    def _split(self, x: ttnn.Tensor, weight: ttnn.Tensor, shape: tuple[int, ...] | None = None) -> ttnn.Tensor:
        y = ttnn.linear(x, weight, core_grid=self.heads.grid)
        if shape is not None:
            y = ttnn.reshape(y, shape)
        # The op for queries, keys and values together wants as many queries as keys; asked for no keys it splits one.
        return ttnn.experimental.nlp_create_qkv_heads(
            y, num_heads=self.heads.heads, num_kv_heads=0, transpose_k_heads=False
        )[0]


def _chunk(rows: int) -> int:
    """Rows computed at a time: up to 128, which fits a core's memory with heads of 160; a power of two."""
    return next((chunk for chunk in (128, 64) if rows % chunk == 0), 32)
