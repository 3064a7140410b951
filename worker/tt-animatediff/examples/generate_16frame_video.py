"""One motion module on sixteen frames of noise, and a GIF of its hidden states: not a video of anything, but a look
at what temporal attention does. For a video from a prompt: generate_baseline.py."""

from __future__ import annotations

import argparse
import sys

import torch

from animatediff_ttnn import AnimateDiffError, create_animatediff_pipeline
from animatediff_ttnn.measure import frame_correlation, frame_difference, pictures

FRAMES = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="~/models/animatediff/mm_sd_v15_v2.ckpt", help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=320, help="channels of the module; default: %(default)s")
    parser.add_argument("--heads", type=int, default=8, help="its heads; default: %(default)s")
    parser.add_argument("--size", type=int, default=64, help="height and width of the hidden states")
    parser.add_argument("--output", default="output/test_16frame.gif", help="default: %(default)s")
    parser.add_argument("--ttnn", action="store_true", help="compute on the Tenstorrent device")
    options = parser.parse_args()

    with create_animatediff_pipeline(options.checkpoint, options.dim, options.heads, use_ttnn=options.ttnn) as pipeline:
        cpu, generator = torch.device("cpu"), torch.Generator().manual_seed(42)
        shape = (1, FRAMES, options.size, options.size, options.dim)
        before = pipeline.prepare_video_latents(*shape, torch.float32, cpu, generator)
        after = pipeline.apply_temporal_coherence(before, FRAMES)
        for name, measure in (("Frame correlation", frame_correlation), ("Frame difference", frame_difference)):
            print(f"{name}: {measure(before):.4f} before, {measure(after):.4f} after")
        # What a module adds to every frame alike shows in the correlation, too.
        alone = pipeline.apply_temporal_coherence(before, 1)
        print(f"Frame correlation with each frame alone: {frame_correlation(alone):.4f}")
        pipeline.export_video(pictures(after), options.output, fps=8)
    print(f"Saved {FRAMES} frames -> {options.output}")


if __name__ == "__main__":
    try:
        main()
    except AnimateDiffError as error:
        sys.exit(str(error))
