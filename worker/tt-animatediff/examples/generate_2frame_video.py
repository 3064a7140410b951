"""One motion module on two frames of noise: does it load, and do the frames come to know of each other?"""

from __future__ import annotations

import argparse
import sys

import torch

from animatediff_ttnn import AnimateDiffError, create_animatediff_pipeline
from animatediff_ttnn.measure import frame_correlation

FRAMES = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="~/models/animatediff/mm_sd_v15_v2.ckpt", help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=320, help="channels of the module; default: %(default)s")
    parser.add_argument("--heads", type=int, default=8, help="its heads; default: %(default)s")
    parser.add_argument("--size", type=int, default=64, help="height and width of the hidden states")
    parser.add_argument("--ttnn", action="store_true", help="compute on the Tenstorrent device")
    options = parser.parse_args()

    print("Step 1: Loading the motion module...")
    with create_animatediff_pipeline(options.checkpoint, options.dim, options.heads, use_ttnn=options.ttnn) as pipeline:
        print(f"  ✓ {pipeline.weights.place}: {pipeline.weights.dim} channels, {pipeline.weights.num_heads} heads")

        print("Step 2: Making hidden states of two frames...")
        cpu, generator = torch.device("cpu"), torch.Generator().manual_seed(42)
        shape = (1, FRAMES, options.size, options.size, options.dim)
        before = pipeline.prepare_video_latents(*shape, torch.float32, cpu, generator)
        print(f"  ✓ Noise of the shape {tuple(before.shape)}")

        print("Step 3: Applying temporal attention...")
        after = pipeline.apply_temporal_coherence(before, FRAMES)
    print(f"  ✓ It changed them by {float((after - before).square().mean().sqrt()):.4f} on average")

    print("Step 4: Checking what came back...")
    if after.shape != before.shape or not bool(after.isfinite().all()) or torch.equal(after, before):
        sys.exit("  The result has another shape, holds no numbers, or is what went in. Fetch the checkpoint again.")
    print("  ✓ Of the same shape, and finite")

    print("Step 5: Analyzing frame correlation...")
    print(f"  Correlation between frames: {frame_correlation(before):.4f} before, {frame_correlation(after):.4f} after")


if __name__ == "__main__":
    try:
        main()
    except AnimateDiffError as error:
        sys.exit(str(error))
