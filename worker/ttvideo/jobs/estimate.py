"""How long a job will still take, learned from this machine's own finished jobs like it. No table, no guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from ttvideo.contract import GenerateRequest, Phase, StoryboardRequest

ORDER = (
    Phase.LOADING,
    Phase.ENCODING,
    Phase.COMPILING,
    Phase.DENOISING,
    Phase.DECODING,
    Phase.SAVING,
    Phase.STITCHING,
)


def timing_key(request: GenerateRequest, p: Mapping[str, Any], device: str) -> str:
    """Jobs with the same key, of effective parameters `p`, take about equally long per denoising step and otherwise."""
    size = f"{p.get('width')}x{p.get('height')}x{p.get('frames', 1)}"
    guided = float(p.get("guidance") or 0) > 1
    ways = (p.get("cache"), p.get("quantization"), "compiled" if p.get("compile") else None)
    model = "|".join(str(part) for part in (request.model, p.get("checkpoint"), *ways) if part)
    return f"{model}|{device}|{size}|{'guided' if guided else 'unguided'}|{'+'.join(request.formats)}"


def storyboard_key(request: StoryboardRequest, p: Mapping[str, Any], device: str) -> str:
    """Like `timing_key`; steps take longer when several frames are drawn at once."""
    guided = "guided" if float(p.get("guidance") or 0) > 1 else "unguided"
    at_once = request.batch or "auto"
    size = f"{p.get('width')}x{p.get('height')}"
    return f"storyboard|{p.get('model')}|{device}|{size}|{at_once}|{guided}|{'+'.join(request.formats)}"


@dataclass(frozen=True)
class Estimate:
    """Medians of earlier runs in seconds: of one denoising step, and of each other phase as a whole."""

    per_step: float
    phases: dict[Phase, float]

    @classmethod
    def learn(cls, runs: Iterable[dict[str, float]]) -> Estimate | None:
        runs = list(runs)
        steps = [run["perStep"] for run in runs if "perStep" in run]
        if not steps:
            return None
        phases = {}
        for phase in ORDER:
            # A warm worker loads nothing; its zeros say nothing about the next cold start.
            seen = [run[phase.value] for run in runs if run.get(phase.value, 0) > 0]
            if seen:
                phases[phase] = median(seen)
        return cls(median(steps), phases)

    def remaining(self, phase: Phase, done: float, steps_left: float, warm: bool) -> float:
        """Seconds left when `done` (0..1) of `phase` is done and `steps_left` denoising steps are to come."""
        left = 0.0
        for later in ORDER[ORDER.index(phase) if phase in ORDER else 0 :]:
            if later == Phase.DENOISING:
                left += steps_left * self.per_step
            elif not (later == Phase.LOADING and warm):
                left += self.phases.get(later, 0.0) * ((1 - done) if later == phase else 1)
        return left
