"""Blocks of a video transformer that are left out of steps in which they would add what they added before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttvideo.families.clips.fields import ClipParams

FIRST_BLOCK = "first-block"
WHOLE_PART, EVERY = 0.2, 4
"""The first fifth of the steps, which decide what will be where, and later one step of so many runs whole."""


@dataclass(frozen=True)
class FirstBlockCache:
    """Steps are counted from 0."""

    threshold: float
    """How much what the first block adds may differ, relative to the last step that ran whole, for the other blocks to
    be left out."""
    begin: int
    every: int

    def begins_anew(self, step: int) -> bool:
        """Whether the step runs whole, and so needs nothing of the steps before it but the latents."""
        return step < self.begin or (step - self.begin) % self.every == 0


def of(params: ClipParams) -> FirstBlockCache | None:
    if getattr(params, "cache", None) != FIRST_BLOCK:
        return None
    return FirstBlockCache(params.cache_threshold, math.ceil(WHOLE_PART * params.steps), EVERY)  # type: ignore[attr-defined]


@contextmanager
def applied(pipe: Any, denoisers: Sequence[Any], cache: FirstBlockCache | None) -> Iterator[None]:
    """For one call of a pipeline that says of each forward for which text it is (`cache_context`)."""
    if cache is None:
        yield
        return
    from diffusers import FirstBlockCacheConfig

    scheduler, done = pipe.scheduler, 0
    taken = scheduler.__dict__.get("step")
    step = scheduler.step

    @wraps(step)
    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal done
        given = step(*args, **kwargs)
        done += 1
        if cache.begins_anew(done):
            # So that a clip that goes on here is the same as one that was never stopped.
            for denoiser in denoisers:
                denoiser._reset_stateful_cache()
        return given

    enabled = []
    try:
        for denoiser in denoisers:
            denoiser.enable_cache(FirstBlockCacheConfig(threshold=cache.threshold))
            enabled.append(denoiser)
        scheduler.__dict__["step"] = counted
        yield
    finally:
        scheduler.__dict__.pop("step", None)
        if taken is not None:
            scheduler.__dict__["step"] = taken
        for denoiser in enabled:
            denoiser.disable_cache()
