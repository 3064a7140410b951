"""Makes the lessons' pictures again with the bundled model, as the lessons' own buttons make them.

Run it when the weights change: `python worker/tools/renew_lesson_pictures.py`. Then look at them, and read what the
lesson says about each. The contact sheet in docs/ is the evaluation's (`python -m training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ttvideo.families import tiny
from ttvideo.families.family import Run

TARGET = Path(__file__).parents[2] / "lessons" / "images"
FRAMES, GAP = 6, 4
BALL = ("a red ball bouncing on green grass", tiny.Params(seed=1))
HEART = "a pink heart moving left at sunset"
# A row for each clip.
PICTURES = {
    "your-first-video-ball": (BALL,),
    "your-first-video-seeds": tuple((HEART, tiny.Params(seed=seed)) for seed in (1, 2, 3)),
    "your-first-video-steps": tuple((HEART, tiny.Params(seed=1, steps=steps)) for steps in (1, 20)),
}


def main() -> None:
    torch.set_num_threads(1)
    pipeline = tiny.load("cpu", tiny.Params(), lambda _event: None)
    for name, rows in PICTURES.items():
        clips = []
        for prompt, params in rows:
            frames = [frame for _, frame in pipeline.run(Run(prompt, "", params), lambda _event: None)]
            clips.append([frames[at] for at in np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)])
        sheet(clips).save(TARGET / f"{name}.webp", quality=90, method=6)


def sheet(clips: Sequence[Sequence[np.ndarray]]) -> Image.Image:
    """A row of frames for each clip, with white between them."""
    step = tiny.SIDE + GAP
    picture = Image.new("RGB", (len(clips[0]) * step - GAP, len(clips) * step - GAP), "white")
    for row, frames in enumerate(clips):
        for column, frame in enumerate(frames):
            tile = Image.fromarray((frame * 255).round().clip(0, 255).astype(np.uint8))
            picture.paste(tile, (column * step, row * step))
    return picture


if __name__ == "__main__":
    main()
