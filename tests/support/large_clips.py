"""Random text-to-video models of the real ones' width, for measurements."""

from __future__ import annotations

from pathlib import Path

import diffusers
import torch
import transformers

from support.random_models import t5_tokenizer


def wan(folder: Path) -> None:
    """Wan's own width with 12 of 30 layers, its own VAE, and a T5 of 0.3 billion parameters."""
    torch.manual_seed(0)
    tokenizer = t5_tokenizer()
    config = transformers.UMT5Config(vocab_size=32_000, d_model=1024, d_kv=64, d_ff=2816, num_layers=16, num_heads=16)
    torch.set_default_dtype(torch.bfloat16)
    transformer = diffusers.WanTransformer3DModel(
        num_attention_heads=12,
        attention_head_dim=128,
        text_dim=1024,
        ffn_dim=8960,
        num_layers=12,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
    )
    encoder = transformers.UMT5EncoderModel(config)
    torch.set_default_dtype(torch.float32)
    diffusers.WanPipeline(
        tokenizer=tokenizer,
        text_encoder=encoder,
        vae=diffusers.AutoencoderKLWan(),
        transformer=transformer,
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    ).save_pretrained(folder)
