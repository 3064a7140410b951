"""Motion modules where they belong: inside the UNet of Stable Diffusion 1, after its spatial layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from animatediff_ttnn.checkpoint import Checkpoint
from animatediff_ttnn.errors import AnimateDiffError
from animatediff_ttnn.temporal_module import TemporalAttentionWeights, module_weights, temporal_attention_torch

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


def inject_motion_modules(
    unet: Any, checkpoint_path: str, num_frames: int, num_heads: int = 8, max_frames: int = 24
) -> list[RemovableHandle]:
    """Lets the pictures of a batch see each other: hooks every module of a checkpoint into diffusers' UNet.

    unet: a UNet2DConditionModel, which then takes batch * frames pictures, and computes what diffusers'
        UNetMotionModel does
    Returns the hooks; `remove` each to have the UNet as before. Raises AnimateDiffError for modules of another UNet.
    """
    checkpoint = Checkpoint(checkpoint_path)
    # All places are found before the first is hooked: a UNet that is refused stays as it was.
    found = [
        (_layer(unet, place), module_weights(checkpoint, width, num_heads, max_frames, place))
        for place, width in checkpoint.widths().items()
    ]
    return [layer.register_forward_hook(_hook(weights, num_frames)) for layer, weights in found]


def _layer(unet: Any, place: str) -> torch.nn.Module:
    """The spatial layer that a module comes after: attention, or convolutions in blocks without attention."""
    block = unet
    *parents, _, number = place.split(".")
    try:
        for name in parents:
            block = block[int(name)] if name.isdigit() else getattr(block, name)
        layer: torch.nn.Module = (getattr(block, "attentions", None) or block.resnets)[int(number)]
    except (AttributeError, IndexError):
        raise AnimateDiffError(
            f"The UNet has no {place}.",
            "Take the motion modules that were made for it; none fit Stable Diffusion 3.",
        ) from None
    return layer


def _hook(weights: TemporalAttentionWeights, num_frames: int) -> Any:
    def temporal(layer: torch.nn.Module, given: Any, output: Any) -> Any:
        pictures = output[0] if isinstance(output, tuple) else output
        made = temporal_attention_torch(pictures.flatten(2).transpose(1, 2), weights, num_frames)
        made = made.transpose(1, 2).reshape(pictures.shape)
        return (made, *output[1:]) if isinstance(output, tuple) else made

    return temporal
