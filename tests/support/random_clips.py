"""Tiny random text-to-video folders, in diffusers' format and made offline in a second: the real code loads them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE
from sentencepiece import SentencePieceTrainer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from support.random_models import WORDS, clip_encoder, clip_tokenizer, t5_tokenizer, vae


def make_clip_models(folder: Path, *ids: str) -> Path:
    """One folder for each id of `MAKERS`, as TTVIDEO_MODELS wants them; all of them when none is named."""
    for id in ids or MAKERS:
        torch.manual_seed(0)
        MAKERS[id]().save_pretrained(folder / id)
        if id == "ltx-video":
            spiece_files(folder / id / "tokenizer")
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


def t5(width: int = 32) -> dict[str, Any]:
    tokenizer = t5_tokenizer()
    encoder = t5_encoder(tokenizer, transformers.T5EncoderModel, transformers.T5Config, width)
    return {"tokenizer": tokenizer, "text_encoder": encoder}


def spiece_files(folder: Path) -> None:
    """A tokenizer of T5 as most have it on Hugging Face: sentencepiece's file, and settings."""
    shutil.rmtree(folder)
    folder.mkdir()
    with (folder / "spiece.model").open("wb") as file:
        SentencePieceTrainer.train(
            sentence_iterator=iter([" ".join(WORDS)] * 20),
            model_writer=file,
            vocab_size=60,
            hard_vocab_limit=False,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            minloglevel=2,
        )
    settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "model_max_length": 128}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def mochi() -> Any:
    return diffusers.MochiPipeline(
        **t5(),
        transformer=diffusers.MochiTransformer3DModel(
            patch_size=2,
            num_attention_heads=2,
            attention_head_dim=16,
            num_layers=2,
            pooled_projection_dim=16,
            in_channels=12,
            text_embed_dim=32,
            time_embed_dim=4,
            max_sequence_length=256,
        ),
        vae=diffusers.AutoencoderKLMochi(
            encoder_block_out_channels=(32, 32, 32, 32),
            decoder_block_out_channels=(32, 32, 32, 32),
            layers_per_block=(1, 1, 1, 1, 1),
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(invert_sigmas=True),
    )


def cogvideox(
    pipeline: Any = diffusers.CogVideoXPipeline,
    scheduler: Any = diffusers.CogVideoXDPMScheduler,
    *,
    turned: bool = True,
    learned: bool = False,
) -> Any:
    """`turned`: places are told by turning queries and keys, as in 5b; `learned`: by weights of their own, too."""
    return pipeline(
        **t5(),
        transformer=diffusers.CogVideoXTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=16,
            in_channels=8 if learned else 4,
            out_channels=4,
            time_embed_dim=2,
            text_embed_dim=32,
            num_layers=2,
            sample_width=8,
            sample_height=8,
            sample_frames=9,
            max_text_seq_length=226,
            use_rotary_positional_embeddings=turned,
            use_learned_positional_embeddings=learned,
        ),
        vae=diffusers.AutoencoderKLCogVideoX(
            block_out_channels=(8, 8, 8, 8),
            latent_channels=4,
            layers_per_block=1,
            norm_num_groups=2,
            scaling_factor=0.7,
        ),
        scheduler=scheduler(
            rescale_betas_zero_snr=True,
            snr_shift_scale=3.0,
            prediction_type="v_prediction",
            timestep_spacing="trailing",
            set_alpha_to_one=True,
            clip_sample=False,
        ),
    )


def hunyuan() -> Any:
    tokenizer = llama_tokenizer(DEFAULT_PROMPT_TEMPLATE["template"])
    with tempfile.TemporaryDirectory() as folder:
        tokenizer_2 = clip_tokenizer(Path(folder))
    return diffusers.HunyuanVideoPipeline(
        tokenizer=tokenizer,
        text_encoder=transformers.LlamaModel(
            transformers.LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=16,
                intermediate_size=32,
                # The pipeline takes the third last state.
                num_hidden_layers=3,
                num_attention_heads=2,
                num_key_value_heads=2,
                max_position_embeddings=512,
                pad_token_id=tokenizer.pad_token_id,
            )
        ).eval(),
        tokenizer_2=tokenizer_2,
        text_encoder_2=clip_encoder(tokenizer_2, transformers.CLIPTextModel),
        transformer=diffusers.HunyuanVideoTransformer3DModel(
            in_channels=16,
            out_channels=16,
            num_attention_heads=2,
            attention_head_dim=10,
            num_layers=2,
            num_single_layers=1,
            num_refiner_layers=1,
            text_embed_dim=16,
            pooled_projection_dim=32,
            rope_axes_dim=(2, 4, 4),
        ),
        vae=diffusers.AutoencoderKLHunyuanVideo(block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
    )


def llama_tokenizer(template: str) -> Any:
    """A byte pair encoding as Llama 3's, which knows the pipeline's own words: it cuts off 95 tokens for them."""
    specials = [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
        "<pad>",
    ]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1200, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([template] * 20, trainer)
    begin = specials[0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, tokenizer.token_to_id(begin))]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=begin, eos_token=specials[1], pad_token=specials[-1]
    )


def ltx(**vae: Any) -> Any:
    return diffusers.LTXPipeline(
        **t5(),
        transformer=diffusers.LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            num_attention_heads=3,
            attention_head_dim=8,
            cross_attention_dim=24,
            num_layers=2,
            caption_channels=32,
        ),
        vae=diffusers.AutoencoderKLLTXVideo(
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            **vae,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True,
            base_shift=0.95,
            max_shift=2.05,
            base_image_seq_len=1024,
            max_image_seq_len=4096,
            shift_terminal=0.1,
        ),
    )


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
    "mochi-1": mochi,
    "cogvideox-2b": lambda: cogvideox(scheduler=diffusers.CogVideoXDDIMScheduler, turned=False),
    "cogvideox-5b": cogvideox,
    "cogvideox-5b-i2v": lambda: cogvideox(diffusers.CogVideoXImageToVideoPipeline, learned=True),
    "hunyuanvideo": hunyuan,
    "ltx-video": ltx,
    "ltx-video-0.9.1": lambda: ltx(timestep_conditioning=True, decoder_inject_noise=(True, True, True, True, True)),
}
