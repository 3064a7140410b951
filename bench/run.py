"""What a job costs against a bare diffusers script: `make bench`.

Each figure comes from its own process, ours and the bare script by turns, with the same model, seed and steps, so that
a machine whose speed drifts does not favour one of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

PROMPT = "a red ball bouncing on green grass"
SEED = 7


def bare(steps: int, clips: int) -> dict[str, Any]:
    """diffusers' own way: load the pipeline, call it, write the video with imageio."""
    began = time.perf_counter()
    import imageio_ffmpeg
    import numpy as np
    import torch
    from diffusers import AnimateDiffPipeline

    from ttvideo.families import tiny

    pipe = AnimateDiffPipeline.from_pretrained(tiny.FOLDER, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    times = []
    for _ in range(clips):
        frames = pipe(
            PROMPT,
            negative_prompt="",
            num_frames=tiny.FRAMES,
            num_inference_steps=steps,
            guidance_scale=tiny.Params().guidance,
            generator=torch.Generator().manual_seed(SEED),
            output_type="np",
        ).frames[0]
        with tempfile.TemporaryDirectory() as folder:
            writer = imageio_ffmpeg.write_frames(f"{folder}/clip.mp4", (128, 128), fps=8)
            writer.send(None)
            for frame in (frames * 255).round().astype("uint8"):
                writer.send(np.ascontiguousarray(frame))
            writer.close()
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
    return {"first": times[0], "warm": times[1:], "peak_mb": peak_mb()}


def ours(steps: int, clips: int) -> dict[str, Any]:
    """The whole job: queue, device lock, previews, kept latents, PNG frames, manifest, MP4, poster."""
    began = time.perf_counter()
    from ttvideo.contract import GenerateRequest
    from ttvideo.jobs.queue import open_queue
    from ttvideo.jobs.runner import Runner

    times, seconds = [], {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TTVIDEO_STATE"] = f"{folder}/state"
        queue = open_queue("worker")
        runner = Runner(queue)
        runner.start()
        for _ in range(clips):
            request = GenerateRequest(
                prompt=PROMPT, parameters={"seed": SEED, "steps": steps}, output_folder=f"{folder}/out"
            )
            job = queue.submit(request)
            while (job := queue.get(job.id)).status.state in ("queued", "running"):
                queue.wait_for_change(queue.cursor(), 1)
            if job.status.state != "done":
                raise SystemExit(f"the job {job.status}")
            times.append(time.perf_counter() - began)
            began = time.perf_counter()
            seconds = {phase.value: spent for phase, spent in job.seconds.items()}
        runner.stop(5)
        queue.close()
    return {"first": times[0], "warm": times[1:], "peak_mb": peak_mb(), "seconds": seconds}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(side: str, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, side, "--steps", str(arguments.steps), "--clips", str(arguments.clips)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    out = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def compare(arguments: argparse.Namespace) -> None:
    runs: dict[str, list[dict[str, Any]]] = {"bare": [], "ours": []}
    for _ in range(arguments.rounds):
        for side in runs:
            runs[side].append(child(side, arguments))
    print(f"{arguments.steps} steps, 16 frames of 128x128; medians of {arguments.rounds} processes each")
    print(f"{'':>24} {'bare diffusers':>15} {'ttvideo':>10}")
    for name, key in (("first clip, cold process", "first"), ("peak memory, MB", "peak_mb")):
        a, b = (median(run[key] for run in runs[side]) for side in runs)
        print(f"{name:>24} {a:15.2f} {b:10.2f}")
    warm = {side: median(t for run in runs[side] for t in run["warm"]) for side in runs}
    print(f"{'next clip, warm process':>24} {warm['bare']:15.2f} {warm['ours']:10.2f}")
    print(f"overhead of the whole job, warm: {100 * (warm['ours'] / warm['bare'] - 1):+.1f} % (target: at most 5 %)")
    last = runs["ours"][-1]["seconds"]
    print("a warm job's phases: " + ", ".join(f"{phase} {spent:.2f} s" for phase, spent in last.items()))
    print(f"per denoising step: {last['denoising'] / arguments.steps:.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", nargs="?", choices=("bare", "ours"), help="measure one side only, as JSON")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--clips", type=int, default=6, help="clips per process, the first of them cold")
    parser.add_argument("--rounds", type=int, default=3, help="processes per side")
    arguments = parser.parse_args()
    if arguments.side is None:
        compare(arguments)
    else:
        side = bare if arguments.side == "bare" else ours
        print(json.dumps(side(arguments.steps, arguments.clips)))


if __name__ == "__main__":
    main()
