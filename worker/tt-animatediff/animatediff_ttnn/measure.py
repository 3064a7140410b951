"""How alike the frames of a clip are, and hidden states as pictures to look at."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from PIL import Image


def frame_correlation(frames: torch.Tensor) -> float:
    """Pearson's correlation of each frame with the next one, on average. frames: [frames, ...], two or more."""
    rows = frames.double().flatten(1)
    pairs = [torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairwise(rows)]
    return float(torch.stack(pairs).mean())


def frame_difference(frames: torch.Tensor) -> float:
    """The root of the mean square of what changes from each frame to the next. frames: [frames, ...], two or more."""
    return float(frames.double().diff(dim=0).square().mean().sqrt())


def pictures(hidden_states: torch.Tensor, scale: int = 4) -> list[Image.Image]:
    """The first three channels of [frames, height, width, channels] as red, green and blue, each pixel `scale` wide."""
    from PIL import Image

    colours = hidden_states[..., :3].float()
    low, high = colours.aminmax()
    bytes_ = ((colours - low) / (high - low).clamp_min(1e-6) * 255).round().to(torch.uint8).cpu()
    bytes_ = bytes_.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    height, width = bytes_.shape[1:3]
    return [Image.frombytes("RGB", (width, height), bytes(frame.flatten().tolist())) for frame in bytes_]
