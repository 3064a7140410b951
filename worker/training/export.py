"""Writes a training folder's averaged weights as a folder that plain `AnimateDiffPipeline.from_pretrained` loads.

UNet, motion modules and VAE lie there in fp16, which diffusers reads as fp32. The text encoder lies there in fp32:
transformers keeps the type it finds, and a pipeline of mixed types does not run.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, UNetMotionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer

from training import history, network
from training.captions import vocabulary
from training.latents import LatentSpace

LIMIT_BYTES = 30_000_000
COMPONENTS = {
    "vae": "AutoencoderKL",
    "text_encoder": "CLIPTextModel",
    "tokenizer": "CLIPTokenizer",
    "unet": "UNet2DConditionModel",
    "motion_adapter": "MotionAdapter",
    "scheduler": "DDIMScheduler",
}


def trained(folder: Path) -> tuple[UNetMotionModel, CLIPTextModel, AutoencoderKL]:
    """The averaged denoiser and text encoder and the VAE of a training folder, fp32, on the CPU."""
    denoiser = torch.load(folder / "denoiser.pt", map_location="cpu", weights_only=True, mmap=True)
    decoder = torch.load(folder / "decoder.pt", map_location="cpu", weights_only=True, mmap=True)
    unet = UNetMotionModel.from_unet2d(network.image_unet(), network.motion_adapter())
    text = network.text_encoder(CLIPTokenizer.from_pretrained(folder / "tokenizer"))
    vae = network.autoencoder()
    unet.load_state_dict(denoiser["ema_unet"])
    text.load_state_dict(denoiser["ema_text"])
    vae.load_state_dict(decoder["vae"])
    return unet.eval(), text.eval(), vae.eval()


def export(folder: Path, target: Path) -> int:
    """Export the training folder to `target`, replacing what an earlier export left there; returns its bytes."""
    unet, text, vae = trained(folder)
    # Written first, for `target` may be what was gone on from.
    rows = history.of(folder)
    total = write(unet, text, vae, folder / "tokenizer", LatentSpace.load(folder / "latents.safetensors"), target)
    return total + history.save(rows, target)


def write(
    unet: UNetMotionModel, text: CLIPTextModel, vae: AutoencoderKL, tokenizer: Path, space: LatentSpace, target: Path
) -> int:
    """Write the parts as a diffusers folder; raises ValueError when it is larger than the wheel may carry."""
    target.mkdir(parents=True, exist_ok=True)
    for name in COMPONENTS:
        shutil.rmtree(target / name, ignore_errors=True)
    for judged in ("evaluation.json", "README.md", history.FILE):
        # They speak of the weights that lay here before.
        (target / judged).unlink(missing_ok=True)
    image, adapter = network.split_motion(unet)
    image.half().save_pretrained(target / "unet")
    adapter.half().save_pretrained(target / "motion_adapter")
    halved = network.autoencoder()
    halved.load_state_dict(vae.state_dict())
    halved.half().save_pretrained(target / "vae")
    text.save_pretrained(target / "text_encoder")
    _prefix_keys(target / "text_encoder" / "model.safetensors")
    network.scheduler().save_pretrained(target / "scheduler")
    shutil.copytree(tokenizer, target / "tokenizer")
    index: dict[str, object] = {"_class_name": "AnimateDiffPipeline", "_diffusers_version": diffusers.__version__}
    for name, kind in COMPONENTS.items():
        index[name] = ["transformers" if kind.startswith("CLIP") else "diffusers", kind]
    index |= {"feature_extractor": [None, None], "image_encoder": [None, None]}
    (target / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    # The tokenizer's own list holds ends of words, too ("and" of "sand"), which the model never read as words.
    (target / "vocabulary.txt").write_text("\n".join(vocabulary()) + "\n")
    preview = {"mean": space.mean, "decode": space.decode_matrix}
    save_file({name: tensor.float().contiguous() for name, tensor in preview.items()}, target / "preview.safetensors")
    for config in target.rglob("config.json"):
        _forget_origin(config)
    for weights in target.rglob("*.safetensors"):
        # safetensors makes them readable by their owner alone, and so they would land in the wheel.
        weights.chmod(0o644)
    total = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if total > LIMIT_BYTES:
        raise ValueError(f"the exported model has {total:,} bytes, more than the {LIMIT_BYTES:,} that may be shipped")
    return total


def _prefix_keys(file: Path) -> None:
    """transformers up to 5.5 needs `text_model.` before each key, later versions accept it."""
    weights = load_file(file)
    renamed = {k if k.startswith("text_model.") else f"text_model.{k}": v for k, v in weights.items()}
    save_file(renamed, file, metadata={"format": "pt"})


def _forget_origin(config: Path) -> None:
    """`_name_or_path` names a folder of the machine that trained."""
    values = json.loads(config.read_text())
    if values.pop("_name_or_path", None) is not None:
        config.write_text(json.dumps(values, indent=2) + "\n")
