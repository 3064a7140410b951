"""`python load_model.py MODEL MADE.npz`: loads a model folder as anyone would, and keeps what it makes.

Needs only torch, diffusers and transformers, so that any interpreter that has them can run it: the same frames have
to come out under the versions we pin and under the newest.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AnimateDiffPipeline

PARTS = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "motion_adapter": ("diffusers", "MotionAdapter"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
}
PROMPTS = (
    "a red ball bouncing on green grass",
    "  A RED Ball,  spinning!",
    "a dragon, 42 café ünicorns 🐉",
    "don't <|endoftext|> stop",
    "",
    "a heart " * 40,
)


def unread_keys(model: Path) -> list[str]:
    """Weights that a part lacks, or has and does not know, or has in the wrong shape."""
    wrong = []
    for part, (package, name) in PARTS.items():
        kind = getattr(importlib.import_module(package), name)
        _, info = kind.from_pretrained(model / part, output_loading_info=True)
        for trouble in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
            wrong += [f"{part}: {trouble}: {key}" for key in info.get(trouble) or ()]
    return wrong


def make(model: Path, prompt: str = "a red ball bouncing on green grass", steps: int = 3) -> dict[str, Any]:
    """A clip float32 [16, 128, 128, 3] in [0, 1], and the tokens of some odd prompts, int [prompts, length]."""
    torch.set_num_threads(1)
    pipeline = AnimateDiffPipeline.from_pretrained(model)
    pipeline.set_progress_bar_config(disable=True)
    tokens = pipeline.tokenizer(list(PROMPTS), padding="max_length", truncation=True, return_tensors="np").input_ids
    random = torch.Generator().manual_seed(7)
    made = pipeline(prompt, num_inference_steps=steps, guidance_scale=3.0, generator=random, output_type="np").frames
    return {"frames": np.asarray(made[0], np.float32), "tokens": np.asarray(tokens)}


if __name__ == "__main__":
    folder, output = map(Path, sys.argv[1:])
    if wrong := unread_keys(folder):
        sys.exit("\n".join(wrong))
    np.savez(output, **make(folder))
