"""AnimateDiff at Stable Diffusion 1.5's real size, with random weights: diffusers' own way against ours.

Each way has a process of its own, one after the other, and makes the same clip. The first step is reached when the UNet
is first asked; "again" the memory plan for the size is known, the words are new to all. "CPU a step" is seconds of all
cores together, which other programs disturb less. What the options that are not exact change is measured on the bundled
AnimateDiff, which is small and trained: of random weights the difference says little. The checkpoint (6 GB, once) lies
in build/bench.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("worker", "tests")]
FOLDER = ROOT / "build" / "bench"
MODELS, CACHE = FOLDER / "animatediff", FOLDER / "cache"
PROMPT, NEGATIVE, SEED, GUIDANCE = "a red ball bouncing on green grass", "blurry", 7, 7.5
SETTINGS = {"beta_schedule": "linear", "clip_sample": False, "timestep_spacing": "linspace", "steps_offset": 1}
OURS: dict[str, dict[str, Any]] = {
    "ours": {},
    "ours, again": {},
    "ours, cache deep": {"cache": "deep"},
    "ours, cache deep, guided 0.7": {"cache": "deep", "guided": 0.7},
}
WAYS = ("stock float32", "stock bfloat16", *OURS)


class Watch:
    """When what happened, in seconds since the process began to import."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.imported = self.reached = 0.0
        self.steps: list[float] = []
        self.work: list[float] = []

    def now(self) -> float:
        return time.perf_counter() - self.began

    def reach(self, *_: object) -> None:
        if not self.reached:
            self.reached = self.now()
            self.work.append(time.process_time())

    def step(self) -> None:
        self.steps.append(self.now())
        self.work.append(time.process_time())


def stock(watch: Watch, dtype: str, arguments: argparse.Namespace) -> Any:
    """As diffusers' page on AnimateDiff has it."""
    import torch
    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter

    watch.imported = watch.now()
    kind = {"dtype": getattr(torch, dtype)}
    adapter = MotionAdapter.from_pretrained(MODELS / "animatediff-v1-5-2", **kind)
    pipe = AnimateDiffPipeline.from_pretrained(MODELS / "animatediff", motion_adapter=adapter, **kind)
    pipe.scheduler = DDIMScheduler.from_pretrained(MODELS / "animatediff", subfolder="scheduler", **SETTINGS)
    pipe.set_progress_bar_config(disable=True)
    pipe.unet.register_forward_pre_hook(watch.reach)

    def step(*_: object) -> dict[str, Any]:
        watch.step()
        return {}

    return pipe(
        PROMPT,
        negative_prompt=NEGATIVE,
        num_frames=arguments.frames,
        width=arguments.side,
        height=arguments.side,
        num_inference_steps=arguments.steps,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(SEED),
        output_type="np",
        callback_on_step_end=step,
    ).frames[0]


def ours(watch: Watch, options: dict[str, Any], arguments: argparse.Namespace) -> Any:
    """The family as a job runs it: with its memory plan and looks for a cancel; without an encoder and previews."""
    import torch  # noqa: F401 - so that importing counts as such
    from diffusers import AnimateDiffPipeline  # noqa: F401

    from ttvideo import families
    from ttvideo.contract import Phase
    from ttvideo.families.family import PhaseEvent, Run, StepEvent

    watch.imported = watch.now()
    denoising = False

    def see(event: Any) -> None:
        nonlocal denoising
        if isinstance(event, PhaseEvent):
            denoising = event.phase == Phase.DENOISING
            if denoising:
                watch.reach()
        elif denoising and isinstance(event, StepEvent):
            watch.step()

    family = families.find("animatediff")
    asked = {"steps": arguments.steps, "frames": arguments.frames, "width": arguments.side, "height": arguments.side}
    params, _ = family.fit(family.Params.model_validate(asked | {"seed": SEED, "guidance": GUIDANCE} | options))
    pipeline = family.load("cpu", params, see)
    return np.stack([frame for _, frame in pipeline.run(Run(PROMPT, NEGATIVE, params), see)])


def prepare() -> None:
    from ttvideo import families

    family = families.find("animatediff")
    assert family.prepare is not None
    family.prepare("cpu", family.published[0], lambda event: None)


def measure(way: str, arguments: argparse.Namespace) -> dict[str, Any]:
    watch = Watch()
    if way == "prepare":
        prepare()
    else:
        dtype = way.removeprefix("stock ")
        frames = ours(watch, OURS[way], arguments) if way in OURS else stock(watch, dtype, arguments)
        np.save(FOLDER / f"{way}.npy", frames)
    return {
        "import": watch.imported,
        "reached": watch.reached,
        "step": float(np.mean(np.diff([watch.reached, *watch.steps]))) if watch.steps else 0.0,
        "work": float(np.mean(np.diff(watch.work))) if watch.steps else 0.0,
        "whole": watch.now(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def child(way: str, arguments: argparse.Namespace) -> dict[str, Any]:
    shutil.rmtree(CACHE / "embeddings", ignore_errors=True)
    command = [sys.executable, __file__, "--way", way, "--side", str(arguments.side)]
    command += ["--frames", str(arguments.frames), "--steps", str(arguments.steps)]
    variables = {"OMP_WAIT_POLICY": "passive", "TTVIDEO_MODELS": str(MODELS), "TTVIDEO_CACHE": str(CACHE)}
    run = subprocess.run(command, env=os.environ | variables, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def compare(arguments: argparse.Namespace) -> None:
    if not (MODELS / "animatediff-v1-5-2" / "config.json").exists():
        make_models()
    shutil.rmtree(CACHE, ignore_errors=True)
    from support import likeness

    made = child("prepare", arguments)
    print(f"prepared once: {made['whole']:.1f} s from the start of the process, {made['peak']:.1f} GB at the peak")
    print(f"{arguments.frames} frames of {arguments.side}x{arguments.side}, {arguments.steps} steps; s and GB")
    heads = ["import", "first step", "without import", "a step", "CPU a step", "all", "peak GB"]
    heads += ["dB fp32", "dB bf16", "SSIM bf16"]
    print(f"{'':<29}" + "".join(f"{head:>15}" for head in heads))
    for way in arguments.ways or WAYS:
        run = child(way, arguments)
        row = [run["import"], run["reached"], run["reached"] - run["import"], run["step"], run["work"]]
        row += [run["whole"], run["peak"]]
        row += [like(likeness.psnr, way, "stock float32"), like(likeness.psnr, way, "stock bfloat16")]
        row.append(like(likeness.ssim, way, "stock bfloat16"))
        print(f"{way:<29}" + "".join(f"{value:>15.2f}" for value in row), flush=True)


def like(measure: Callable[[Any, Any], float], way: str, other: str) -> float:
    """Of two ways' clips; nan if the other one was not made, or is of another size."""
    if not (FOLDER / f"{other}.npy").exists():
        return float("nan")
    one, two = (np.load(FOLDER / f"{each}.npy") for each in (way, other))
    return measure(one, two) if one.shape == two.shape else float("nan")


def quality() -> None:
    """What the options that are not exact change in clips of the bundled model."""
    import torch
    from diffusers import AnimateDiffPipeline

    from support import likeness
    from ttvideo.families import animatediff, animatediff_weights, tiny
    from ttvideo.families.animatediff_steps import cut

    torch.set_num_threads(1)
    pipe = AnimateDiffPipeline.from_pretrained(tiny.FOLDER, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    prompts = ("a red ball bouncing on green grass", "a blue star rising over purple mountains")
    clips = [(prompt, seed) for prompt in prompts for seed in (1, 2)]

    def make(prompt: str, seed: int, options: dict[str, Any]) -> Any:
        params = animatediff.Params(seed=seed, guidance=tiny.Params().guidance, **options)
        with torch.inference_mode(), cut(pipe.unet, animatediff.cuts(params)):
            return pipe(
                prompt,
                negative_prompt="",
                num_frames=tiny.FRAMES,
                num_inference_steps=params.steps,
                guidance_scale=params.guidance,
                generator=torch.Generator().manual_seed(seed),
                output_type="np",
            ).frames[0]

    exact = [make(*clip, {}) for clip in clips]
    print(f"bundled model, {animatediff_weights.STEPS} steps, {len(clips)} clips; to the exact ones, mean and least")
    print(f"{'':<38}     dB           SSIM")
    for options in ({"cache": "deep"}, {"guided": 0.7}, {"cache": "deep", "guided": 0.7}):
        quicker = [make(*clip, options) for clip in clips]
        found = [likeness.psnr(*pair) for pair in zip(quicker, exact, strict=True)]
        alike = [likeness.ssim(*pair) for pair in zip(quicker, exact, strict=True)]
        numbers = f"{np.mean(found):6.1f} {min(found):6.1f} {np.mean(alike):8.4f} {min(alike):8.4f}"
        print(f"  {options!s:<36} {numbers}", flush=True)


def make_models() -> None:
    import diffusers
    import torch
    import transformers

    from support.random_models import clip_tokenizer

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = clip_tokenizer(Path(folder))
    cross: Callable[[str], tuple[str, ...]] = lambda kind: (f"CrossAttn{kind}Block2D",) * 3  # noqa: E731
    text = transformers.CLIPTextConfig(
        vocab_size=49408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    diffusers.StableDiffusionPipeline(
        vae=diffusers.AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            sample_size=512,
        ),
        text_encoder=transformers.CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=diffusers.UNet2DConditionModel(
            sample_size=64,
            block_out_channels=(320, 640, 1280, 1280),
            down_block_types=(*cross("Down"), "DownBlock2D"),
            up_block_types=("UpBlock2D", *cross("Up")),
            cross_attention_dim=768,
            attention_head_dim=8,
        ),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(MODELS / "animatediff")
    diffusers.MotionAdapter().save_pretrained(MODELS / "animatediff-v1-5-2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ways", nargs="*", help=f"of {', '.join(WAYS)}; default: all")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--no-quality", action="store_true", help="leave the bundled model out")
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments)))
        return
    compare(arguments)
    if not arguments.no_quality:
        quality()


if __name__ == "__main__":
    main()
