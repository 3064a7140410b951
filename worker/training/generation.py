"""Clips from an exported model through diffusers' own pipeline, as anyone would make them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AnimateDiffPipeline

from training.scenes import FRAMES, Frames


@dataclass(frozen=True)
class Settings:
    clips: int = 48
    steps: int = 20
    guidance: float = 3.0
    threads: int = 1


def open_model(model: Path, threads: int) -> AnimateDiffPipeline:
    torch.set_num_threads(threads)
    pipeline = AnimateDiffPipeline.from_pretrained(model)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def generate(pipeline: AnimateDiffPipeline, prompt: str, seed: int, settings: Settings) -> tuple[Frames, float, float]:
    """A clip uint8 [16, 128, 128, 3], and wall and CPU seconds of its median denoising step."""
    ticks: list[tuple[float, float]] = []

    def tick(_pipeline: object, _step: int, _time: int, tensors: dict[str, object]) -> dict[str, object]:
        ticks.append((time.perf_counter(), time.process_time()))
        return tensors

    made = pipeline(
        prompt,
        num_frames=FRAMES,
        height=128,
        width=128,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
        callback_on_step_end=tick,
    )
    clip: Frames = (np.asarray(made.frames[0]) * 255 + 0.5).astype(np.uint8)
    wall, cpu = np.median(np.diff(np.array(ticks), axis=0), axis=0)
    return clip, float(wall), float(cpu)
