"""Checkpoints of `random_clips` as one file each, with weights named as the models' makers name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

Tensors = dict[str, torch.Tensor]


def part(folder: Path) -> Tensors:
    (file,) = folder.glob("*.safetensors")
    tensors: Tensors = load_file(file)
    return tensors


def renamed(tensors: Tensors, rules: Sequence[tuple[str, str]], prefix: str = "") -> Tensors:
    """Each rule is a pattern and what takes its place, in order."""

    def name(old: str) -> str:
        for pattern, new in rules:
            old = re.sub(pattern, new, old)
        return prefix + old

    return {name(old): tensor.clone() for old, tensor in tensors.items()}


def counted(pattern: str, new: Callable[..., str]) -> Callable[[str], str]:
    return lambda name: re.sub(pattern, lambda found: new(*map(int, found.groups())), name)


def stable_diffusion(folder: Path) -> Tensors:
    """With two layers in each of its UNet's two blocks."""
    resnet = [
        (r"(blocks?\..*)norm1", r"\1in_layers.0"),
        (r"(blocks?\..*)conv1", r"\1in_layers.2"),
        (r"(blocks?\..*)norm2", r"\1out_layers.0"),
        (r"(blocks?\..*)conv2", r"\1out_layers.3"),
        ("time_emb_proj", "emb_layers.1"),
        ("conv_shortcut", "skip_connection"),
    ]
    whole = [
        (r"^conv_in", "input_blocks.0.0"),
        (r"^time_embedding\.linear_1", "time_embed.0"),
        (r"^time_embedding\.linear_2", "time_embed.2"),
        (r"^conv_norm_out", "out.0"),
        (r"^conv_out", "out.2"),
    ]
    places = (
        counted(r"down_blocks\.(\d)\.resnets\.(\d)", lambda block, layer: f"input_blocks.{3 * block + layer + 1}.0"),
        counted(r"down_blocks\.(\d)\.attentions\.(\d)", lambda block, layer: f"input_blocks.{3 * block + layer + 1}.1"),
        counted(r"down_blocks\.(\d)\.downsamplers\.0\.conv", lambda block: f"input_blocks.{3 * block + 3}.0.op"),
        counted(r"mid_block\.resnets\.(\d)", lambda layer: f"middle_block.{2 * layer}"),
        counted(r"mid_block\.attentions\.(\d)", lambda layer: f"middle_block.{2 * layer + 1}"),
        counted(r"up_blocks\.(\d)\.resnets\.(\d)", lambda block, layer: f"output_blocks.{3 * block + layer}.0"),
        counted(r"up_blocks\.(\d)\.attentions\.(\d)", lambda block, layer: f"output_blocks.{3 * block + layer}.1"),
        # After a block without attention there is one thing less before it.
        counted(r"up_blocks\.(\d)\.upsamplers\.0", lambda block: f"output_blocks.{3 * block + 2}.1"),
    )
    unet: Tensors = {}
    for name, tensor in part(folder / "unet").items():
        rules = resnet if ".resnets." in name else []
        ((new, _),) = renamed({name: tensor}, [*rules, *whole]).items()
        for place in places:
            new = place(new)
        unet[f"model.diffusion_model.{new}"] = tensor
    text = renamed(
        part(folder / "text_encoder"), [(r"^(?!text_model)", "text_model.")], "cond_stage_model.transformer."
    )
    return unet | text | autoencoder(folder / "vae")


def autoencoder(folder: Path) -> Tensors:
    blocks = len({name.split(".")[2] for name in part(folder) if name.startswith("decoder.up_blocks")})
    places = (
        counted(r"down_blocks\.(\d)\.resnets\.(\d)", lambda block, layer: f"down.{block}.block.{layer}"),
        counted(r"down_blocks\.(\d)\.downsamplers\.0", lambda block: f"down.{block}.downsample"),
        counted(r"up_blocks\.(\d)\.resnets\.(\d)", lambda block, layer: f"up.{blocks - 1 - block}.block.{layer}"),
        counted(r"up_blocks\.(\d)\.upsamplers\.0", lambda block: f"up.{blocks - 1 - block}.upsample"),
        counted(r"mid_block\.resnets\.(\d)", lambda layer: f"mid.block_{layer + 1}"),
    )
    rules = [
        (r"mid_block\.attentions\.0", "mid.attn_1"),
        (r"attn_1\.group_norm", "attn_1.norm"),
        (r"attn_1\.to_([qkv])", r"attn_1.\1"),
        (r"attn_1\.to_out\.0", "attn_1.proj_out"),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
    ]
    named: Tensors = {}
    for name, tensor in renamed(part(folder), rules, "first_stage_model.").items():
        for place in places:
            name = place(name)
        # As convolutions of one pixel, which attention was written as.
        named[name] = tensor[:, :, None, None] if re.search(r"attn_1\.(q|k|v|proj_out)\.weight", name) else tensor
    return named


def motion_modules(folder: Path) -> Tensors:
    rules = [
        (r"motion_modules\.(\d)\.", r"motion_modules.\1.temporal_transformer."),
        (r"\.pos_embed\.pe", ".attention_blocks.0.pos_encoder.pe"),
        (r"\.attn(\d)\.", lambda found: f".attention_blocks.{int(found[1]) - 1}."),
        (r"\.norm([12])\.", lambda found: f".norms.{int(found[1]) - 1}."),
        (r"\.norm3\.", ".ff_norm."),
    ]
    named = renamed(part(folder), rules)  # type: ignore[arg-type]
    return named | {
        name.replace("blocks.0.pos", "blocks.1.pos"): tensor.clone()
        for name, tensor in named.items()
        if "pos_encoder" in name
    }


def wan(folder: Path) -> Tensors:
    rules = [
        (r"condition_embedder\.time_embedder\.linear_1", "time_embedding.0"),
        (r"condition_embedder\.time_embedder\.linear_2", "time_embedding.2"),
        (r"condition_embedder\.text_embedder\.linear_1", "text_embedding.0"),
        (r"condition_embedder\.text_embedder\.linear_2", "text_embedding.2"),
        (r"condition_embedder\.time_proj", "time_projection.1"),
        (r"attn1", "self_attn"),
        (r"attn2", "cross_attn"),
        (r"\.to_out\.0\.", ".o."),
        (r"\.to_([qkv])\.", r".\1."),
        (r"^scale_shift_table", "head.modulation"),
        (r"scale_shift_table", "modulation"),
        (r"^proj_out", "head.head"),
        (r"ffn\.net\.0\.proj", "ffn.0"),
        (r"ffn\.net\.2", "ffn.2"),
        (r"norm2", "norm_"),
        (r"norm3", "norm2"),
        (r"norm_\.", "norm3."),
    ]
    return renamed(part(folder / "transformer"), rules)


def ltx(folder: Path) -> Tensors:
    """Of 0.9.1, whose VAE has three blocks more than that of the tests: the transformer only."""
    rules = [("proj_in", "patchify_proj"), ("time_embed", "adaln_single"), ("norm_q", "q_norm"), ("norm_k", "k_norm")]
    return renamed(part(folder / "transformer"), rules, "model.diffusion_model.")


def mochi(folder: Path) -> Tensors:
    rules = [
        (r"^patch_embed", "x_embedder"),
        (r"^time_embed\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
        (r"^time_embed\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
        (r"^time_embed\.pooler", "t5_y_embedder"),
        (r"^time_embed\.caption_proj", "t5_yproj"),
        (r"^transformer_blocks", "blocks"),
        (r"norm1\.linear", "mod_x"),
        (r"norm1_context\.linear(_1)?", "mod_y"),
        (r"attn1\.norm_([qk])", r"attn.\1_norm_x"),
        (r"attn1\.norm_added_([qk])", r"attn.\1_norm_y"),
        (r"attn1\.to_out\.0", "attn.proj_x"),
        (r"attn1\.to_add_out", "attn.proj_y"),
        (r"ff\.net\.0\.proj", "mlp_x.w1"),
        (r"ff\.net\.2", "mlp_x.w2"),
        (r"ff_context\.net\.0\.proj", "mlp_y.w1"),
        (r"ff_context\.net\.2", "mlp_y.w2"),
        (r"^norm_out\.linear", "final_layer.mod"),
        (r"^proj_out", "final_layer.linear"),
    ]
    named = renamed(part(folder / "transformer"), rules)
    for name in [name for name in named if re.search(r"w1|final_layer\.mod", name)]:
        named[name] = torch.cat(named[name].chunk(2)[::-1])
    for name in [name for name in named if name.endswith(("attn1.to_q.weight", "attn1.add_q_proj.weight"))]:
        together = torch.cat([named.pop(re.sub("(to|add)_q", rf"\1_{each}", name)) for each in "qkv"])
        block, _, which = name.partition(".attn1.")
        named[f"{block}.attn.qkv_{'x' if which.startswith('to') else 'y'}.weight"] = together
    return named
