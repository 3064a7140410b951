"""The tables of schedulers against diffusers' own, step by step, with a model that depends on latents and time."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from ttvideo.tt.nn.schedules import KEPT, steps_of

SD = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "clip_sample": False}
TRAINED = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
ZERO = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "prediction_type": "v_prediction"}

SCHEDULERS = {
    "ddim": lambda: diffusers.DDIMScheduler(**SD, steps_offset=1),
    "ddim as bundled": lambda: diffusers.DDIMScheduler(**SD, **ZERO, set_alpha_to_one=False),
    "ddim of clean": lambda: diffusers.DDIMScheduler(**SD, prediction_type="sample"),
    "pndm": lambda: diffusers.PNDMScheduler(**TRAINED, skip_prk_steps=True, steps_offset=1),
    "pndm of v": lambda: diffusers.PNDMScheduler(**TRAINED, skip_prk_steps=True, prediction_type="v_prediction"),
    "euler": lambda: diffusers.EulerDiscreteScheduler(**TRAINED),
    "euler of v": lambda: diffusers.EulerDiscreteScheduler(**TRAINED, prediction_type="v_prediction"),
    "euler karras": lambda: diffusers.EulerDiscreteScheduler(**TRAINED, use_karras_sigmas=True),
    "lcm": lambda: diffusers.LCMScheduler(**TRAINED),
}


def model(latents: torch.Tensor, timestep: float) -> torch.Tensor:
    return torch.sin(3 * latents + timestep / 100) + 0.3 * latents


@pytest.mark.parametrize("count", [2, 4, 7, 20])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_table_does_what_the_scheduler_does(name: str, count: int) -> None:
    scheduler = SCHEDULERS[name]()
    # What diffusers rounds to float32 it divides by small numbers, too.
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    scheduler.set_timesteps(count)
    start = torch.randn(2, 4, generator=torch.Generator().manual_seed(1)).double() * float(scheduler.init_noise_sigma)
    expected, cleans = by_diffusers(scheduler, start)

    latents = start
    kept: list[torch.Tensor] = []
    noises = torch.Generator().manual_seed(2)
    for step, clean in zip(steps_of(scheduler), cleans, strict=True):
        output = model(latents * step.scale, step.timestep)
        if clean is not None:
            torch.testing.assert_close(step.clean[0] * latents + step.clean[1] * output, clean, atol=1e-3, rtol=1e-3)
        parts = zip(step.outputs, [output, *kept], strict=False)
        latents = step.sample * latents + sum(factor * part for factor, part in parts)
        if step.noise:
            latents = latents + step.noise * torch.randn(2, 4, generator=noises, dtype=torch.float64)
        kept = [output, *kept][:KEPT] if step.keep else kept
    torch.testing.assert_close(latents, expected, atol=1e-4, rtol=1e-4)


def by_diffusers(scheduler: Any, latents: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
    """The latents after all steps, and what each step took for clean where the scheduler says it."""
    more = {"generator": torch.Generator().manual_seed(2)} if isinstance(scheduler, diffusers.LCMScheduler) else {}
    cleans = []
    for timestep in scheduler.timesteps:
        output = model(scheduler.scale_model_input(latents, timestep), float(timestep))
        done = scheduler.step(output, timestep, latents, **more)
        latents = done.prev_sample.double()
        cleans.append(getattr(done, "pred_original_sample", getattr(done, "denoised", None)))
    return latents, cleans


@pytest.mark.parametrize(
    "scheduler",
    [
        diffusers.DDIMScheduler(clip_sample=True),
        diffusers.PNDMScheduler(skip_prk_steps=False),
        diffusers.DPMSolverMultistepScheduler(),
    ],
)
def test_what_is_no_sum_is_refused(scheduler: Any) -> None:
    scheduler.set_timesteps(5)
    with pytest.raises(ValueError, match=r"clips|skip_prk_steps|not known here"):
        steps_of(scheduler)
