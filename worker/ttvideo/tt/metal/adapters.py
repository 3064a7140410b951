"""How each of tt-metal's pipelines is made and asked, and what it reports.

The parameters are those of the versions recorded in tests/support/tt_metal/signatures.json, whose commits are there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from ttvideo.tt.engine.session import Session

    Pixels = npt.NDArray[np.uint8]

Call = Callable[..., Any]
"""`program.call`: (function, arguments, arguments it may know)."""


@dataclass(frozen=True)
class Asked:
    """What a clip or picture is to be. A picture is a clip of one frame."""

    checkpoint: str
    """Folder in diffusers' format."""
    prompt: str
    negative_prompt: str
    steps: int
    guidance: float
    seed: int
    width: int
    height: int
    frames: int = 1
    flow_shift: float | None = None
    """Of Wan; None: tt-metal's own."""
    picture: torch.Tensor | None = None
    """uint8 [height, width, 3], that the clip begins with."""

    @classmethod
    def of(cls, arguments: Mapping[str, Any], picture: torch.Tensor | None) -> Asked:
        values = {name: value for name, value in arguments.items() if name != "pipeline"}
        return cls(**values, picture=picture)


@dataclass(frozen=True)
class Adapter:
    baked: Callable[[Asked], tuple[object, ...]]
    """What of it a pipeline is made for: with the same it is used again."""
    make: Callable[[Any, Any, Asked, Call], Any]
    """(class, mesh, asked, call): a pipeline on the mesh. Weights are loaded, kernels compiled."""
    draw: Callable[[Any, Asked, Session, Call], Pixels]
    """(pipeline, asked, session, call): uint8 [frames, height, width, 3]."""


def _clip(asked: Asked) -> tuple[object, ...]:
    return asked.checkpoint, asked.width, asked.height, asked.frames


def _picture(asked: Asked) -> tuple[object, ...]:
    return asked.checkpoint, asked.width, asked.height


def _make_clip(pipeline: Any, mesh: Any, asked: Asked, call: Call) -> Any:
    return call(pipeline.create_pipeline, {"mesh_device": mesh, **_sized(asked), "num_frames": asked.frames})


def _make_picture(pipeline: Any, mesh: Any, asked: Asked, call: Call) -> Any:
    return call(pipeline.create_pipeline, {"mesh_device": mesh, **_sized(asked)})


def _draw_mochi(made: Any, asked: Asked, session: Session, call: Call) -> Pixels:
    videos = call(_called(made), {**_texts(asked), "on_event": _Events(session, asked.steps)})
    # As many as the latent frames stand for. Those before the last `frames` are not of the clip, as in diffusers'
    # AutoencoderKLMochi._decode.
    return _pixels(videos[0])[-asked.frames :]


def _draw_wan(made: Any, asked: Asked, session: Session, call: Call) -> Pixels:
    given = {**_texts(asked), "guidance_scale_2": asked.guidance, "output_type": "uint8"}
    if asked.flow_shift is not None:
        given["flow_shift"] = asked.flow_shift
    if asked.picture is not None:
        from PIL import Image

        given["image_prompt"] = Image.fromarray(asked.picture.numpy())
    # A clip in which steps are skipped is another one than the model makes.
    videos = call(_called(made), {**given, "on_event": _Events(session, asked.steps)}, {"cache_config": None})
    return _pixels(videos[0])


def _draw_sd35(made: Any, asked: Asked, session: Session, call: Call) -> Pixels:
    return _pixels(call(_called(made), {**_texts(asked), "on_event": _Events(session, asked.steps)}))


def _make_sdxl(pipeline: Any, mesh: Any, asked: Asked, call: Call) -> Any:
    from diffusers import StableDiffusionXLPipeline

    # tt-metal's is made of diffusers' pipeline, in float32 as it is read, and takes its weights.
    origin = StableDiffusionXLPipeline.from_pretrained(asked.checkpoint, use_safetensors=True, add_watermarker=False)
    config = {
        "num_inference_steps": asked.steps,
        "guidance_scale": asked.guidance,
        "is_galaxy": False,
        "image_resolution": (asked.height, asked.width),
        # A recorded run needs a region of DRAM that is set aside when the mesh is opened.
        "capture_trace": False,
    }
    settings = call(sys.modules[pipeline.__module__].TtSDXLPipelineConfig, config)
    return call(pipeline, {"ttnn_device": mesh, "torch_pipeline": origin, "pipeline_config": settings})


def _draw_sdxl(made: Any, asked: Asked, session: Session, call: Call) -> Pixels:
    """Step by step, as tt-inference-server's sdxl_generate_runner_trace.py does it."""
    call(made.set_num_inference_steps, {"num_inference_steps": asked.steps})
    call(made.set_guidance_scale, {"guidance_scale": asked.guidance})
    session.phase("encoding")
    call(made.compile_text_encoding, {})
    # It draws a picture on each chip; the first is the one that is asked for.
    others = [""] * (made.batch_size - 1)
    texts = {"prompts": [asked.prompt, *others], "negative_prompts": [asked.negative_prompt, *others]}
    embeddings, pooled = call(made.encode_prompts, texts)
    inputs = {"all_prompt_embeds_torch": embeddings, "torch_add_text_embeds": pooled}
    latents, prompt, text = call(made.generate_input_tensors, {**inputs, "start_latent_seed": asked.seed})
    tensors = {"host_tensors": [latents, prompt[0], text[0]]}
    call(made.prepare_input_tensors, tensors)
    session.phase("compiling")
    call(made.compile_image_processing, {})
    # Compiling was a run, too, which has changed the latents.
    call(made.prepare_input_tensors, tensors)
    session.phase("denoising")
    pictures = call(made.generate_images, {})
    session.phase("decoding")
    processor = made.torch_pipeline.image_processor
    return _pixels(processor.postprocess(pictures[0].unsqueeze(0), output_type="pil"))


ADAPTERS: Mapping[str, Adapter] = {
    "mochi-1": Adapter(_clip, _make_clip, _draw_mochi),
    "wan2.2-a14b": Adapter(_clip, _make_clip, _draw_wan),
    "wan2.2-i2v-a14b": Adapter(_clip, _make_clip, _draw_wan),
    "sd35-large": Adapter(_picture, _make_picture, _draw_sd35),
    "sdxl": Adapter(_picture, _make_sdxl, _draw_sdxl),
}


class _Events:
    """What tt_dit's pipelines report (models/tt_dit/pipelines/events.py@6b346cd5745f), as the engine reports it.

    SD 3.5 has a section for each step, Wan an event after it, Mochi neither. Raises Cancelled, which ends the run.
    """

    PHASES: Mapping[str, str] = {"encoder": "encoding", "denoising": "denoising", "vae": "decoding"}

    def __init__(self, session: Session, steps: int) -> None:
        self._session, self._steps = session, steps

    def __call__(self, event: Any) -> None:
        kind, name = type(event).__name__, getattr(event, "name", "")
        if kind == "SectionStart" and name in self.PHASES:
            phase = self.PHASES[name]
            self._session.phase(phase, self._steps if phase == "denoising" else 0)
        elif kind == "SectionEnd" and name.startswith("denoising_step_"):
            self._session.step(int(name.removeprefix("denoising_step_")) + 1, self._steps)
        elif kind == "DenoiseStep":
            self._session.step(event.step, event.total)


def _called(made: Any) -> Any:
    """A pipeline's __call__, by name: its signature is looked at."""
    return made.__call__


def _sized(asked: Asked) -> dict[str, Any]:
    return {"checkpoint_name": asked.checkpoint, "width": asked.width, "height": asked.height}


def _texts(asked: Asked) -> dict[str, Any]:
    return {
        "prompts": [asked.prompt],
        "negative_prompts": [asked.negative_prompt],
        "num_inference_steps": asked.steps,
        "guidance_scale": asked.guidance,
        "seed": asked.seed,
    }


def _pixels(frames: Sequence[Any] | Pixels) -> Pixels:
    """Of PIL images or an array of uint8 [frames, height, width, 3]."""
    import numpy as np

    return np.ascontiguousarray(np.stack([np.asarray(frame) for frame in frames]))
