"""AnimateDiff's motion module: each pixel's attention over the frames of its video."""

from __future__ import annotations

import math

import ttnn

from animatediff_ttnn.layers.attention import SelfAttention
from animatediff_ttnn.layers.feed_forward import GEGLU
from animatediff_ttnn.layers.linear import Linear
from animatediff_ttnn.layers.norm import GroupNorm, LayerNorm
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.parts import gathered, part
from animatediff_ttnn.layers.tokens import Tokens, packed

# diffusers' AnimateDiffTransformer3D fixes it.
NORM_EPS = 1e-6


class TemporalTransformer:
    """diffusers' AnimateDiffTransformer3D by its state dict, for clips of one size.

    Where chips have frames of the same video, each is given all of them, for the norm is over all frames; then it
    computes its part of the pixels.

    Raises ValueError when the clip has more frames than the module has positions.
    """

    def __init__(self, parameters: Parameters, tokens: Tokens, heads: int, groups: int) -> None:
        self.tokens, self.shared = tokens, tokens.shared
        chips = math.prod(tokens.parts[axis] for axis in self.shared)
        self.videos = tokens.pictures * chips // tokens.frames
        # Where there are fewer pixels than chips, each chip computes them all.
        self.divided = self.shared if self.videos * tokens.pixels % chips == 0 else ()
        self.norm = GroupNorm(parameters.below("norm"), self.videos, tokens.frames * tokens.pixels, groups, NORM_EPS)
        self.proj_in, self.proj_out = Linear(parameters.below("proj_in")), Linear(parameters.below("proj_out"))
        blocks = parameters.count("transformer_blocks")
        self.blocks = [TemporalBlock(parameters.below("transformer_blocks", i), tokens, heads) for i in range(blocks)]

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        """Tokens [1, 1, rows, channels] to the same shape."""
        frames, pixels = self.tokens.frames, self.tokens.pixels
        whole = self._swapped(self.norm(gathered(x, self.shared)), frames, pixels)
        h = self.proj_in(part(whole, self.divided))
        for block in self.blocks:
            h = block(h)
        whole = self._swapped(gathered(self.proj_out(h), self.divided), pixels, frames)
        return ttnn.add(part(whole, self.shared), x)

    def _swapped(self, x: ttnn.Tensor, first: int, second: int) -> ttnn.Tensor:
        """Rows ordered (video, first, second) to (video, second, first)."""
        if 1 in (first, second):
            return x
        # Row-major, rows move whole; in tiles 16 frames would be padded to 32.
        y = ttnn.reshape(ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT), (self.videos, first, second, x.shape[3]))
        y = ttnn.reshape(ttnn.permute(y, (0, 2, 1, 3)), tuple(x.shape))
        return ttnn.to_layout(y, ttnn.TILE_LAYOUT)


class TemporalBlock:
    """Twice attention over frames, then the feed-forward part, on rows ordered (video, pixel, frame)."""

    def __init__(self, parameters: Parameters, tokens: Tokens, heads: int) -> None:
        frames = tokens.frames
        self.norms = [LayerNorm(parameters.below(f"norm{number}")) for number in (1, 2, 3)]
        self.attentions = [
            SelfAttention(parameters.below(f"attn{number}"), heads, frames, tokens.tensor_axis) for number in (1, 2)
        ]
        self.feed_forward = GEGLU(parameters.below("ff"), tokens.tensor_axis)
        positions = parameters.read("pos_embed.pe")[0]
        if frames > len(positions):
            raise ValueError(f"This motion module knows {len(positions)} frames at once, not {frames}.")
        self.sequence = packed(frames)
        self.positions = parameters.constant(positions[:frames].repeat(self.sequence // frames, 1)[None, None])

    def __call__(self, h: ttnn.Tensor) -> ttnn.Tensor:
        for norm, attention in zip(self.norms, self.attentions, strict=False):
            h = ttnn.add(h, attention(self._placed(norm(h))))
        return ttnn.add(h, self.feed_forward(self.norms[2](h)))

    def _placed(self, x: ttnn.Tensor) -> ttnn.Tensor:
        """With each frame's position added."""
        rows, channels = x.shape[2], x.shape[3]
        if rows % self.sequence:
            # Whole sequences do not fill the rows; a table of all rows does.
            repeated = ttnn.repeat(self.positions, (1, 1, -(-rows // self.sequence), 1))
            return ttnn.add(x, ttnn.slice(repeated, (0, 0, 0, 0), (1, 1, rows, channels)))
        y = ttnn.add(ttnn.reshape(x, (rows // self.sequence, 1, self.sequence, channels)), self.positions)
        return ttnn.reshape(y, (1, 1, rows, channels))
