"""The shipped model's parts, untrained, in diffusers' and transformers' own classes.

Every width tiles on Tenstorrent hardware: channels, heads, text width and text length are multiples of 32, and the
lowest resolution inside the UNet is 4x4.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, MotionAdapter, UNet2DConditionModel, UNetMotionModel
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from training.captions import vocabulary
from training.latents import CHANNELS, SIDE

WIDTHS = (64, 128)
TEXT_WIDTH = 128
TEXT_LENGTH = 32
GROUPS = 8
MAX_FRAMES = 32


def scheduler() -> DDIMScheduler:
    """v-prediction with zero terminal SNR and trailing steps (Lin et al. 2023, arXiv:2305.08891)."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


def image_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIDE,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=("CrossAttnDownBlock2D",) * len(WIDTHS),
        up_block_types=("CrossAttnUpBlock2D",) * len(WIDTHS),
        block_out_channels=WIDTHS,
        layers_per_block=1,
        norm_num_groups=GROUPS,
        cross_attention_dim=TEXT_WIDTH,
        # diffusers reads this as the number of heads: 64/2 and 128/2 channels per head.
        attention_head_dim=2,
        use_linear_projection=True,
    )


def motion_adapter() -> MotionAdapter:
    adapter = MotionAdapter(
        block_out_channels=WIDTHS,
        motion_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=GROUPS,
        motion_max_seq_length=MAX_FRAMES,
    )
    # A new motion module must not disturb the image model: its residual starts at zero (AnimateDiff, arXiv:2307.04725).
    for name, parameter in adapter.named_parameters():
        if "proj_out" in name:
            torch.nn.init.zeros_(parameter)
    return adapter


def split_motion(unet: UNetMotionModel) -> tuple[UNet2DConditionModel, MotionAdapter]:
    """Undo `UNetMotionModel.from_unet2d`: the two parts that AnimateDiffPipeline's folder format holds."""
    weights = unet.state_dict()
    image, adapter = image_unet(), motion_adapter()
    image.load_state_dict({k: v for k, v in weights.items() if "motion_modules" not in k})
    adapter.load_state_dict({k: v for k, v in weights.items() if "motion_modules" in k})
    return image, adapter


def autoencoder() -> AutoencoderKL:
    widths = (32, 32, 64, 64, 128)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * len(widths),
        up_block_types=("UpDecoderBlock2D",) * len(widths),
        block_out_channels=widths,
        layers_per_block=1,
        latent_channels=CHANNELS,
        norm_num_groups=GROUPS,
        mid_block_add_attention=False,
        sample_size=128,
        scaling_factor=1.0,
    )


def text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=2 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=TEXT_LENGTH,
        hidden_act="gelu",
        attention_dropout=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = CLIPTextModel(config)
    # CLIP's init (std 0.02) leaves words of a tiny vocabulary indistinguishable for the first thousands of steps.
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.5)
    return model


def extended_text_encoder(model: Path, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """The text encoder of an exported model for the words of `tokenizer`: old embeddings kept, new ones drawn."""
    encoder, old = text_encoder(tokenizer), CLIPTextModel.from_pretrained(model / "text_encoder")
    places = CLIPTokenizer.from_pretrained(model / "tokenizer").get_vocab()
    kept = {token: place for token, place in tokenizer.get_vocab().items() if token in places}
    weights = old.state_dict()
    name = next(name for name in weights if name.endswith("token_embedding.weight"))
    words = encoder.state_dict()[name].clone()
    words[list(kept.values())] = weights[name][[places[token] for token in kept]]
    encoder.load_state_dict(weights | {name: words})
    return encoder


def write_tokenizer(folder: Path) -> CLIPTokenizer:
    """A CLIP tokenizer in which each word of the vocabulary is one token; other words fall apart into letters."""
    words = vocabulary()
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>", continuing_subword_prefix=""))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = trainers.BpeTrainer(
        vocab_size=5000, min_frequency=1, end_of_word_suffix="</w>", show_progress=False, initial_alphabet=[]
    )
    bpe.train_from_iterator((word for word in words for _ in range(3)), trainer)
    learned = json.loads(bpe.to_str())["model"]
    tokens = [c + end for c in map(chr, range(33, 127)) for end in ("", "</w>")]
    tokens += [token for token in learned["vocab"] if token not in set(tokens)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in learned["merges"]]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": TEXT_LENGTH, "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config | special, indent=2))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    broken = [word for word in words if len(tokenizer(word).input_ids) != 3]
    if broken:
        raise ValueError(f"words that are not one token: {broken}")
    return tokenizer
