"""Does the model listen to words of size and pace? The same prompt and seed with and without each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from diffusers import AnimateDiffPipeline

from training import motion
from training.captions import MOTION_WORDS, PACE_WORDS, SCENE_WORDS, SIZE_WORDS, SUBJECT_WORDS
from training.generation import Settings, generate
from training.judge import Judge
from training.motion import Track
from training.scenes import PACED, SIZED, Spec

# Half of what the word does in renders (scenes.SIZES squared, scenes.PACES), on a scale of ratios.
RATIOS = {"small": 0.6, "big": 1.45, "slow": 0.71, "fast": 1.22}


def prompt(spec: Spec) -> str:
    size = f"{SIZE_WORDS[spec.size][0]} " if spec.size else ""
    pace = f" {PACE_WORDS[spec.pace][0]}" if spec.pace else ""
    subject, scene = SUBJECT_WORDS[spec.subject][0], SCENE_WORDS[spec.scene][0]
    return f"a {size}{spec.colour} {subject} {MOTION_WORDS[spec.motion][0]}{pace} {scene}"


def heard(word: str, plain: float, told: float) -> bool:
    """Whether `told` is smaller, or larger, than `plain` by at least half of what the word does in renders."""
    ratio = told / max(plain, 1e-6)
    return ratio < RATIOS[word] if RATIOS[word] < 1 else ratio > RATIOS[word]


def listen(
    pipeline: AnimateDiffPipeline, judge: Judge, specs: Sequence[Spec], settings: Settings, prompts: int = 6
) -> dict[str, str]:
    """`heard of asked` for each word, on the first specs with a motion that the word goes with."""

    def measured(spec: Spec, seed: int, measure: Callable[[Track], float]) -> float:
        return measure(motion.measure(judge.masks(generate(pipeline, prompt(spec), seed, settings)[0])))

    def ask(
        motions: Sequence[str], words: dict[str, Callable[[Spec], Spec]], measure: Callable[[Track], float]
    ) -> None:
        asked = [spec for spec in specs if spec.motion in motions][:prompts]
        plain = [measured(spec, seed, measure) for seed, spec in enumerate(asked)]
        for word, say in words.items():
            told = [measured(say(spec), seed, measure) for seed, spec in enumerate(asked)]
            right = sum(heard(word, before, after) for before, after in zip(plain, told, strict=True))
            table[word] = f"{right}/{len(asked)}"

    table: dict[str, str] = {}
    ask(SIZED, {word: partial(_sized, size=word) for word in SIZE_WORDS}, _area)
    ask(PACED, {word: partial(_paced, pace=word) for word in PACE_WORDS}, motion.path)
    return table


def _sized(spec: Spec, size: str) -> Spec:
    return replace(spec, size=size)


def _paced(spec: Spec, pace: str) -> Spec:
    return replace(spec, pace=pace)


def _area(track: Track) -> float:
    return float(np.mean(track.radius**2)) if len(track.time) else 0.0
