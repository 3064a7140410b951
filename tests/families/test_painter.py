"""SDXL and SD 3.5 draw as diffusers' own pipelines do, several pictures at once, from prompts encoded once."""

from __future__ import annotations

import gc
import socket
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from ttvideo import families
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled
from ttvideo.families import images
from ttvideo.families.family import Event, PhaseEvent, Prompt, Run, Shot, StepEvent
from ttvideo.media.frames import save_frame, to_pixels

# diffusers 0.42 on numpy 2, in its Euler scheduler.

CAT, DOG = Prompt("a red cat at the fair"), Prompt("a dog in the rain", "blurry")
SAME = 1e-4
"""Largest difference, of 1, between pictures of the same calculation in another order."""


def silent(event: Event) -> None:
    pass


def shot(painter: Any, prompt: Prompt = CAT, start: Any = None, strength: float = 0.6, **params: Any) -> Shot:
    family = families.find(painter.model.published.id)
    given = {"steps": 5, "guidance": 4.0, "seed": 7, "width": 64, "height": 64} | params
    return Shot(prompt, family.Params(**given), start, strength)


def draw(painter: Any, *shots: Shot, on_event: Callable[[Event], None] = silent) -> Any:
    painter.encode([shot.prompt for shot in shots], silent)
    return np.stack(painter.draw(shots, on_event))


def plain(painter: Any, folder: Path, pipeline: str, **arguments: Any) -> Any:
    """What the same call of diffusers' own pipeline makes: [n, height, width, 3]."""
    pipe = getattr(diffusers, pipeline).from_pretrained(folder / painter.model.published.id, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe(num_inference_steps=5, guidance_scale=4.0, output_type="np", **arguments).images


def picture() -> Any:
    """Soft colours, uint8 [64, 64, 3]."""
    x, y = np.meshgrid(np.linspace(0, 255, 64), np.linspace(0, 255, 64))
    return np.stack([x, y, 255 - x], axis=-1).astype(np.uint8)


def test_pictures_are_whole_and_the_same_each_time(painter: Any) -> None:
    first = draw(painter, shot(painter), shot(painter, DOG))
    assert first.shape == (2, 64, 64, 3)
    assert first.dtype == np.float32
    assert [to_pixels(frame).shape for frame in first] == [(64, 64, 3)] * 2
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, draw(painter, shot(painter), shot(painter, DOG)))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"prompt": Prompt("a dog at night")},
        {"prompt": Prompt(CAT.text, "blurry")},
        {"guidance": 6.0},
        {"guidance": 1.0},
        {"steps": 6},
    ],
    ids=str,
)
def test_everything_that_is_asked_for_changes_the_picture(painter: Any, change: dict[str, Any]) -> None:
    assert np.abs(draw(painter, shot(painter)) - draw(painter, shot(painter, **change))).max() > 10 * SAME


def test_width_and_height_are_those_asked_for(painter: Any) -> None:
    assert draw(painter, shot(painter, width=96, height=128)).shape == (1, 128, 96, 3)


def test_without_guidance_the_negative_prompt_is_not_read(painter: Any) -> None:
    one, other = (shot(painter, Prompt(CAT.text, negative), guidance=1.0) for negative in ("", "blurry"))
    assert np.array_equal(draw(painter, one), draw(painter, other))


def test_a_picture_is_that_of_diffusers_own_call(painter: Any, random_models: Path) -> None:
    for prompt in (CAT, DOG):
        expected = plain(
            painter,
            random_models,
            painter.model.published.pipeline,
            prompt=prompt.text,
            # An empty one and none are two things to SDXL; who types nothing gives none.
            negative_prompt=prompt.negative or None,
            width=64,
            height=64,
            generator=torch.Generator().manual_seed(7),
        )
        assert np.allclose(draw(painter, shot(painter, prompt)), expected, atol=SAME)


def test_a_picture_from_a_picture_is_that_of_diffusers_own_call(painter: Any, random_models: Path) -> None:
    size = {"width": 64, "height": 64} if painter.model.from_picture_is_sized else {}
    expected = plain(
        painter,
        random_models,
        painter.model.from_picture,
        prompt=DOG.text,
        negative_prompt=DOG.negative,
        image=torch.from_numpy(picture()).permute(2, 0, 1)[None] / 255,
        strength=0.6,
        generator=torch.Generator().manual_seed(7),
        **size,
    )
    assert np.allclose(draw(painter, shot(painter, DOG, picture(), 0.6)), expected, atol=SAME)


@pytest.mark.parametrize("start", [None, picture()], ids=["from noise", "from a picture"])
def test_a_batch_is_like_its_pictures_one_by_one_in_any_order(painter: Any, start: Any) -> None:
    shots = [shot(painter, CAT, start), shot(painter, DOG, start, seed=8), shot(painter, CAT, start, seed=9)]
    together = draw(painter, *shots)
    single = np.concatenate([draw(painter, one) for one in shots])
    assert np.allclose(together, single, atol=SAME)
    assert np.allclose(together, draw(painter, *reversed(shots))[::-1], atol=SAME)
    assert min(np.abs(together[a] - together[b]).max() for a, b in ((0, 1), (0, 2), (1, 2))) > 10 * SAME


def test_a_storyboard_is_encoded_at_once_and_only_once(painter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: dict[str, list[int]] = {}
    for name in painter.model.encoders:
        encoder = getattr(painter.pipe, name)

        def counted(ids: Any, *rest: Any, name: str = name, forward: Any = encoder.forward, **more: Any) -> Any:
            batches.setdefault(name, []).append(len(ids))
            return forward(ids, *rest, **more)

        monkeypatch.setattr(encoder, "forward", counted)
    prompts = [Prompt(f"a cat at the fair {number}", "blurry") for number in range(5)]
    painter.encode(prompts, silent)
    for prompt in prompts:
        painter.draw([shot(painter, prompt, steps=1)], silent)
    painter.encode(prompts, silent)
    # Five prompts, and the negative one that they share.
    assert batches == {name: [6] for name in painter.model.encoders}
    batches.clear()
    painter.encode([Prompt(f"a cat {number}") for number in range(70)], silent)
    assert batches == {name: [64, 7] for name in painter.model.encoders}


def test_freed_text_encoders_are_gone_and_come_back(painter: Any) -> None:
    expected = draw(painter, shot(painter), shot(painter, DOG))
    encoders = [weakref.ref(getattr(painter.pipe, name)) for name in painter.model.encoders]
    painter.encode([CAT, DOG], silent, free=True)
    gc.collect()
    assert [encoder() for encoder in encoders] == [None] * len(encoders)
    assert np.array_equal(np.stack(painter.draw([shot(painter), shot(painter, DOG)], silent)), expected)
    # Also with a start picture, whose pipeline is another one.
    assert len(painter.draw([shot(painter, CAT, picture())], silent)) == 1
    events: list[Event] = []
    painter.encode([DOG], events.append)
    assert events[0] == PhaseEvent(Phase.LOADING, len(encoders))
    assert np.array_equal(draw(painter, shot(painter), shot(painter, DOG)), expected)


def test_strength_says_how_far_to_leave_the_picture(painter: Any) -> None:
    steps = []
    frames = []
    for strength in (0.0, 0.4, 1.0):
        events: list[Event] = []
        frames.append(draw(painter, shot(painter, CAT, picture(), strength), on_event=events.append)[0])
        steps.append(next(event.total for event in events if isinstance(event, PhaseEvent)))
    assert steps == [1, 2, 5]
    frames.append(draw(painter, shot(painter))[0])
    for one in range(4):
        for other in range(one):
            assert np.abs(frames[one] - frames[other]).max() > 10 * SAME, (one, other)


def test_phases_steps_and_previews_come_in_order(painter: Any) -> None:
    events: list[Event] = []
    previews = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, StepEvent) and event.preview is not None:
            previews.append(event.preview())

    draw(painter, shot(painter), shot(painter, DOG), on_event=on_event)
    phases = [event.phase for event in events if isinstance(event, PhaseEvent)]
    assert phases == [Phase.DENOISING, Phase.DECODING]
    steps = [(event.step, event.total) for event in events if isinstance(event, StepEvent)]
    assert steps == [*((step, 5) for step in range(1, 6)), (1, 2), (2, 2)]
    # One point is not a line: there is none of the first step.
    assert [preview.shape for preview in previews] == [(2, 8, 8, 3)] * 4
    assert previews[0].dtype == np.uint8
    assert not np.array_equal(previews[0], previews[-1])


def test_the_last_preview_is_of_the_latents_that_become_the_picture(painter: Any) -> None:
    expected = []

    def look(pipe: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        expected.append(tensors["latents"])
        return {}

    shown: list[Any] = []

    def on_event(event: Event) -> None:
        if isinstance(event, StepEvent) and event.preview is not None:
            shown.append(event.preview())

    draw(painter, shot(painter), on_event=on_event)
    tokens, whole = painter._embeddings[CAT.text]
    negative, negative_whole = painter._negative(CAT)
    with torch.inference_mode():
        painter.pipe(
            prompt_embeds=tokens[None],
            pooled_prompt_embeds=whole[None],
            negative_prompt_embeds=negative[None],
            negative_pooled_prompt_embeds=negative_whole[None],
            width=64,
            height=64,
            num_inference_steps=5,
            guidance_scale=4.0,
            generator=torch.Generator().manual_seed(7),
            output_type="latent",
            callback_on_step_end=look,
        )
    assert np.abs(shown[-1].astype(int) - painter.preview(expected[-1]).astype(int)).max() <= 1


@pytest.mark.parametrize("start", [None, picture()], ids=["from noise", "from a picture"])
def test_a_cancelled_drawing_leaves_nothing_behind(painter: Any, start: Any) -> None:
    expected = draw(painter, shot(painter, CAT, start))

    def cancel(event: Event) -> None:
        if isinstance(event, StepEvent) and event.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        draw(painter, shot(painter, CAT, start), shot(painter, DOG, start), on_event=cancel)
    assert np.array_equal(draw(painter, shot(painter, CAT, start)), expected)


def test_a_single_picture_is_a_run_of_one_frame(painter: Any, tmp_path: Path) -> None:
    params = shot(painter).params
    ((index, frame),) = painter.run(Run(CAT.text, "", params), silent)
    assert index == 0
    assert np.array_equal(frame, draw(painter, shot(painter))[0])
    assert list(painter.run(Run(CAT.text, "", params, have=frozenset({0})), silent)) == []
    save_frame(picture(), tmp_path / "start.png", None)
    begun = params.model_copy(update={"start_image": str(tmp_path / "start.png"), "strength": 0.4})
    ((_, frame),) = painter.run(Run(CAT.text, "", begun), silent)
    assert np.array_equal(frame, draw(painter, shot(painter, CAT, picture(), 0.4))[0])


def test_nothing_is_asked_of_the_network(
    painter: Any, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    family = families.find(painter.model.published.id)
    again: Any = family.load("cpu", None, silent)
    draw(again, shot(again), shot(again, DOG))
    again.encode([CAT], silent, free=True)
    again.encode([DOG], silent)
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert not family.checkpoints()[0].installed


def test_a_processor_with_bfloat16_computes_in_it(
    painter: Any, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "cpu_has_bfloat16", lambda: True)
    half: Any = families.find(painter.model.published.id).load("cpu", None, silent)
    kinds = {
        parameter.dtype
        for part in half.pipe.components.values()
        if hasattr(part, "parameters")
        for parameter in part.parameters()
    }
    assert kinds == {torch.bfloat16}
    frame = draw(half, shot(half))[0]
    assert to_pixels(frame).std() > 0
    # 8 bits of precision in each of some hundred operations.
    assert np.abs(frame - draw(painter, shot(painter))[0]).mean() < 0.1


def test_a_gpus_half_precision_leaves_the_vae_in_full(installed: Path) -> None:
    """On a CPU here, where it is slow and the same."""
    from ttvideo.families.painter import Painter, Parts
    from ttvideo.families.sdxl import MODEL

    parts = Parts(MODEL, installed / "sdxl", torch.float16, "cpu")
    half = Painter(parts, parts.vae(), parts.denoiser(), {name: parts.encoder(name) for name in MODEL.encoders})
    full: Any = families.find("sdxl").load("cpu", None, silent)
    for one in (shot(half, steps=2), shot(half, CAT, picture(), steps=2)):
        frame = draw(half, one)[0]
        assert half.pipe.unet.dtype == torch.float16
        assert half.pipe.vae.dtype == torch.float32
        assert np.abs(frame - draw(full, one)[0]).mean() < 0.05


def test_a_batch_on_a_processor_is_one(painter: Any) -> None:
    assert painter.largest_batch(shot(painter).params) == 1


def test_a_batch_on_a_gpu_is_what_its_free_memory_holds(painter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 0
    monkeypatch.setattr(painter._parts, "device", "cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, 2**40))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 2**20)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 2**20)

    # What is not on the device yet takes of what is free.
    parts = [part for part in painter.pipe.components.values() if isinstance(part, torch.nn.Module)]
    coming = sum(weight.nbytes for part in parts for weight in part.parameters())

    def batch(gigabytes: float, side: int = 1024) -> int:
        nonlocal free
        free = coming + int(gigabytes * 2**30)
        return int(painter.largest_batch(shot(painter, width=side, height=side).params))

    # About a third of a gigabyte each, in half of what is free.
    assert [batch(gigabytes) for gigabytes in (0, 0.5, 80)] == [1, 1, 8]
    assert batch(2, 512) == 8
    assert batch(3, 2048) == 1
    assert 1 < batch(2) < batch(3) < 8
    one = 2 * painter.model.bytes_per_pixel * 64 * 64 / 2**30
    assert [batch(count * one, 64) for count in (2.5, 3.5, 7.5)] == [2, 3, 7]
