"""What encoding a storyboard's prompts once and drawing several pictures at once gain against one by one.

Times are of whole storyboards of 8 prompts, encoded, denoised and decoded, in rounds in which each way has its turn;
the figures are ratios within a round, their median and their spread. They are processor seconds of one thread, which
other programs disturb less than a clock's. SDXL and SD 3.5 are tiny and random here, so their
figures are of the overhead around the arithmetic; `--real-width` times the arithmetic of the real SDXL, and `--memory`
adds up what one more picture takes in the real denoisers, without computing them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("worker", "tests")]
os.environ["OMP_NUM_THREADS"] = "1"

BATCHES = (1, 2, 4, 8)
THINGS = ("a red ball", "a blue ball", "a yellow star", "a green box", "a red star", "a ball", "a star", "a box")
ENCODING = ("only encoding, one by one", "only encoding, once")
SIZES = {"tiny": 128, "sdxl": 128, "sd35-medium": 128}


def silent(event: object) -> None:
    pass


def ways(pipeline: Any, shots: list[Any]) -> dict[str, Callable[[], None]]:
    def one_by_one() -> None:
        for shot in shots:
            pipeline.encode([shot.prompt], silent)
            pipeline.draw([shot], silent)

    def in_batches(size: int) -> None:
        pipeline.encode([shot.prompt for shot in shots], silent)
        for first in range(0, len(shots), size):
            pipeline.draw(shots[first : first + size], silent)

    def encode_one_by_one() -> None:
        for shot in shots:
            pipeline.encode([shot.prompt], silent)

    def encode_once() -> None:
        pipeline.encode([shot.prompt for shot in shots], silent)

    batched = {f"batch {size}": lambda size=size: in_batches(size) for size in BATCHES}
    return {"one by one": one_by_one, **batched, ENCODING[0]: encode_one_by_one, ENCODING[1]: encode_once}


def compare(id: str, steps: int, rounds: int) -> None:
    """Print one line for each way."""
    from ttvideo import families
    from ttvideo.families.family import Prompt, Shot

    family = families.find(id)
    pipeline: Any = family.load("cpu", family.Params(), silent)
    side = SIZES[id]
    params = [family.Params(steps=steps, seed=seed, width=side, height=side) for seed in range(len(THINGS))]
    shots = [Shot(Prompt(thing, "blurry"), one) for thing, one in zip(THINGS, params, strict=True)]
    runs = ways(pipeline, shots)
    times: dict[str, list[float]] = {way: [] for way in runs}
    for round in range(rounds + 1):
        names = list(runs)
        for way in names[round % len(names) :] + names[: round % len(names)]:
            pipeline.encode([Prompt("none of them")], silent)
            began = time.process_time()
            runs[way]()
            # The first round warms up.
            times[way] += [time.process_time() - began] if round else []
    kind = str(getattr(pipeline.pipe, "dtype", "")).removeprefix("torch.")
    print(f"{family.title}: 8 pictures of {side}x{side}, {steps} steps, {kind}, {rounds} rounds")
    for way, seconds in times.items():
        base = ENCODING[0] if way in ENCODING else "one by one"
        gains = [before / spent for before, spent in zip(times[base], seconds, strict=True)]
        spread = f"{min(gains):.2f} to {max(gains):.2f}"
        print(f"  {way:>25}  {median(seconds) / 8 * 1000:7.1f} ms a picture  x{median(gains):.2f} ({spread})")
    print(f"  largest difference of a picture's numbers, of 1, from a batch of one: {differences(pipeline, shots)}")


def differences(pipeline: Any, shots: list[Any]) -> str:
    import numpy as np

    pipeline.encode([shot.prompt for shot in shots], silent)
    alone = np.stack([pipeline.draw([shot], silent)[0] for shot in shots])
    sizes = {}
    for size in BATCHES[1:]:
        groups = [pipeline.draw(shots[first : first + size], silent) for first in range(0, len(shots), size)]
        sizes[size] = np.abs(np.stack([frame for group in groups for frame in group]) - alone).max()
    return ", ".join(f"{size}: {difference:.1e}" for size, difference in sizes.items())


def real_sdxl() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )


def real_sd35(layers: int, positions: int, dual: int) -> Any:
    from diffusers import SD3Transformer2DModel

    return SD3Transformer2DModel(
        sample_size=128,
        num_layers=layers,
        num_attention_heads=layers,
        caption_projection_dim=64 * layers,
        pos_embed_max_size=positions,
        qk_norm="rms_norm",
        dual_attention_layers=tuple(range(dual)),
    )


def sdxl_input(pictures: int, side: int, dtype: Any) -> dict[str, Any]:
    """With guidance each picture is there twice."""
    import torch

    n = 2 * pictures
    conditions = {"text_embeds": torch.ones(n, 1280, dtype=dtype), "time_ids": torch.ones(n, 6, dtype=dtype)}
    return {
        "sample": torch.ones(n, 4, side // 8, side // 8, dtype=dtype),
        "timestep": torch.tensor(500.0),
        "encoder_hidden_states": torch.ones(n, 77, 2048, dtype=dtype),
        "added_cond_kwargs": conditions,
    }


def sd35_input(pictures: int, side: int, dtype: Any) -> dict[str, Any]:
    import torch

    n = 2 * pictures
    return {
        "hidden_states": torch.ones(n, 16, side // 8, side // 8, dtype=dtype),
        "timestep": torch.full((n,), 500.0),
        "encoder_hidden_states": torch.ones(n, 333, 4096, dtype=dtype),
        "pooled_projections": torch.ones(n, 2048, dtype=dtype),
    }


def real_width(rounds: int) -> None:
    """Time one denoising step of SDXL's real UNet, of random weights, for 1, 2 and 4 pictures of 256x256."""
    import torch

    from ttvideo.backends import cpu_has_bfloat16

    dtype = torch.bfloat16 if cpu_has_bfloat16() else torch.float32
    with torch.device("meta"):
        unet = real_sdxl()
    unet = unet.to(dtype).to_empty(device="cpu").eval()
    largest = max(weights.numel() for weights in unet.parameters())
    noise = (torch.randn(largest, generator=torch.Generator().manual_seed(0)) * 0.02).to(dtype)
    times: dict[int, list[float]] = {1: [], 2: [], 4: []}
    with torch.inference_mode():
        for weights in unet.parameters():
            weights.copy_(noise[: weights.numel()].view_as(weights))
        for round in range(rounds + 1):
            for pictures, seconds in times.items():
                began = time.process_time()
                unet(**sdxl_input(pictures, 256, dtype))
                seconds += [(time.process_time() - began) / pictures] if round else []
    print(f"SDXL's real UNet, one step, 256x256, {dtype}, {rounds} rounds")
    for pictures, seconds in times.items():
        gains = [one / spent for one, spent in zip(times[1], seconds, strict=True)]
        spread = f"{min(gains):.2f} to {max(gains):.2f}"
        print(f"  batch {pictures}  {median(seconds):6.2f} s a picture  x{median(gains):.2f} ({spread})")


def memory() -> None:
    """Add up the tensors that live at once in a step at 1024x1024: what one more picture takes for each pixel."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Living(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.now = self.most = 0
            self.storages: dict[int, Any] = {}

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            for tensor in tree_leaves(out):
                if isinstance(tensor, torch.Tensor):
                    self.count(tensor.untyped_storage())
            return out

        def count(self, storage: Any) -> None:
            key, size = storage._cdata, storage.nbytes()
            if key not in self.storages:
                self.now += size
                self.most = max(self.most, self.now)

                def gone(_: object) -> None:
                    self.now -= size
                    self.storages.pop(key, None)

                self.storages[key] = weakref.ref(storage, gone)

    models: dict[str, tuple[Callable[[], Any], Callable[..., dict[str, Any]]]] = {
        "sdxl": (real_sdxl, sdxl_input),
        "sd35-medium": (lambda: real_sd35(24, 384, 13), sd35_input),
        "sd35-large": (lambda: real_sd35(38, 192, 0), sd35_input),
    }
    for id, (build, inputs) in models.items():
        with FakeTensorMode(allow_non_fake_inputs=True):
            torch.set_default_dtype(torch.float16)
            model = build().eval()
            torch.set_default_dtype(torch.float32)
            most = []
            for pictures in (2, 4):
                given = inputs(pictures, 1024, torch.float16)
                with torch.inference_mode(), Living() as living:
                    model(**given)
                most.append(living.most)
        print(f"{id}: {(most[1] - most[0]) / 2 / 1024**2:.0f} bytes a pixel for one more picture")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--real-width", action="store_true", help="takes 6 GB")
    arguments = parser.parse_args()
    if arguments.memory:
        memory()
    elif arguments.real_width:
        real_width(arguments.rounds)
    else:
        from support.random_models import make_models

        with tempfile.TemporaryDirectory() as folder:
            os.environ["TTVIDEO_MODELS"] = str(make_models(Path(folder)))
            for id in SIZES:
                compare(id, arguments.steps, arguments.rounds)


if __name__ == "__main__":
    main()
