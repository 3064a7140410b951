"""What a scheduler does, as a table of numbers: each of its steps is a sum of tensors.

The table is made where diffusers is; the device needs nothing else to denoise a clip by it. No ttnn here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Any

Pair = tuple[float, float]
"""Factors of the latents and of the model's output."""


@dataclass(frozen=True)
class Step:
    """next latents = sample * latents + sum(outputs[i] * output i) + noise * fresh noise"""

    timestep: float
    scale: float
    """What the latents are multiplied with before the model sees them."""
    sample: float
    outputs: tuple[float, ...]
    """Of the model's output at this step, then of those kept before it, the latest first."""
    keep: bool
    """Whether the output is kept for later steps."""
    noise: float
    clean: Pair
    """What makes the latents without noise, as the model sees them at this step, for previews."""


KEPT = 3
"""So many outputs are kept at most; no step looks further back."""


def steps_of(scheduler: Any) -> list[Step]:
    """The steps of a diffusers scheduler after its `set_timesteps`, without stochastic extras (eta, churn).

    Raises ValueError for a scheduler that isn't DDIM, PNDM (without Runge-Kutta steps), Euler or LCM, and for one that
    clips or thresholds what the model predicts.
    """
    import diffusers

    makers: tuple[tuple[Any, Callable[[Any], list[Step]]], ...] = (
        (diffusers.DDIMScheduler, _ddim),
        (diffusers.PNDMScheduler, _pndm),
        (diffusers.EulerDiscreteScheduler, _euler),
        (diffusers.LCMScheduler, _lcm),
    )
    name, config = type(scheduler).__name__, scheduler.config
    if config.get("clip_sample") or config.get("thresholding"):
        raise ValueError(f"{name} clips what is predicted, which is no sum.")
    for kind, make in makers:
        if isinstance(scheduler, kind):
            return make(scheduler)
    raise ValueError(f"{name} is not known here: use DDIM, PNDM, Euler or LCM.")


def _ddim(scheduler: Any) -> list[Step]:
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    steps = []
    for timestep in scheduler.timesteps.tolist():
        now, later = _alpha(scheduler, timestep), _alpha(scheduler, timestep - stride)
        clean, noise = _clean(scheduler, now), _noise(scheduler, now)
        sample, output = _sum(sqrt(later), clean, sqrt(1 - later), noise)
        steps.append(Step(timestep, 1.0, sample, (output,), False, 0.0, clean))
    return steps


def _lcm(scheduler: Any) -> list[Step]:
    timesteps, steps = scheduler.timesteps.tolist(), []
    for index, timestep in enumerate(timesteps):
        skip, out = (float(each) for each in scheduler.get_scalings_for_boundary_condition_discrete(timestep))
        clean = _sum(out, _clean(scheduler, _alpha(scheduler, timestep)), skip, (1.0, 0.0))
        # After the last step there is no noise, however few steps there are.
        later = _alpha(scheduler, timesteps[index + 1]) if index + 1 < len(timesteps) else 1.0
        sample, output = _sum(sqrt(later), clean, 0.0, clean)
        steps.append(Step(timestep, 1.0, sample, (output,), False, sqrt(1 - later), clean))
    return steps


def _euler(scheduler: Any) -> list[Step]:
    kind, steps = scheduler.config.prediction_type, []
    sigmas = [float(sigma) for sigma in scheduler.sigmas]
    for timestep, (sigma, later) in zip(scheduler.timesteps.tolist(), pairwise(sigmas), strict=True):
        clean = {
            "epsilon": (1.0, -sigma),
            "sample": (0.0, 1.0),
            "v_prediction": (1 / (sigma**2 + 1), -sigma / sqrt(sigma**2 + 1)),
        }[kind]
        ratio = later / sigma
        sample, output = _sum(ratio, (1.0, 0.0), 1 - ratio, clean)
        steps.append(Step(timestep, 1 / sqrt(sigma**2 + 1), sample, (output,), False, 0.0, clean))
    return steps


def _pndm(scheduler: Any) -> list[Step]:
    """Linear multistep. Its first step is done twice: the second time with the mean of both outputs."""
    if not scheduler.config.skip_prk_steps:
        raise ValueError("PNDMScheduler is known here with skip_prk_steps only.")
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    weights = {1: (1.0,), 2: (3 / 2, -1 / 2), 3: (23 / 12, -16 / 12, 5 / 12), 4: (55 / 24, -59 / 24, 37 / 24, -9 / 24)}
    steps: list[Step] = []
    for index, timestep in enumerate(scheduler.timesteps.tolist()):
        clean = _clean(scheduler, _alpha(scheduler, timestep))
        if index == 1:
            a, b = _transfer(scheduler, timestep + stride, timestep)
            # The latents before the first step are what its result was made of.
            first, (output,) = steps[0].sample, steps[0].outputs
            outputs: tuple[float, ...] = (b / 2, b / 2 - a * output / first)
            steps.append(Step(timestep, 1.0, a / first, outputs, False, 0.0, clean))
            continue
        a, b = _transfer(scheduler, timestep, timestep - stride)
        order = min(index if index > 1 else index + 1, 4)
        outputs = tuple(b * weight for weight in weights[order])
        steps.append(Step(timestep, 1.0, a, outputs, True, 0.0, clean))
    return steps


def _transfer(scheduler: Any, timestep: int, later: int) -> Pair:
    """PNDM's formula (9): factors of the latents and of the (mixed) output."""
    now, then = _alpha(scheduler, timestep), _alpha(scheduler, later)
    noise = _noise(scheduler, now)
    factor = (then - now) / (now * sqrt(1 - then) + sqrt(now * (1 - now) * then))
    return _sum(sqrt(then / now), (1.0, 0.0), -factor, noise)


def _alpha(scheduler: Any, timestep: int) -> float:
    return float(scheduler.alphas_cumprod[timestep] if timestep >= 0 else scheduler.final_alpha_cumprod)


def _clean(scheduler: Any, alpha: float) -> Pair:
    """The clean latents by the model's output."""
    kind = scheduler.config.prediction_type
    if kind == "epsilon":
        return 1 / sqrt(alpha), -sqrt(1 - alpha) / sqrt(alpha)
    return (0.0, 1.0) if kind == "sample" else (sqrt(alpha), -sqrt(1 - alpha))


def _noise(scheduler: Any, alpha: float) -> Pair:
    """The noise by the model's output."""
    kind = scheduler.config.prediction_type
    if kind == "epsilon":
        return 0.0, 1.0
    return (1 / sqrt(1 - alpha), -sqrt(alpha) / sqrt(1 - alpha)) if kind == "sample" else (sqrt(1 - alpha), sqrt(alpha))


def _sum(a: float, first: Pair, b: float, second: Pair) -> Pair:
    return a * first[0] + b * second[0], a * first[1] + b * second[1]
