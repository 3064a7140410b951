"""What is done to AnimateDiff's UNet: put together from its two checkpoints, and changed for the time of one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch


def fused(base: Path, adapter: Path | None, **known: Any) -> dict[str, Any]:
    """The configuration of Stable Diffusion's UNet with the motion modules of an adapter, or of the default one with
    what is known of its settings.
    """
    from accelerate import init_empty_weights  # type: ignore[import-untyped]
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    with init_empty_weights():
        plain = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(base))
        motion = MotionAdapter.from_config(MotionAdapter.load_config(adapter)) if adapter else default_adapter(**known)
        unet = UNetMotionModel.from_unet2d(plain, motion, load_weights=False)
    return {name: value for name, value in unet.config.items() if name != "_name_or_path"}


def default_adapter(**known: Any) -> Any:
    from diffusers import MotionAdapter

    return MotionAdapter(**known)


def motion_modules(unet: Any) -> list[Any]:
    from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D

    return [module for module in unet.modules() if isinstance(module, AnimateDiffTransformer3D)]


def blocks(unet: Any) -> list[Any]:
    """Convolutions, attention within frames and attention between them: all that takes time."""
    from diffusers.models.resnet import ResnetBlock2D
    from diffusers.models.transformers.transformer_2d import Transformer2DModel
    from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D

    kinds = (ResnetBlock2D, Transformer2DModel, AnimateDiffTransformer3D)
    return [module for module in unet.modules() if isinstance(module, kinds)]


@contextmanager
def still(unet: Any) -> Iterator[None]:
    """Without motion modules."""
    modules = motion_modules(unet)
    for module in modules:
        module.forward = lambda hidden_states, *_, **__: hidden_states
    try:
        yield
    finally:
        for module in modules:
            del module.forward


def between(texts: Sequence[torch.Tensor], frames: Sequence[int], count: int) -> torch.Tensor:
    """Each frame's embedding [count, tokens, width]: of the texts [1, tokens, width] at `frames`, the first of which
    is 0, and between them by as much as the frame is nearer to one."""
    rows = []
    for text, after, begin, end in zip(texts, [*texts[1:], texts[-1]], frames, [*frames[1:], count], strict=True):
        rows += [torch.lerp(text, after, (frame - begin) / (end - begin)) for frame in range(begin, end)]
    return torch.cat(rows)


@contextmanager
def free_noise(
    pipe: Any, window: int, stride: int, texts: torch.Tensor, negative: torch.Tensor | None
) -> Iterator[None]:
    """Frames in windows that overlap, each frame with a text of its own [frames, tokens, width]."""
    from diffusers.models.attention import BasicTransformerBlock, FreeNoiseTransformerBlock

    both = texts if negative is None else torch.cat([negative.expand_as(texts), texts])
    # diffusers' own reads the texts again, with a text encoder that has been freed.
    pipe._encode_prompt_free_noise = lambda **_: (both, None)
    # It asks the adapter for the number of frames, which is in the UNet's configuration, too.
    pipe.motion_adapter = pipe.unet
    inner = [block for module in motion_modules(pipe.unet) for block in module.transformer_blocks]
    for block in inner:
        # The same parts under the same names. diffusers makes new blocks, with copies of all weights, and cannot where
        # LoRAs are in the old ones.
        block.__class__ = FreeNoiseTransformerBlock
    try:
        pipe.enable_free_noise(context_length=window, context_stride=stride)
        yield
    finally:
        for block in inner:
            block.__class__ = BasicTransformerBlock
