"""Tiny random SDXL and SD 3.5 folders, in diffusers' format and made offline in a second: the real code loads them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tokenizers.pre_tokenizers import ByteLevel

WORDS = ("a", "cat", "dog", "red", "ball", "fair", "at", "night", "blurry", "the", "pavilion", "of", "in", "rain")


def make_models(folder: Path) -> Path:
    """One folder for each published image family, as TTVIDEO_MODELS wants them."""
    for id, make in (("sdxl", sdxl), ("sd35-medium", sd35), ("sd35-large", sd35)):
        torch.manual_seed(0)
        pipe = make()
        pipe.save_pretrained(folder / id)
        for name in ("tokenizer", "tokenizer_2"):
            clip_tokenizer_files(folder / id / name)
    return folder


def clip_tokenizer_files(folder: Path) -> None:
    """As they are on Hugging Face: a byte pair encoding in two files, in which every text can be written."""
    letters = sorted(ByteLevel.alphabet())
    merges = [("c", "a"), ("ca", "t</w>"), ("d", "o"), ("do", "g</w>"), ("r", "e"), ("re", "d</w>")]
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    config = special | {
        "unk_token": "<|endoftext|>",
        "model_max_length": 77,
        "tokenizer_class": "CLIPTokenizer",
        "do_lower_case": True,
        "add_prefix_space": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))


def clip_tokenizer(folder: Path) -> Any:
    clip_tokenizer_files(folder)
    return transformers.CLIPTokenizer.from_pretrained(folder)


def t5_tokenizer() -> Any:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(f"▁{word}", -3.0) for word in WORDS if len(word) > 1]
    pieces += [(chr(code), -6.0) for code in range(33, 127)]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def clip_encoder(tokenizer: Any, cls: Any, width: int = 32) -> Any:
    config = transformers.CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return cls(config).eval()


def t5_encoder(tokenizer: Any, width: int) -> Any:
    config = transformers.T5Config(
        vocab_size=len(tokenizer),
        d_model=width,
        d_kv=8,
        d_ff=2 * width,
        num_layers=2,
        num_heads=4,
        relative_attention_num_buckets=8,
        feed_forward_proj="gated-gelu",
    )
    return transformers.T5EncoderModel(config).eval()


def vae(channels: int, **options: Any) -> Any:
    """Latents of an eighth of the size, as of the real ones."""
    return diffusers.AutoencoderKL(
        block_out_channels=(16, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=8,
        latent_channels=channels,
        sample_size=64,
        **options,
    )


def sdxl() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = clip_tokenizer(Path(folder))
    unet = diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2),
        attention_head_dim=(4, 8),
        cross_attention_dim=64,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        # Six numbers of 8 channels (sizes and crops), and the whole text's 32.
        projection_class_embeddings_input_dim=6 * 8 + 32,
        norm_num_groups=8,
    )
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(4, scaling_factor=0.13025),
        text_encoder=clip_encoder(tokenizer, transformers.CLIPTextModel),
        text_encoder_2=clip_encoder(tokenizer, transformers.CLIPTextModelWithProjection),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            timestep_spacing="leading",
            steps_offset=1,
        ),
        add_watermarker=False,
    )


def sd35() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        clip = clip_tokenizer(Path(folder))
    t5 = t5_tokenizer()
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        pos_embed_max_size=24,
        qk_norm="rms_norm",
        dual_attention_layers=(0,),
    )
    return diffusers.StableDiffusion3Pipeline(
        vae=vae(16, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0609, scaling_factor=1.5305),
        text_encoder=clip_encoder(clip, transformers.CLIPTextModelWithProjection),
        text_encoder_2=clip_encoder(clip, transformers.CLIPTextModelWithProjection),
        text_encoder_3=t5_encoder(t5, 64),
        tokenizer=clip,
        tokenizer_2=clip,
        tokenizer_3=t5,
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
