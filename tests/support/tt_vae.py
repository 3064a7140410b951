"""The bundled model's VAE, and another of Stable Diffusion's kind with random weights."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from diffusers import AutoencoderKL
from safetensors.torch import load_file

from support.tt_blocks import random
from support.tt_unet import BUNDLED


@lru_cache(maxsize=1)
def bundled() -> Any:
    """diffusers' AutoencoderKL, its weights rounded to what bfloat16 holds."""
    model = AutoencoderKL.from_config(json.loads((BUNDLED / "vae" / "config.json").read_text()))
    weights = load_file(BUNDLED / "vae" / "diffusion_pytorch_model.safetensors")
    model.load_state_dict({name: weight.bfloat16().float() for name, weight in weights.items()})
    return model.eval()


def like_stable_diffusion(*widths: int, **changes: Any) -> AutoencoderKL:
    """With attention in the middle and 1x1 convolutions where blocks get narrower."""
    blocks = len(widths)
    return AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        **{"layers_per_block": 2, "latent_channels": 4, "norm_num_groups": 32, **changes},
    )


@lru_cache(maxsize=1)
def small() -> Any:
    return random(lambda: like_stable_diffusion(64, 96, 128))
