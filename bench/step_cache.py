"""Wan's step cache on random weights: CPU seconds, blocks that ran, and how like the clip is to one with all of them.

Wan's own width with 12 of its 30 layers. Random weights tell what a step costs in which blocks are left out. How many
steps those are, and what a clip loses by it, they cannot tell: here the blocks hardly change the frames.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("worker", "tests")]

WAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "threshold 0.02": {"cache": "first-block", "cache_threshold": 0.02},
    "threshold 0.05": {"cache": "first-block", "cache_threshold": 0.05},
    "threshold 0.1": {"cache": "first-block", "cache_threshold": 0.1},
    "threshold 1": {"cache": "first-block", "cache_threshold": 1.0},
}
PARAMS = {"checkpoint": "wan2.1-1.3b", "guidance": 1.0, "seed": 1, "width": 256, "height": 160, "frames": 5}


def run(pipeline: Any, family: Any, options: dict[str, Any]) -> tuple[Any, float, int]:
    """Frames, CPU seconds of denoising, and how often a block but the first ran."""
    from ttvideo.contract import Phase
    from ttvideo.families.family import PhaseEvent, Run

    spent, ran = 0.0, 0

    def see(event: Any) -> None:
        nonlocal spent
        if isinstance(event, PhaseEvent) and event.phase == Phase.DENOISING:
            spent = -time.process_time()
        elif isinstance(event, PhaseEvent) and event.phase == Phase.DECODING:
            spent += time.process_time()

    def count(*_: object) -> None:
        nonlocal ran
        ran += 1

    blocks = pipeline.model.blocks(pipeline.parts.get("transformer"))
    hooks = [block.attn1.to_q.register_forward_pre_hook(count) for block in blocks[1:]]
    params = family.Params.model_validate(PARAMS | options)
    frames = np.stack([frame for _, frame in pipeline.run(Run("a red ball", "", params), see)])
    for hook in hooks:
        hook.remove()
    return frames, spent, ran


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=25)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TTVIDEO_MODELS": folder, "TTVIDEO_CACHE": f"{folder}/cache"}
        from support import likeness
        from support.large_clips import wan
        from ttvideo import families

        wan(Path(folder, "wan2.1-1.3b"))

        family = families.find("wan")
        params = family.Params.model_validate(PARAMS)
        pipeline = family.load("cpu", params, lambda event: None)
        run(pipeline, family, {"steps": 2})  # what happens once: the text, the memory plan
        print(f"{'step cache':<16}{'CPU s':>9}{'blocks':>9}{'PSNR dB':>9}{'SSIM':>9}   {steps} steps")
        exact = None
        for way, options in WAYS.items():
            frames, spent, ran = run(pipeline, family, options | {"steps": steps})
            exact = frames if exact is None else exact
            like = (likeness.psnr(frames, exact), likeness.ssim(frames, exact))
            print(f"{way:<16}{spent:>9.1f}{ran:>9}{like[0]:>9.1f}{like[1]:>9.4f}", flush=True)


if __name__ == "__main__":
    main()
