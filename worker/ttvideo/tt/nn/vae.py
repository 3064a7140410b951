"""The decoder of a VAE: pictures of latents, on the device from its first operation to its last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ttnn

from animatediff_ttnn.layers.attention import SelfAttention
from animatediff_ttnn.layers.linear import Linear
from animatediff_ttnn.layers.norm import GroupNorm
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import Tokens
from ttvideo.tt.nn.conv import Conv2d, Upsample
from ttvideo.tt.nn.resnet import Resnet

# diffusers' Decoder fixes it.
EPS = 1e-6
ENCODER = ("encoder.", "quant_conv.")
"""How names of weights begin that decoding does not need."""


class Decoder:
    """diffusers' AutoencoderKL.decode by its state dict and its config.json, for pictures of one size.

    tokens: of the latents. Raises ValueError for a VAE that computes otherwise than Stable Diffusion's, for widths that
    are no multiple of 32, and for weights that belong to parts which are not built here.
    """

    def __init__(self, parameters: Parameters, config: Mapping[str, Any], tokens: Tokens) -> None:
        _require_known(config)
        groups, post, decoder = config["norm_num_groups"], "post_quant_conv", parameters.below("decoder")
        self.channels, self.tokens = config["latent_channels"], tokens
        self.post = Linear(parameters.below(post)) if post in parameters else None
        self.conv_in = Conv2d(decoder.below("conv_in"), tokens)
        self.mid = MidBlock(decoder.below("mid_block"), tokens, groups)
        self.up = []
        for number in range(decoder.count("up_blocks")):
            self.up.append(UpBlock(decoder.below("up_blocks", number), tokens, groups))
            tokens = self.up[-1].after
        self.norm_out = GroupNorm(decoder.below("conv_norm_out"), tokens.pictures, tokens.pixels, groups, EPS)
        self.conv_out = Conv2d(decoder.below("conv_out"), tokens)
        self.after = tokens
        """Of the pictures."""
        if unread := [name for name in parameters.unread() if not name.startswith(ENCODER)]:
            raise ValueError(f"The decoder has {len(unread)} weights that are not supported: {', '.join(unread[:3])} …")

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        """bfloat16 tiles [1, 1, rows, latent channels] to bfloat16 tiles [1, 1, rows of `after`, 3], about -1 to 1."""
        h = x if self.post is None else self.post(x)
        # As few channels as latents have are read row by row, not in tiles.
        h = self.mid(self.conv_in(ttnn.to_layout(h, ttnn.ROW_MAJOR_LAYOUT)))
        for up in self.up:
            h = up(h)
        return self.conv_out(ttnn.silu(self.norm_out(h)))


class MidBlock:
    """diffusers' UNetMidBlock2D: resnets, with attention between them where the VAE has it."""

    def __init__(self, parameters: Parameters, tokens: Tokens, groups: int) -> None:
        count = parameters.count("resnets")
        self.resnets = [Resnet(parameters.below("resnets", i), tokens, groups, EPS) for i in range(count)]
        self.attentions = [
            Attention(parameters.below("attentions", i), tokens, groups) for i in range(parameters.count("attentions"))
        ]

    def __call__(self, h: ttnn.Tensor) -> ttnn.Tensor:
        for number, resnet in enumerate(self.resnets):
            if 0 < number <= len(self.attentions):
                h = self.attentions[number - 1](h)
            h = resnet(h)
        return h


class Attention:
    """Each pixel's to its own picture, with one head as wide as the block: tokens to the same shape."""

    def __init__(self, parameters: Parameters, tokens: Tokens, groups: int) -> None:
        self.norm = GroupNorm(parameters.below("group_norm"), tokens.pictures, tokens.pixels, groups, EPS)
        self.own = SelfAttention(parameters, 1, tokens.pixels)

    def __call__(self, h: ttnn.Tensor) -> ttnn.Tensor:
        return ttnn.add(h, self.own(self.norm(h)))


class UpBlock:
    """diffusers' UpDecoderBlock2D: resnets, then twice the size but in the last block."""

    def __init__(self, parameters: Parameters, tokens: Tokens, groups: int) -> None:
        count, up = parameters.count("resnets"), "upsamplers.0"
        self.resnets = [Resnet(parameters.below("resnets", i), tokens, groups, EPS) for i in range(count)]
        self.up = Upsample(parameters.below(up), tokens) if up in parameters else None
        self.after = tokens if self.up is None else self.up.large

    def __call__(self, h: ttnn.Tensor) -> ttnn.Tensor:
        for resnet in self.resnets:
            h = resnet(h)
        return h if self.up is None else self.up(h)


def _require_known(config: Mapping[str, Any]) -> None:
    # What else other kinds of VAEs have is among their weights, for each of which Decoder has a layer or refuses.
    if (act := config.get("act_fn", "silu")) != "silu":
        raise ValueError(f"A VAE with act_fn = {act!r} is not supported, only with 'silu'.")
    if other := set(config["up_block_types"]) - {"UpDecoderBlock2D"}:
        raise ValueError(f"A VAE with blocks {', '.join(sorted(other))} is not supported, only with UpDecoderBlock2D.")
