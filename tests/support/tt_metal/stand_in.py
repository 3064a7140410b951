"""What the classes of a stand-in tree do: enough to be asked, to report and to draw. Copied into the tree.

Each function is given the arguments of the method it stands for. What was asked is in CALLS.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

CALLS: list[tuple[str, dict[str, Any]]] = []
CACHE = "TT_DIT_CACHE_DIR"
events = importlib.import_module("models.tt_dit.pipelines.events")

Given = dict[str, Any]
Picture = npt.NDArray[np.uint8]


def remember(given: Given) -> None:
    given["self"].__dict__.update({name: value for name, value in given.items() if name != "self"})


def note(given: Given) -> None:
    remember(given)
    CALLS.append(("note", given))


def create(given: Given) -> Any:
    made = object.__new__(given["cls"])
    made.__dict__.update(given)
    CALLS.append(("create", {**given, CACHE: os.environ.get(CACHE)}))
    return made


def call_mochi(given: Given) -> list[list[Image.Image]]:
    """No event of a step; six pictures of each latent frame, the first five of which are of no clip."""
    made = given["self"]
    latents = (made.num_frames - 1) // 6 + 1
    _report(given, lambda step: [])
    pictures = _pictures(given, latents * 6 - 5)
    return [[Image.fromarray(picture) for picture in [np.zeros_like(pictures[0])] * 5 + list(pictures)]]


def call_wan(given: Given) -> npt.NDArray[np.uint8]:
    assert isinstance(given["image_prompt"], Image.Image) == type(given["self"]).__name__.endswith("I2V")
    total = given["num_inference_steps"]
    _report(given, lambda step: [events.DenoiseStep(step=step + 1, total=total, sigma=1.0)])
    assert given["output_type"] == "uint8"
    return np.stack([_pictures(given, given["self"].num_frames)])


def call_sd35(given: Given) -> list[Image.Image]:
    _report(given, lambda step: [events.SectionEnd(f"denoising_step_{step}")])
    return [Image.fromarray(picture) for picture in _pictures(given, 1)]


def _report(given: Given, of_step: Callable[[int], list[Any]]) -> None:
    """The sections of a run, as tt_dit's pipelines report them, with what they report of each step."""
    CALLS.append(("call", given))
    tell = given["on_event"]
    for name in ("total", "encoder", "t5_encoding"):
        tell(events.SectionStart(name))
    tell(events.SectionEnd("encoder"))
    tell(events.SectionStart("denoising"))
    for step in range(given["num_inference_steps"]):
        for event in of_step(step):
            tell(event)
    tell(events.SectionEnd("denoising"))
    tell(events.SectionStart("vae"))
    tell(events.SectionEnd("vae"))


def _pictures(given: Given, count: int) -> Picture:
    """uint8 [count, height, width, 3]: a slope that moves with the frames, and begins where the seed says."""
    made = given["self"]
    frame, row, column = np.meshgrid(*map(np.arange, (count, made.height, made.width)), indexing="ij")
    value = given["seed"] + 3 * frame + row + column
    return np.stack([value % 256, (2 * value) % 256, row % 256], axis=-1).astype(np.uint8)


def make_sdxl(given: Given) -> None:
    remember(given)
    given["self"].batch_size = given["ttnn_device"].get_num_devices()
    CALLS.append(("create", given))


def compile_text_encoding(given: Given) -> None:
    given["self"].encoders_compiled = True


def encode_prompts(given: Given) -> tuple[Any, Any]:
    import torch

    made = given["self"]
    assert made.encoders_compiled
    assert len(given["prompts"]) == len(given["negative_prompts"]) == made.batch_size
    CALLS.append(("call", given))
    return torch.zeros(made.batch_size, 2, 77, 2048), torch.zeros(made.batch_size, 2, 1280)


def generate_input_tensors(given: Given) -> tuple[Any, list[Any], list[Any]]:
    given["self"].seed = given["start_latent_seed"]
    return given["all_prompt_embeds_torch"], [given["all_prompt_embeds_torch"]], [given["torch_add_text_embeds"]]


def prepare_input_tensors(given: Given) -> None:
    assert len(given["host_tensors"]) == 3
    given["self"].ready = True


def compile_image_processing(given: Given) -> None:
    assert given["self"].ready
    given["self"].compiled, given["self"].ready = True, False


def generate_images(given: Given) -> list[Any]:
    import torch

    made = given["self"]
    assert made.compiled
    assert made.ready
    made.height, made.width = made.pipeline_config.image_resolution
    picture = _pictures({"self": made, "seed": made.seed}, 1)[0]
    return [torch.from_numpy(picture).permute(2, 0, 1) / 127.5 - 1] * made.batch_size
