"""LoRAs of random weights for the checkpoints of `random_clips`."""

from __future__ import annotations

from pathlib import Path

import diffusers
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from support.clip_cases import Case


def lora(folder: Path, installed: Path, case: Case) -> Path:
    """A file of random weights for a checkpoint's transformer."""
    cls = getattr(diffusers, case.pipeline)
    torch.manual_seed(1)
    transformer = cls.from_pretrained(installed / case.checkpoint, dtype=torch.float32).transformer
    transformer.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    name = f"{case.checkpoint}.safetensors"
    cls.save_lora_weights(folder, transformer_lora_layers=get_peft_model_state_dict(transformer), weight_name=name)
    return folder / name
