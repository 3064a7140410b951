"""Phase 1: a video from a prompt with diffusers' AnimateDiffPipeline, on this machine's CPU. All frames are denoised
together, with temporal attention in every block."""

from __future__ import annotations

import argparse
import sys

import torch

from animatediff_ttnn import AnimateDiffError
from animatediff_ttnn.video import export


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--frames", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=25, help="default: %(default)s")
    parser.add_argument("--output", default="output/phase1.gif", help=".gif, .mp4 or .webm; default: %(default)s")
    parser.add_argument("--guidance", type=float, default=7.5, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=42, help="default: %(default)s")
    parser.add_argument("--size", type=int, help="height and width in pixels; default: the model's own")
    parser.add_argument("--fps", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--model", default="CompVis/stable-diffusion-v1-4", help="Stable Diffusion 1: name or folder")
    parser.add_argument("--adapter", default="guoyww/animatediff-motion-adapter-v1-5-2", help="its motion modules")
    options = parser.parse_args()

    try:
        from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter
    except ImportError:
        sys.exit("There is no diffusers in this Python. Run pip install -e '.[video]'.")

    print("Loading pipeline...", flush=True)
    try:
        adapter = MotionAdapter.from_pretrained(options.adapter)
        pipeline = AnimateDiffPipeline.from_pretrained(options.model, motion_adapter=adapter)
    except OSError as error:
        sys.exit(f"The model could not be loaded: {error}. Fetch both with weights/download_weights.sh.")
    # Motion modules were trained with these betas, not Stable Diffusion's own: see diffusers' page on AnimateDiff.
    pipeline.scheduler = DDIMScheduler.from_config(
        pipeline.scheduler.config,
        beta_schedule="linear",
        clip_sample=False,
        timestep_spacing="linspace",
        steps_offset=1,
    )
    # The time of one frame's decoding at a time is the same, its memory is not.
    pipeline.vae.enable_slicing()

    made = pipeline(
        prompt=options.prompt,
        num_frames=options.frames,
        num_inference_steps=options.steps,
        guidance_scale=options.guidance,
        height=options.size,
        width=options.size,
        generator=torch.Generator().manual_seed(options.seed),
        decode_chunk_size=1,
    )
    frames = made.frames[0]
    export(frames, options.output, options.fps)
    print(f"Saved {len(frames)} frames -> {options.output}")


if __name__ == "__main__":
    try:
        main()
    except AnimateDiffError as error:
        sys.exit(str(error))
