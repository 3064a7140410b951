"""Which files of a repository are fetched: names as the makers' repositories have them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttvideo.families import sd35, sdxl
from ttvideo.families.weights import checkpoints

SDXL = sdxl.MODEL.published
SD35 = sd35.MEDIUM.published


def parts(*names: str) -> list[str]:
    return checkpoints.needed(replace(SDXL, weights=("unet",)), names)


def test_half_precision_is_taken_where_there_is_both() -> None:
    base = "unet/diffusion_pytorch_model"
    assert parts(f"{base}.safetensors", f"{base}.fp16.safetensors") == [f"{base}.fp16.safetensors"]
    assert parts(f"{base}.safetensors", f"{base}.bf16.safetensors") == [f"{base}.bf16.safetensors"]
    assert parts(f"{base}.safetensors", f"{base}.non_ema.safetensors") == [f"{base}.safetensors"]


def test_pieces_come_with_their_list() -> None:
    whole = [f"unet/diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    listed = "unet/diffusion_pytorch_model.safetensors.index.json"
    assert parts(*whole, listed) == sorted([*whole, listed])
    half = [f"unet/diffusion_pytorch_model.fp16-0000{n}-of-00002.safetensors" for n in (1, 2)]
    half.append("unet/diffusion_pytorch_model.safetensors.index.fp16.json")
    assert parts(*whole, listed, *half) == sorted(half)
    other = [f"unet/model-0000{n}-of-00002.fp16.safetensors" for n in (1, 2)]
    assert parts(*whole, listed, *other) == sorted(other)


@pytest.mark.parametrize(
    "name",
    [
        "unet/diffusion_pytorch_model.bin",
        "text_encoder/pytorch_model.fp16.bin",
        "unet/model.onnx",
        "text_encoder/flax_model.msgpack",
        "v1-5-pruned.ckpt",
        "scheduler/state.pt",
        "scheduler/run.py",
        "sd_xl_base_1.0.safetensors",
        "sd_xl_offset_example-lora_1.0.safetensors",
        "vae_1_0/diffusion_pytorch_model.safetensors",
        "config.json",
        "README.md",
        ".gitattributes",
        ".cache/a.json",
        "../a.json",
        "/etc/a.json",
        "unet/deeper/config.json",
    ],
)
def test_what_is_not_read_is_not_fetched(name: str) -> None:
    assert checkpoints.needed(SDXL, [name]) == []


@pytest.mark.parametrize(
    "name",
    [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "tokenizer_3/spiece.model",
        "unet/config.json",
    ],
)
def test_settings_and_tokenizers_are_fetched(name: str) -> None:
    assert checkpoints.needed(SDXL, [name]) == [name]


def test_the_same_weights_once_more_are_not_fetched() -> None:
    names = ["text_encoder/model.safetensors", "text_encoder/model.fp16.safetensors", "text_encoders/t5xxl.safetensors"]
    assert checkpoints.needed(SD35, names) == ["text_encoder/model.safetensors"]


def test_weights_may_lie_at_the_top() -> None:
    adapter = replace(SDXL, weights=("",))
    names = ["config.json", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "a.ckpt"]
    assert checkpoints.needed(adapter, names) == ["config.json", "diffusion_pytorch_model.fp16.safetensors"]
