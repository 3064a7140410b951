"""The family AnimateDiff on a mock board, through the engine, with a tiny random checkpoint: what the CPU makes."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from support.random_clips import make_clip_models
from support.tt_vae import like_stable_diffusion
from ttvideo import families
from ttvideo.contract import GenerateRequest
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families import animatediff
from ttvideo.families.animatediff_unet import still
from ttvideo.families.family import Event, NoteEvent, Run, StepEvent
from ttvideo.tt.device import DEVICE
from ttvideo.tt.nn import division

PROMPT, NEGATIVE = "a red ball in the rain", "blurry"
ALIKE = 35.0
"""dB. What bfloat16 costs; another clip of these random weights has 11."""


@pytest.fixture(scope="module", autouse=True)
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One engine for all tests, and one checkpoint."""
    folder = tmp_path_factory.mktemp("models")
    make_clip_models(folder, "animatediff", "animatediff-v1-5-2")
    torch.manual_seed(0)
    vae = like_stable_diffusion(32, 32, 32, 64, layers_per_block=1, norm_num_groups=8)
    vae.save_pretrained(folder / "animatediff" / "vae")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTVIDEO_BOARD", "n150")
        patch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)
        patch.setenv("TTVIDEO_MODELS", str(folder))
        patch.setenv("TTVIDEO_CACHE", str(folder / "cache"))
        yield
        DEVICE.close()


def params(**about: Any) -> animatediff.Params:
    given = {"steps": 3, "seed": 5, "frames": 4, "width": 64, "height": 64, "guidance": 7.5}
    return animatediff.Params.model_validate(given | about)


def clip(device: str, asked: animatediff.Params, events: list[Event] | None = None, **more: Any) -> Any:
    heard: list[Event] = [] if events is None else events
    pipeline = animatediff.FAMILY.load(device, asked, heard.append)
    return np.stack([frame for _, frame in pipeline.run(Run(PROMPT, NEGATIVE, asked, **more), heard.append)])


def psnr(one: Any, other: Any) -> float:
    return -10 * math.log10(float(((np.asarray(one) - np.asarray(other)) ** 2).mean()))


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"scheduler": "euler", "guidance": 1.0},
        {"scheduler": "lcm"},
        {"scheduler": "pndm", "steps": 4},
        {"motion": False},
        {"travel": "2: a cat at night"},
    ],
    ids=str,
)
def test_a_board_makes_the_clip_that_the_cpu_makes(about: dict[str, Any]) -> None:
    asked = params(**about)
    events: list[Event] = []
    made = clip("tt", asked, events)
    assert made.shape == (4, 64, 64, 3)
    assert psnr(made, clip("cpu", asked)) > ALIKE
    notes = [event.text for event in events if isinstance(event, NoteEvent)]
    assert any("Simulated numerics" in note for note in notes)
    assert not any("on the host:" in note for note in notes)


def test_the_host_decodes_what_boards_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder of this checkpoint is narrower than a board's tiles."""
    monkeypatch.setenv("TTVIDEO_MODELS", str(make_clip_models(tmp_path, "animatediff", "animatediff-v1-5-2")))
    asked, events = params(steps=1, frames=2), list[Event]()
    assert psnr(clip("tt", asked, events), clip("cpu", asked)) > ALIKE
    (note,) = [event.text for event in events if isinstance(event, NoteEvent) and "on the host:" in event.text]
    assert note.startswith("The frames are decoded on the host: A board cannot norm 16 channels in 8 groups")


def test_it_goes_on_where_it_stopped() -> None:
    asked, events = params(scheduler="lcm"), list[Event]()
    whole = clip("tt", asked, events)
    (second,) = [event for event in events if isinstance(event, StepEvent) and event.step == 2 and event.state]
    assert second.state is not None
    assert second.preview is not None
    assert second.preview().shape[0] == 4
    again: list[Event] = []
    assert np.array_equal(clip("tt", asked, again, state=second.state()), whole)
    assert [event.step for event in again if isinstance(event, StepEvent) and event.state] == [3]
    assert np.array_equal(clip("tt", asked, have=frozenset({0, 2}), state=second.state()), whole[[1, 3]])


def test_it_is_cancelled_between_steps_and_the_board_is_used_again() -> None:
    asked = params(scheduler="lcm")

    def stop(event: Event) -> None:
        if isinstance(event, StepEvent) and event.state is not None:
            raise Cancelled

    pipeline = animatediff.FAMILY.load("tt", asked, lambda event: None)
    with pytest.raises(Cancelled):
        list(pipeline.run(Run(PROMPT, NEGATIVE, asked), stop))
    frames = [frame for _, frame in pipeline.run(Run(PROMPT, NEGATIVE, asked), lambda event: None)]
    assert np.array_equal(np.stack(frames), clip("tt", asked))


def test_frames_one_by_one_are_phase_2_of_the_lesson() -> None:
    """Each as diffusers' own Stable Diffusion makes it of the same noise and text."""
    asked, events = params(frames_apart=True, frames=3, perturbation=0.5), list[Event]()
    made = clip("tt", asked, events)
    np.testing.assert_allclose(made, reference(asked), atol=0.02)
    kept = [event for event in events if isinstance(event, StepEvent) and event.state is not None]
    steps = kept[0].step
    assert [event.step for event in kept] == [steps, 2 * steps, 3 * steps]
    assert kept[0].state is not None
    assert np.array_equal(clip("tt", asked, state=kept[0].state()), made)
    # The less of the noise is its own, the more frames are alike.
    alike = clip("tt", params(frames_apart=True, frames=2, perturbation=0.0))
    assert np.array_equal(alike[0], alike[1])


def reference(asked: animatediff.Params) -> Any:
    import os

    folder = Path(os.environ["TTVIDEO_MODELS"])
    pipe = diffusers.AnimateDiffPipeline.from_pretrained(
        folder / "animatediff",
        motion_adapter=diffusers.MotionAdapter.from_pretrained(folder / "animatediff-v1-5-2"),
        dtype=torch.float32,
    )
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(asked.seed)
    prompt, negative = pipe.encode_prompt(PROMPT, "cpu", 1, True, NEGATIVE)
    texts = [torch.nn.functional.pad(text, (0, 0, 0, 96 - text.shape[1])) for text in (prompt, negative)]
    shape = (1, 4, 1, *[64 // (1 << len(pipe.vae.config.block_out_channels) - 1)] * 2)
    base = torch.randn(shape, generator=generator)
    frames = []
    with torch.inference_mode(), still(pipe.unet):
        for _ in range(asked.frames):
            pipe.scheduler = diffusers.PNDMScheduler.from_pretrained(folder / "animatediff" / "scheduler")
            latents = base + asked.perturbation * torch.randn(shape, generator=generator)
            output = pipe(
                prompt_embeds=texts[0],
                negative_prompt_embeds=texts[1],
                num_frames=1,
                width=64,
                height=64,
                num_inference_steps=asked.steps,
                guidance_scale=asked.guidance,
                latents=latents,
                output_type="np",
            )
            frames.append(output.frames[0][0])
    return np.stack(frames)


@pytest.mark.parametrize(
    ("about", "what"),
    [
        ({"cache": "deep"}, "step cache"),
        ({"guided": 0.5}, "guided part"),
        ({"scheduler": "dpm++"}, "dpm"),
        ({"frames": 40}, "more than 32 frames"),
        ({"adapter": "animatelcm"}, "AnimateLCM, which brings a LoRA"),
        ({"framesApart": True, "travel": "2: a cat"}, "no later prompts"),
        ({"framesApart": True, "adapter": "animatediff-lightning-4"}, "no other motion modules"),
    ],
    ids=str,
)
def test_what_the_program_cannot_do_is_refused_beforehand(about: dict[str, Any], what: str) -> None:
    request = GenerateRequest(model="animatediff", prompt=PROMPT, parameters=about, device="tt")
    with pytest.raises(WorkerError, match=what) as refused:
        families.effective(request)
    assert refused.value.kind == ErrorKind.UNSUPPORTED
    assert ("--device cpu" in refused.value.hint) != ("framesApart" in refused.value.hint)


def test_loras_are_refused_beforehand(tmp_path: Path) -> None:
    save_file({"unet.some.lora.down.weight": torch.zeros(1)}, tmp_path / "style.safetensors")
    asked = {"loras": str(tmp_path / "style.safetensors")}
    request = GenerateRequest(model="animatediff", prompt=PROMPT, parameters=asked, device="tt")
    with pytest.raises(WorkerError, match="cannot do LoRAs"):
        families.effective(request)


def test_a_start_video_is_refused() -> None:
    why = families.refusal(animatediff.FAMILY, "tt", params(start_video="/videos/walk.mp4"))
    assert why is not None
    assert "a start video" in why.message


def test_a_checkpoints_own_scheduler_that_boards_have_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animatediff.MODEL, "scheduler", lambda scheduler, params: diffusers.HeunDiscreteScheduler())
    with pytest.raises(WorkerError, match="HeunDiscreteScheduler is not known here") as refused:
        clip("tt", params(frames_apart=True))
    assert refused.value.kind == ErrorKind.UNSUPPORTED


def test_nothing_untrue_is_said_of_frames_one_by_one() -> None:
    assert animatediff.FAMILY.fit(params(frames_apart=True, frames=40, perturbation=0.5))[1] == []
    (note,) = animatediff.FAMILY.fit(params(perturbation=0.5))[1]
    assert "perturbation changes nothing" in note


def test_frames_one_by_one_are_for_boards_only() -> None:
    request = GenerateRequest(model="animatediff", prompt=PROMPT, parameters={"framesApart": True}, device="cpu")
    with pytest.raises(WorkerError, match="not for the device cpu"):
        families.effective(request)


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        # The second chip has no frame to decode when the first has the third.
        ({"frames": 3}, "Guidance over 2 chips: each chip has 1 video of 3 frames."),
        ({"guidance": 1.0}, "Frames over 2 chips: each chip has 2 frames of a video."),
        ({"guidance": 1.0, "frames": 3}, "2 chips share the heads of all pictures."),
    ],
    ids=["guidance", "frames", "heads"],
)
def test_two_chips_share_a_clip(about: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = params(steps=2, **about)
    DEVICE.close()
    monkeypatch.setenv("TTVIDEO_BOARD", "n300")
    # So small a model is quicker on one chip than two can agree.
    monkeypatch.setattr(division, "COLLECTIVE", 0.0)
    monkeypatch.setattr(division, "ETHERNET", dict.fromkeys(division.ETHERNET, 1e12))
    events: list[Event] = []
    try:
        made = clip("tt", asked, events)
        # The second job uses what is there.
        assert np.array_equal(clip("tt", asked), made)
        assert DEVICE.opening is not None
        assert DEVICE.opening.mesh == (1, 2)
    finally:
        DEVICE.close()
    assert psnr(made, clip("cpu", asked)) > ALIKE
    assert sentence in [event.text for event in events if isinstance(event, NoteEvent)]
