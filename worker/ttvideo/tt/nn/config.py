"""What of a UNet's configuration is not in the shapes of its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class UNetConfig:
    """Heads are given for each down block, from the outermost; the up blocks have them the other way round."""

    heads: tuple[int, ...]
    motion_heads: tuple[int, ...]
    motion_heads_up: tuple[int, ...]
    """For each up block, from the innermost."""
    groups: int
    motion_groups: int
    eps: float

    @property
    def common_heads(self) -> int:
        """The greatest number that divides the heads of each block: of chips that can share all of them."""
        return math.gcd(*self.heads, *self.motion_heads, *self.motion_heads_up)

    @staticmethod
    def of(unet: Mapping[str, Any], adapter: Mapping[str, Any] | None = None) -> UNetConfig:
        """Of the config.json of a UNetMotionModel, or of a UNet2DConditionModel and a MotionAdapter.

        Raises ValueError for a model that computes otherwise than Stable Diffusion 1.x.
        """
        # What these would add to the weights is found by UNet, which builds a layer for each weight or refuses.
        expected = {
            "act_fn": "silu",
            "mid_block_scale_factor": 1,
            "downsample_padding": 1,
            "center_input_sample": False,
        }
        expected |= {"resnet_time_scale_shift": "default", "flip_sin_to_cos": True, "freq_shift": 0}
        expected |= {"resnet_out_scale_factor": 1, "resnet_skip_time_act": False, "time_embedding_type": "positional"}
        expected |= {"time_embedding_act_fn": None, "timestep_post_act": None}
        for name, value in expected.items():
            if unet.get(name, value) != value:
                raise ValueError(f"A UNet with {name} = {unet[name]!r} is not supported, only with {value!r}.")
        blocks = len(unet["block_out_channels"])
        motion = unet if adapter is None else adapter
        # diffusers' old name for the number of heads.
        heads = unet.get("num_attention_heads") or unet["attention_head_dim"]
        motion_heads = _per_block(motion["motion_num_attention_heads"], blocks)
        up = motion.get("reverse_motion_num_attention_heads")
        return UNetConfig(
            heads=_per_block(heads, blocks),
            motion_heads=motion_heads,
            motion_heads_up=_per_block(up, blocks) if up else motion_heads[::-1],
            groups=unet["norm_num_groups"],
            motion_groups=motion.get("motion_norm_num_groups") or unet["norm_num_groups"],
            eps=unet["norm_eps"],
        )


def _per_block(value: int | list[int] | tuple[int, ...], blocks: int) -> tuple[int, ...]:
    values = (value,) * blocks if isinstance(value, int) else tuple(value)
    if len(values) != blocks or not all(isinstance(each, int) for each in values):
        raise ValueError(f"A number of heads for each of {blocks} blocks was expected, not {value}.")
    return values
