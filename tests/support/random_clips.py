"""Tiny random text-to-video folders, in diffusers' format and made offline in a second: the real code loads them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from support.random_models import clip_encoder, clip_tokenizer, t5_tokenizer, vae


def make_clip_models(folder: Path, *ids: str) -> Path:
    """One folder for each id of `MAKERS`, as TTVIDEO_MODELS wants them; all of them when none is named."""
    for id in ids or MAKERS:
        torch.manual_seed(0)
        MAKERS[id]().save_pretrained(folder / id)
    return folder


def t5_encoder(tokenizer: Any, cls: Any, config: Any, width: int = 32) -> Any:
    return cls(
        config(
            vocab_size=len(tokenizer),
            d_model=width,
            d_kv=8,
            d_ff=2 * width,
            num_layers=2,
            num_heads=4,
            relative_attention_num_buckets=8,
            feed_forward_proj="gated-gelu",
        )
    ).eval()


def wan(in_channels: int = 16, pipeline: Any = diffusers.WanPipeline, **options: Any) -> Any:
    tokenizer = t5_tokenizer()

    def transformer() -> Any:
        return diffusers.WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=in_channels,
            out_channels=16,
            text_dim=32,
            freq_dim=256,
            ffn_dim=32,
            num_layers=2,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
        )

    return pipeline(
        tokenizer=tokenizer,
        text_encoder=t5_encoder(tokenizer, transformers.UMT5EncoderModel, transformers.UMT5Config),
        vae=diffusers.AutoencoderKLWan(
            base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
        ),
        transformer=transformer(),
        transformer_2=transformer() if "boundary_ratio" in options else None,
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
        ),
        **options,
    )


def wan_from_picture() -> Any:
    # 16 of the clip, 16 of the picture, and 4 that say in which frames it is.
    return wan(36, diffusers.WanImageToVideoPipeline, boundary_ratio=0.9)


def animatediff() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = clip_tokenizer(Path(folder))
    return diffusers.StableDiffusionPipeline(
        vae=vae(4),
        text_encoder=clip_encoder(tokenizer, transformers.CLIPTextModel),
        tokenizer=tokenizer,
        unet=diffusers.UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(32, 64),
            layers_per_block=2,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=32,
            attention_head_dim=8,
            norm_num_groups=8,
        ),
        # As in the folder of Stable Diffusion 1.4.
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def motion_adapter() -> Any:
    return diffusers.MotionAdapter(
        block_out_channels=(32, 64),
        motion_layers_per_block=2,
        motion_norm_num_groups=8,
        motion_num_attention_heads=4,
        motion_max_seq_length=32,
    )


MAKERS: dict[str, Callable[[], Any]] = {
    "animatediff": animatediff,
    "animatediff-v1-5-2": motion_adapter,
    "wan2.1-1.3b": wan,
    "wan2.2-5b": lambda: wan(expand_timesteps=True),
    "wan2.2-a14b": lambda: wan(boundary_ratio=0.875),
    "wan2.2-i2v-a14b": wan_from_picture,
}
