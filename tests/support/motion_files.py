"""Motion modules with random weights, in files as AnimateDiff's makers name what is in them."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D

WIDTH, HEADS, POSITIONS = 320, 8, 32
PLACES = (
    "down_blocks.0.motion_modules.0",
    "mid_block.motion_modules.0",
    "up_blocks.0.motion_modules.0",
    "up_blocks.0.motion_modules.1",
)
THEIRS = (
    ("pos_embed.pe", "attention_blocks.0.pos_encoder.pe"),
    ("attn1.", "attention_blocks.0."),
    ("attn2.", "attention_blocks.1."),
    ("norm1.", "norms.0."),
    ("norm2.", "norms.1."),
    ("norm3.", "ff_norm."),
)


def module(width: int = WIDTH, heads: int = HEADS, groups: int = 32) -> Any:
    torch.manual_seed(0)
    return AnimateDiffTransformer3D(
        heads,
        width // heads,
        in_channels=width,
        norm_num_groups=groups,
        positional_embeddings="sinusoidal",
        num_positional_embeddings=POSITIONS,
    ).eval()


def in_their_words(name: str) -> str:
    for ours, theirs in THEIRS:
        name = name.replace(f"transformer_blocks.0.{ours}", f"transformer_blocks.0.{theirs}")
    return name


def checkpoint_of_makers(**about: int) -> dict[str, torch.Tensor]:
    """As mm_sd_v15_v2.ckpt, with the positions of each of both attentions."""
    state = module(**about).state_dict()
    named = {in_their_words(name): tensor for name, tensor in state.items()}
    places = "transformer_blocks.0.attention_blocks.{}.pos_encoder.pe"
    named[places.format(1)] = named[places.format(0)].clone()
    return {f"module.{place}.temporal_transformer.{name}": tensor for place in PLACES for name, tensor in named.items()}


def small_unet() -> Any:
    """A UNet with those places, of one block each way."""
    torch.manual_seed(0)
    return UNet2DConditionModel(
        block_out_channels=(WIDTH,),
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        layers_per_block=1,
        cross_attention_dim=32,
        attention_head_dim=8,
    )
