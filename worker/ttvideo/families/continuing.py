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
    """DDIM that leaves out the first `skip` timesteps, and remembers the clean latents it last predicted.

    With `first`, (clean, noise) of the first frame [1, channels, 1, height, width], that frame is no longer the
    model's to decide: after each step it is the clean one with as much of the noise as the others have.
    """

    skip = 0
    first: tuple[torch.Tensor, torch.Tensor] | None = None
    timesteps: torch.Tensor
    predicted: torch.Tensor

    def set_timesteps(self, *args: Any, **kwargs: Any) -> None:
        super().set_timesteps(*args, **kwargs)
        self.timesteps = self.timesteps[self.skip :]

    def step(self, model_output: torch.Tensor, timestep: int, *args: Any, **kwargs: Any) -> Any:
        output = super().step(model_output, timestep, *args, **kwargs)
        self.predicted = output.pred_original_sample
        if self.first is not None:
            clean, noise = self.first
            later = self.timesteps[self.timesteps < timestep][:1]
            output.prev_sample[:, :, :1] = self.add_noise(clean, noise, later) if len(later) else clean
            self.predicted[:, :, :1] = clean
        return output
