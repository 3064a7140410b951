"""The bundled model's UNet, and others of its kind with random weights."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel
from safetensors.torch import load_file

import ttvideo
from support.tt_blocks import random

BUNDLED = Path(ttvideo.__file__).parent / "families" / "tiny_model"


@lru_cache(maxsize=1)
def bundled_configs() -> tuple[dict[str, Any], dict[str, Any]]:
    unet, adapter = (json.loads((BUNDLED / name / "config.json").read_text()) for name in ("unet", "motion_adapter"))
    return unet, adapter


@lru_cache(maxsize=1)
def bundled() -> Any:
    """diffusers' UNetMotionModel, its weights rounded to what bfloat16 holds."""
    unet, adapter = bundled_configs()
    model = UNetMotionModel.from_unet2d(UNet2DConditionModel.from_config(unet), MotionAdapter.from_config(adapter))
    weights: dict[str, torch.Tensor] = {}
    for name in ("unet", "motion_adapter"):
        weights |= load_file(BUNDLED / name / "diffusion_pytorch_model.safetensors")
    model.load_state_dict({name: weight.bfloat16().float() for name, weight in weights.items()})
    return model.eval()


def other(**changes: Any) -> Any:
    """A narrow model with Stable Diffusion 1.5's structure: four blocks, the innermost without text, 1x1 convolutions
    around the transformers, heads of 40 and 80 channels."""
    config = {
        "block_out_channels": (64, 64, 96, 160),
        "cross_attention_dim": 64,
        "num_attention_heads": (2, 2, 3, 2),
        "motion_num_attention_heads": (2, 4, 1, 2),
        "norm_num_groups": 32,
    }
    return random(lambda: UNetMotionModel(**{**config, **changes}))
