"""Plans for a model of the real size: files with true headers and no data, which take no room on the disk."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
import transformers

from support.random_models import t5_tokenizer
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import wan
from ttvideo.families.clips import memory
from ttvideo.families.clips.parts import Parts
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.clips.plan import Plan, Room

GB = 10**9


def save_without_data(model: Any, folder: Path) -> None:
    """In bfloat16."""
    header: dict[str, Any] = {}
    end = 0
    for name, weight in model.state_dict().items():
        if name == "encoder.embed_tokens.weight":
            continue  # another name of the first
        size = 2 * weight.numel()
        header[name] = {"dtype": "BF16", "shape": list(weight.shape), "data_offsets": [end, end + size]}
        end += size
    about = json.dumps(header).encode()
    base = "model" if isinstance(model, transformers.PreTrainedModel) else "diffusion_pytorch_model"
    model.config.save_pretrained(folder) if base == "model" else model.save_config(folder)
    with (folder / f"{base}.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(about)) + about)
        file.truncate(8 + len(about) + end)


@pytest.fixture(scope="module")
def wan_14b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By the configurations on Hugging Face, as far as they are known here: 14.3 and 5.7 billion weights."""
    folder = tmp_path_factory.mktemp("models") / "wan2.1-14b"
    with torch.device("meta"):
        transformer = diffusers.WanTransformer3DModel(
            num_attention_heads=40,
            attention_head_dim=128,
            ffn_dim=13824,
            num_layers=40,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
        )
        config = transformers.UMT5Config(
            vocab_size=256_384, d_model=4096, d_kv=64, d_ff=10_240, num_layers=24, num_heads=64
        )
        encoder = transformers.UMT5EncoderModel(config)
        vae = diffusers.AutoencoderKLWan()
    for name, part in (("transformer", transformer), ("text_encoder", encoder), ("vae", vae)):
        save_without_data(part, folder / name)
    t5_tokenizer().save_pretrained(folder / "tokenizer")
    diffusers.UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    ).save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "WanPipeline",
        "tokenizer": ["transformers", "T5TokenizerFast"],
        "text_encoder": ["transformers", "UMT5EncoderModel"],
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLWan"],
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def pipeline(wan_14b: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClipPipeline:
    monkeypatch.setenv("TTVIDEO_MODELS", str(wan_14b.parent))
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path))
    model, published = wan.Wan(), next(each for each in wan.PUBLISHED if each.id == wan_14b.name)
    return ClipPipeline(Parts(model, published, "cuda"), published, ())


def test_wan_14b_on_gpus_that_are_too_small_for_it(pipeline: ClipPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 81 frames of 832x480, as nobody asks otherwise."""
    params = wan.Params(checkpoint="wan2.1-14b")

    def plan(gpu: int, ram: int) -> tuple[Plan, str]:
        monkeypatch.setattr(memory, "_room", lambda parts: Room(gpu * GB, ram * GB))
        return memory.plan(pipeline, params, reads=True)

    chosen, sentence = plan(23, 64)
    assert sentence == (
        "Wan 2.1 14B, bfloat16: needs about 12 GB of GPU memory and 29 GB of RAM; the transformer is 29 GB; 23 GB and "
        "64 GB are free: one part at a time, the transformer streamed from RAM block by block."
    )
    assert chosen.needs < 23 * GB
    chosen, sentence = plan(9, 64)
    assert chosen.streamed == {"transformer", "text_encoder"}
    assert sentence.endswith(": one part at a time, the text encoder and transformer streamed from RAM block by block.")
    with pytest.raises(WorkerError, match="needs about 29 GB of RAM; 20 GB are free") as refused:
        plan(9, 20)
    assert refused.value.kind == ErrorKind.OUT_OF_MEMORY
    assert refused.value.hint.endswith("or take wan2.1-1.3b.")
