"""Does the subject flicker? How much its place and its area jump, beside renders and beside frames made one by one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import AnimateDiffPipeline

from training import motion
from training.generation import Settings, generate
from training.judge import Judge
from training.scenes import Frames, Spec, render


def jumps(judge: Judge, clip: Frames) -> tuple[float, float] | None:
    """Mean size of the second differences over time: of the centroid in 1/128 of the frame, of the area's logarithm.

    None when the subject is seen in fewer than 3 frames. Even motion and even growth have none.
    """
    track = motion.measure(judge.masks(clip))
    if len(track.time) < 3:
        return None
    place = np.hypot(np.diff(track.x, 2), np.diff(track.y, 2)).mean()
    return float(place), float(np.abs(np.diff(2 * np.log(track.radius), 2)).mean())


def compare(
    pipeline: AnimateDiffPipeline, judge: Judge, asked: Sequence[tuple[Spec, str]], settings: Settings
) -> dict[str, dict[str, float]]:
    """Medians over clips of these prompts, over renders of them, and over the same without motion modules."""

    def made(model: AnimateDiffPipeline) -> list[Frames]:
        return [generate(model, prompt, seed, settings)[0] for seed, (_, prompt) in enumerate(asked)]

    clips = {
        "generated": made(pipeline),
        "renders": [render(spec, 128) for spec, _ in asked],
        "without motion modules": made(without_motion(pipeline)),
    }
    table = {}
    for name, shown in clips.items():
        measured = [found for clip in shown if (found := jumps(judge, clip)) is not None]
        place, area = np.median(np.array(measured), axis=0) if measured else (float("nan"), float("nan"))
        table[name] = {"centroid": float(place), "log_area": float(area)}
    return table


def without_motion(pipeline: AnimateDiffPipeline) -> AnimateDiffPipeline:
    """The same pipeline with motion modules that add nothing: each frame is made by itself."""
    parts: dict[str, Any] = dict(pipeline.components, unet=copy.deepcopy(pipeline.unet), motion_adapter=None)
    with torch.no_grad():
        for name, parameter in parts["unet"].named_parameters():
            if "motion_modules" in name and "proj_out" in name:
                parameter.zero_()
    muted = AnimateDiffPipeline(**parts)
    muted.set_progress_bar_config(disable=True)
    return muted
