"""Judges an exported model: held-out prompts through the real pipeline, read by `judge`, counted by aspect and class.

Nothing here knows how captions are made but the line that asks for one.
"""

from __future__ import annotations

import json
import math
import platform
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import AnimateDiffPipeline, AutoencoderKL
from PIL import Image, ImageDraw

from training import listening, steadiness
from training.captions import caption
from training.generation import Settings, generate, open_model
from training.judge import Judge, Verdict, check, load
from training.scenes import Frames, Spec, contact_sheet, render, sample

Row: TypeAlias = dict[str, Any]
ASPECTS = ("scene", "colour", "kind", "motion", "subject", "all")
CLASSED = ("scene", "colour", "motion", "subject")
SHEET_ROWS = 12
STEADY = 12


@dataclass(frozen=True)
class Sample:
    """A prompt, what it asks for, what was made of it and what the judge saw there."""

    spec: Spec
    prompt: str
    seed: int
    clip: Frames
    verdict: Verdict
    step_seconds: float
    step_cpu_seconds: float
    seconds: float

    @property
    def right(self) -> dict[str, bool]:
        return self.verdict.agrees(self.spec)

    @property
    def wrong(self) -> list[str]:
        return [aspect for aspect in CLASSED if not self.right[aspect]]


def questions(clips: int, seed: int = 48) -> list[tuple[Spec, str]]:
    """Held-out combinations with one caption each, every class about equally often.

    The first n are the same whatever the number.
    """
    rng, asked = random.Random(seed), Counter[str]()
    drawn = {_classes(spec): spec for spec in (sample(rng, held_out=True) for _ in range(4000))}
    chosen = []
    for _ in range(min(clips, len(drawn))):
        classes = min(drawn, key=lambda names: sum(asked[name] ** 2 for name in names))
        asked.update(classes)
        spec = drawn.pop(classes)
        chosen.append((spec, caption(spec, rng)))
    return chosen


def _classes(spec: Spec) -> tuple[str, ...]:
    return spec.subject, spec.colour, spec.scene, spec.motion


def answer(
    pipeline: AnimateDiffPipeline, judge: Judge, settings: Settings, report: Callable[[str], None] = print
) -> list[Sample]:
    """Generate and judge `settings.clips` held-out combinations."""
    samples = []
    for index, (spec, prompt) in enumerate(questions(settings.clips)):
        started = time.perf_counter()
        clip, wall, cpu = generate(pipeline, prompt, index, settings)
        seconds = time.perf_counter() - started
        made = Sample(spec, prompt, index, clip, judge.read(clip), wall, cpu, seconds)
        wrong = ", ".join(f"{aspect} {getattr(made.verdict, aspect)}" for aspect in made.wrong)
        report(f"{index + 1}/{settings.clips} {seconds:.1f} s  {prompt}: {wrong or 'all right'}")
        samples.append(made)
    return samples


def shares(samples: Sequence[Sample]) -> dict[str, float]:
    """Share of right answers by aspect."""
    return _shares([made.right for made in samples])


def _shares(rows: Sequence[dict[str, bool]]) -> dict[str, float]:
    return {aspect: float(np.mean([row[aspect] for row in rows])) for aspect in ASPECTS}


def by_class(samples: Iterable[Sample]) -> dict[str, dict[str, str]]:
    """`right of asked` for each subject, colour, scene and motion that was asked for."""
    counts: dict[str, dict[str, list[bool]]] = {}
    for made in samples:
        for aspect in CLASSED:
            counts.setdefault(aspect, {}).setdefault(getattr(made.spec, aspect), []).append(made.right[aspect])
    return {a: {k: f"{sum(v)}/{len(v)}" for k, v in sorted(table.items())} for a, table in counts.items()}


@torch.no_grad()
def round_trip(vae: AutoencoderKL, judge: Judge, clips: int = 24, seed: int = 31) -> tuple[float, dict[str, float]]:
    """Held-out renders through the VAE's encoder and decoder: PSNR in dB, and the share the judge still reads rightly.

    The second is the most that a perfect denoiser could reach.
    """
    rng, errors, rows = random.Random(seed), [], []
    for _ in range(clips):
        spec = sample(rng, held_out=True)
        pixels = torch.from_numpy(render(spec, 128)).float().div(127.5).sub(1).permute(0, 3, 1, 2)
        painted = torch.cat([vae.decode(vae.encode(part).latent_dist.mode()).sample for part in pixels.split(4)])
        painted = painted.clamp(-1, 1)
        errors.append(float((painted - pixels).pow(2).mean()))
        clip: Frames = painted.add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()
        rows.append(judge.read(clip).agrees(spec))
    return 10 * math.log10(4 / float(np.mean(errors))), _shares(rows)


def evaluate(folder: Path, model: Path, settings: Settings, sheet: Path) -> Row:
    """Judge the model in `model`; writes `evaluation.json` there and the contact sheet to `sheet`."""
    pipeline = open_model(model, settings.threads)
    judge = load(folder)
    ruler = check(judge)
    print("the judge on held-out renders: " + _line(ruler))
    psnr, through_vae = round_trip(pipeline.vae, judge)
    print(f"the VAE's round trip: {psnr:.1f} dB, " + _line(through_vae))
    samples = answer(pipeline, judge, settings)
    result: Row = {
        "settings": asdict(settings),
        "right": shares(samples),
        "by_class": by_class(samples),
        "judge_on_held_out_renders": ruler,
        "round_trip_psnr": psnr,
        "judge_after_round_trip": through_vae,
        "seconds_per_step": float(np.median([made.step_seconds for made in samples])),
        "cpu_seconds_per_step": float(np.median([made.step_cpu_seconds for made in samples])),
        "seconds_per_clip": float(np.median([made.seconds for made in samples])),
        "machine": f"{platform.machine()}, torch {torch.__version__}",
        "clips": [
            {"prompt": made.prompt, "seed": made.seed, "asked": asdict(made.spec), "seen": asdict(made.verdict)}
            for made in samples
        ],
    }
    (model / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    draw_sheet(samples[:SHEET_ROWS], sheet)
    print(table(result))
    return result


def watch(folder: Path, model: Path, settings: Settings) -> None:
    """Add to `evaluation.json` how steady the subject is, and whether words of size and pace are heard."""
    file = model / "evaluation.json"
    result: Row = json.loads(file.read_text())
    pipeline, judge = open_model(model, settings.threads), load(folder)
    asked = questions(settings.clips)
    result["steadiness"] = steadiness.compare(pipeline, judge, asked[:STEADY], settings)
    result["listening"] = listening.listen(pipeline, judge, [spec for spec, _ in asked], settings)
    file.write_text(json.dumps(result, indent=1) + "\n")


def sweep(folder: Path, model: Path, settings: Settings, steps: Sequence[int], guidances: Sequence[float]) -> list[Row]:
    """The same prompts and seeds with each number of steps and each guidance; writes `sweep.json` to the folder."""
    pipeline, judge = open_model(model, settings.threads), load(folder)
    check(judge)
    rows: list[Row] = []
    for step in steps:
        for guidance in guidances:
            tried = Settings(settings.clips, step, guidance, settings.threads)
            samples = answer(pipeline, judge, tried, report=lambda _line: None)
            seconds = float(np.median([made.seconds for made in samples]))
            right = shares(samples)
            rows.append({"steps": step, "guidance": guidance, "seconds_per_clip": seconds, "right": right})
            print(f"{step:3d} steps, guidance {guidance:4.1f}, {seconds:5.1f} s a clip: {_line(right)}", flush=True)
    (folder / "sweep.json").write_text(json.dumps({"clips": settings.clips, "rows": rows}, indent=1) + "\n")
    return rows


def draw_sheet(samples: Sequence[Sample], file: Path, text_width: int = 300) -> None:
    """Eight frames a row, with the prompt and what the judge saw beside them."""
    picture = contact_sheet([made.clip for made in samples])
    height, width, _ = picture.shape
    canvas = Image.new("RGB", (width + text_width, height), "white")
    canvas.paste(Image.fromarray(picture))
    pen = ImageDraw.Draw(canvas)
    for row, made in enumerate(samples):
        words, lines = made.prompt.split(), [""]
        for word in words:
            if len(lines[-1]) + len(word) > 38:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
        seen = made.verdict
        lines += ["", f"seen: {seen.colour} {seen.subject}, {seen.motion}, {seen.scene}"]
        lines.append("all right" if made.right["all"] else "wrong: " + ", ".join(made.wrong))
        pen.multiline_text((width + 8, row * height // len(samples) + 12), "\n".join(lines), fill="black", font_size=13)
    file.parent.mkdir(parents=True, exist_ok=True)
    canvas.save(file, optimize=True)


def table(result: Row) -> str:
    """The counts as text, by aspect and by class."""
    right, classes, settings = result["right"], result["by_class"], result["settings"]
    lines = [f"{settings['clips']} held-out combinations, {settings['steps']} steps, guidance {settings['guidance']}"]
    lines += [f"  {aspect:8s}{right[aspect]:6.1%}" for aspect in ASPECTS]
    for aspect, counts in classes.items():
        lines.append(f"  {aspect}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    lines.append(f"  VAE round trip {result['round_trip_psnr']:.1f} dB on held-out renders")
    lines.append(f"  {result['seconds_per_step']:.3f} s a step ({result['cpu_seconds_per_step']:.3f} CPU-s)")
    return "\n".join(lines)


def _line(right: dict[str, float]) -> str:
    return ", ".join(f"{aspect} {right[aspect]:.0%}" for aspect in ASPECTS)
