"""The whole UNet, as one program on the device."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate

import torch
import ttnn

from animatediff_ttnn.layers.attention import Text
from animatediff_ttnn.layers.linear import Linear
from animatediff_ttnn.layers.norm import GroupNorm
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.parts import gathered, part
from animatediff_ttnn.layers.tokens import Tokens, whole_tiles
from ttvideo.tt.nn.blocks import DownBlock, MidBlock, Plan, Step, UpBlock
from ttvideo.tt.nn.config import UNetConfig
from ttvideo.tt.nn.conv import Conv2d
from ttvideo.tt.nn.resnet import Resnet
from ttvideo.tt.nn.spatial import SpatialTransformer


class UNet:
    """diffusers' UNetMotionModel by its state dict, for clips of one size; all frames of all videos in one call.

    tokens: how the pictures are divided among the chips, too, and which of these share heads. Each chip has all weights
    but those of heads and inner channels that are others'. text_length: tokens of a text.
    Raises ValueError for sizes that cannot be halved as often as the model does, for more frames than it knows, and for
    weights that belong to parts which are not built here.
    """

    def __init__(self, parameters: Parameters, config: UNetConfig, tokens: Tokens, text_length: int) -> None:
        self.parameters, self.tokens, self.text_length = parameters, tokens, text_length
        blocks = len(config.heads)
        if tokens.height % 2 ** (blocks - 1) or tokens.width % 2 ** (blocks - 1):
            raise ValueError(
                f"Latents of {tokens.width}x{tokens.height} cannot be halved {blocks - 1} times: "
                f"take sizes that are multiples of {2 ** (blocks - 1)}."
            )
        self.conv_in, self.conv_out = (Conv2d(parameters.below(name), tokens) for name in ("conv_in", "conv_out"))
        self.time1, self.time2 = (Linear(parameters.below("time_embedding", f"linear_{i}")) for i in (1, 2))
        levels = list(accumulate(range(blocks - 1), lambda level, _: level.halved(), initial=tokens))
        plans = [
            Plan(config, level, heads, motion, text_length)
            for level, heads, motion in zip(levels, config.heads, config.motion_heads, strict=True)
        ]
        up_plans = [
            Plan(config, level, heads, motion, text_length)
            for level, heads, motion in zip(levels[::-1], config.heads[::-1], config.motion_heads_up, strict=True)
        ]
        self.down = [DownBlock(parameters.below("down_blocks", i), plan) for i, plan in enumerate(plans)]
        self.mid = MidBlock(parameters.below("mid_block"), plans[-1])
        self.up = [UpBlock(parameters.below("up_blocks", i), plan) for i, plan in enumerate(up_plans)]
        self.norm_out = GroupNorm(
            parameters.below("conv_norm_out"), tokens.pictures, tokens.pixels, config.groups, config.eps
        )
        if unread := parameters.unread():
            raise ValueError(f"The UNet has {len(unread)} weights that are not supported: {', '.join(unread[:3])} …")

    def times(self, timesteps: torch.Tensor) -> ttnn.Tensor:
        """[steps, 1, 1, all Resnets' channels]: what each step of a clip shifts each Resnet by.

        timesteps: [steps], float or integer.
        """
        width = self.time1.weight.shape[0]
        waves = self.parameters.constant(sinusoid(timesteps, width)[None, None])
        h = ttnn.silu(self.time2(ttnn.silu(self.time1(waves))))
        table = ttnn.concat([resnet.shift(h) for resnet in self._resnets()], dim=3)
        # A step's row is cut out whole, which is simple only where it begins a tile.
        table = ttnn.reshape(ttnn.to_layout(table, ttnn.ROW_MAJOR_LAYOUT), (len(timesteps), 1, 1, table.shape[3]))
        return ttnn.to_layout(table, ttnn.TILE_LAYOUT)

    @property
    def text_width(self) -> int:
        """Channels of a text's tokens."""
        width: int = next(self._spatials()).blocks[0].cross.k.shape[0]
        return width

    def read(self, text: torch.Tensor) -> list[list[Text]]:
        """A clip's text as each SpatialTransformer sees it; done once, it serves all steps.

        text: [videos, tokens, width] for all frames alike, or [videos * frames, tokens, width].
        """
        tokens = self.tokens
        each = text.repeat_interleave(tokens.videos * tokens.frames // len(text), 0)
        padding = whole_tiles(self.text_length) - self.text_length
        texts = self.parameters.constant(torch.nn.functional.pad(each, (0, 0, 0, padding))[:, None])
        own = part(texts, tokens.divided, dim=0)
        return [spatial.read(own) for spatial in self._spatials()]

    def __call__(self, x: ttnn.Tensor, times: ttnn.Tensor, texts: list[list[Text]]) -> ttnn.Tensor:
        """What the model predicts of latents.

        x: bfloat16 [1, 1, rows, latent channels], row-major. times: [1, 1, 1, all Resnets' channels], one row of
        `times()`. Gives bfloat16 [1, 1, rows, latent channels] in tiles. The rows of all pictures, on each chip.
        """
        step = Step(self._shifts(times), iter(texts))
        h = self.conv_in(part(x, self.tokens.divided))
        states = [h]
        for down in self.down:
            states += down(states[-1], step)
        h = self.mid(states[-1], step)
        for up in self.up:
            h = up(h, states, step)
        return gathered(self.conv_out(ttnn.silu(self.norm_out(h))), self.tokens.divided)

    def _shifts(self, times: ttnn.Tensor) -> Iterator[ttnn.Tensor]:
        start = 0
        for resnet in self._resnets():
            end = start + resnet.conv1.out
            yield ttnn.slice(times, (0, 0, 0, start), (1, 1, 1, end))
            start = end

    def _resnets(self) -> Iterator[Resnet]:
        for down in self.down:
            yield from (layer.resnet for layer in down.layers)
        yield from self.mid.resnets
        for up in self.up:
            yield from (layer.resnet for layer in up.layers)

    def _spatials(self) -> Iterator[SpatialTransformer]:
        layers = [layer.attention for down in self.down for layer in down.layers]
        layers += self.mid.attentions + [layer.attention for up in self.up for layer in up.layers]
        yield from (layer.spatial for layer in layers if layer.spatial is not None)


def sinusoid(timesteps: torch.Tensor, width: int) -> torch.Tensor:
    """[steps, width]: cosines, then sines, of frequencies from 1 to 1/10000, as diffusers' Timesteps gives them."""
    frequencies = torch.exp(-math.log(10000) * torch.arange(width // 2, dtype=torch.float32) / (width // 2))
    angles = timesteps.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1)
