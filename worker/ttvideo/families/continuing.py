"""Going on with a clip at the last kept denoising step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler
from safetensors.torch import load, save


@dataclass(frozen=True)
class Kept:
    """`latents` after `step` steps. DDIM with eta 0 needs no more: it draws nothing and looks at no earlier step."""

    step: int
    latents: torch.Tensor


def dump(step: int, latents: torch.Tensor) -> bytes:
    data: bytes = save({"step": torch.tensor(step), "latents": latents.cpu().contiguous()})
    return data


def restore(data: bytes) -> Kept:
    tensors = load(data)
    return Kept(int(tensors["step"]), tensors["latents"])


class ContinuingDDIM(DDIMScheduler):
    """DDIM that leaves out the first `skip` timesteps, and remembers the clean latents it last predicted."""

    skip = 0
    timesteps: torch.Tensor
    predicted: torch.Tensor

    def set_timesteps(self, *args: Any, **kwargs: Any) -> None:
        super().set_timesteps(*args, **kwargs)
        self.timesteps = self.timesteps[self.skip :]

    def step(self, *args: Any, **kwargs: Any) -> Any:
        output = super().step(*args, **kwargs)
        self.predicted = output.pred_original_sample
        return output
