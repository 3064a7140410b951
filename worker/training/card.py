"""Writes the model card beside the weights. Every number in it is read from the logs, the weights or the evaluation."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from safetensors import safe_open

from training import captions, history, network
from training.evaluate import ASPECTS
from training.latents import CHANNELS, SIDE
from training.scenes import COLOURS, FRAMES, LAYOUTS, MOTIONS, PACED, ROUND, SCENES, SUBJECTS

Json = dict[str, Any]
_MEANING = {
    "scene": "the scene",
    "colour": "the subject's colour",
    "kind": "the kind of motion (left or right alike, up or down alike, growing or shrinking alike)",
    "motion": "the motion with its direction",
    "subject": "the subject",
    "all": "scene, colour, motion with direction and subject",
}


def write(model: Path) -> None:
    """Write `README.md` in `model`, from what lies there beside it."""
    result: Json = json.loads((model / "evaluation.json").read_text())
    sections = [_head(), _use(result), _data(), _architecture(model), _cost(model), _tried()]
    sections += [_quality(result)]
    if "steadiness" in result:
        sections += [_steadiness(result), _listening(result)]
    sections += [_limits(result)]
    (model / "README.md").write_text("\n\n".join(section.strip() for section in sections) + "\n")


def _head() -> str:
    return f"""---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-video
---

# The bundled model of TT Video Lab

A very small text-to-video latent diffusion model: {FRAMES} frames of 128x128 pixels, made on an ordinary CPU in
seconds. It exists so that every part of TT Video Lab works at once and offline, not to make art. It was trained from
scratch on clips drawn by a program; no photograph, film or other model went into it."""


def _use(result: Json) -> str:
    settings = result["settings"]
    return f"""
## Use

```python
from diffusers import AnimateDiffPipeline

pipeline = AnimateDiffPipeline.from_pretrained("path/to/this/folder")
prompt = "a red ball bouncing on green grass"
frames = pipeline(prompt, num_inference_steps={settings["steps"]}, guidance_scale={settings["guidance"]}).frames[0]
```

`preview.safetensors` holds a linear map from a latent to 8x8 pixels (`mean`, `decode`) for cheap previews."""


def _data() -> str:
    combinations = (len(SUBJECTS) * len(MOTIONS) - len(ROUND)) * len(COLOURS) * len(SCENES)
    return f"""
## Data and vocabulary

Clips rendered on the fly by `worker/training/scenes.py`: one subject in one colour makes one motion before one scene
({combinations:,} combinations, {LAYOUTS} layouts of each scene, random place and phase). About 8 % of the
combinations, chosen by hash, were never trained on; all evaluation is on these.

- Subjects: {_words(captions.SUBJECT_WORDS)}
- Colours: {", ".join(COLOURS)}
- Motions: {_words(captions.MOTION_WORDS)}
- Scenes: {_words(captions.SCENE_WORDS)}
- Sizes: {_words(captions.SIZE_WORDS)}; not with growing and shrinking
- Paces: {_words(captions.PACE_WORDS)}; with {", ".join(PACED)}

Captions use these in several word orders, with and without articles. The tokenizer has one token for each of
these {len(captions.vocabulary())} words; any other word falls apart into letters, of which the model knows nothing."""


def _words(table: dict[str, tuple[str, ...]]) -> str:
    return "; ".join(", ".join(dict.fromkeys(phrases)) for phrases in table.values())


def _architecture(model: Path) -> str:
    parts = ("unet", "motion_adapter", "text_encoder", "vae")
    counts = {part: _parameters(next((model / part).glob("*.safetensors"))) for part in parts}
    size = sum(file.stat().st_size for file in model.rglob("*.safetensors")) / 1e6
    return f"""
## Architecture

{size:.1f} MB in diffusers' AnimateDiff format. Channel, head and text widths and the text length are multiples of 32.

- UNet: {counts["unet"]} parameters, widths {_list(network.WIDTHS)}, latents {CHANNELS}x{SIDE}x{SIDE}, v-prediction
- Motion modules: {counts["motion_adapter"]}, up to {network.MAX_FRAMES} frame positions, trained with 1, 8, 16 and 24
- Text encoder: {counts["text_encoder"]}, CLIP of width {network.TEXT_WIDTH} with {network.TEXT_LENGTH} tokens
- VAE: {counts["vae"]}, 16x16 pixels per latent; the latents are close to the principal components of image patches

All lie on disk in fp16, the text encoder in fp32.
The scheduler is DDIM with zero terminal SNR and trailing steps (arXiv:2305.08891). Use fp32 or bf16 on a CPU."""


def _parameters(file: Path) -> str:
    with safe_open(file, "pt") as weights:
        shapes = [
            weights.get_slice(name).get_shape()
            for name in weights.keys()  # noqa: SIM118
            if not name.endswith(".pe")
        ]
    return f"{sum(map(math.prod, shapes)) / 1e6:.2f} M"


def _list(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))


def _cost(model: Path) -> str:
    rows = history.load(model)
    lines = ["## Training cost", "", "| stage | samples | seconds |", "|---|---|---|"]
    lines += [f"| {row['part']}: {row['stage']} | {row['samples']:,} | {row['seconds']:,} |" for row in rows]
    return (
        "\n".join(lines)
        + """

A sample is a frame, or as many frames of one clip as the stage looks at, or a text. Seconds are wall-clock time of
the part's process. `python -m training FOLDER` goes from nothing through the stages of `worker/training/__main__.py`;
with `--start MODEL` it goes on from an exported model, as was done here each time the stages begin anew."""
    )


def _tried() -> str:
    return "## What was tried\n\n" + Path(__file__).with_name("tried.md").read_text()


def _quality(result: Json) -> str:
    settings, right = result["settings"], result["right"]
    lines = [
        "## Evaluation",
        "",
        f"{settings['clips']} held-out combinations, one caption and one seed each, {settings['steps']} steps, "
        f"guidance {settings['guidance']}, judged by a classifier trained on renders (subject, scene)",
        "and by measuring pixels (colour, motion). Beside stand the same judge's results on held-out renders after the",
        "VAE's encoder and decoder, and on the renders themselves.",
        "",
        "| right | generated | renders after the VAE | renders |",
        "|---|---|---|---|",
    ]
    columns = (right, result["judge_after_round_trip"], result["judge_on_held_out_renders"])
    for aspect in ASPECTS:
        lines += [f"| {_MEANING[aspect]} | " + " | ".join(f"{column[aspect]:.1%}" for column in columns) + " |"]
    lines += [
        "",
        f"VAE round trip on held-out renders: {result['round_trip_psnr']:.1f} dB PSNR. One denoising step of {FRAMES} "
        f"frames with guidance takes {result['seconds_per_step']:.2f} s",
        f"({result['cpu_seconds_per_step']:.2f} s of CPU time) with OMP threads: {settings['threads']}, "
        f"{result['machine']}.",
        "",
        "By class (right/asked):",
        "",
    ]
    for aspect, counts in result["by_class"].items():
        lines.append(f"- {aspect}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    return "\n".join(lines)


def _steadiness(result: Json) -> str:
    lines = [
        "## Steadiness",
        "",
        "Second differences of the subject's centroid (in 1/128 of the frame) and of its area's logarithm from frame",
        "to frame, as the judge's mask shows them; medians. Even motion has none.",
        "",
        "| | centroid | log area |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['centroid']:.2f} | {row['log_area']:.3f} |" for name, row in result["steadiness"].items()
    ]
    return "\n".join(lines)


def _listening(result: Json) -> str:
    heard = ", ".join(f"{word} {count}" for word, count in result["listening"].items())
    return f"""
## Words of size and pace

The same prompt and seed with and without the word; counted when size or way change by at least half of what the word
does in renders: {heard}."""


def _limits(result: Json) -> str:
    weak = []
    for aspect, counts in result["by_class"].items():
        for name, count in counts.items():
            good, asked = map(int, count.split("/"))
            if 2 * good < asked:
                weak.append(f"{name} ({aspect}, {count})")
    least = ", ".join(weak) or "none"
    return f"""
## Limits

One subject, colour, motion, scene, size and pace at a time, and only those listed above; 128x128 pixels. A clip shows
the whole motion in 8, 16 or 24 frames, a picture its middle; other counts up to {network.MAX_FRAMES} run, untrained.
"Spinning" was never trained with a ball or a sun, which look the same turned. By eye, outlines are lumpy and change
from frame to frame; what circles is sometimes seen twice, for no word says where it begins; what spins changes its
shape.

Classes of which less than half came out right in the evaluation: {least}.

## Licence

Apache-2.0, weights and training program alike."""
