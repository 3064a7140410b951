"""The bundled model draws single pictures: each a clip of one frame, several in one call."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ttvideo import families
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled
from ttvideo.families.family import Event, PhaseEvent, Prompt, Run, Shot, StepEvent
from ttvideo.media.frames import to_pixels

BALL, STAR = Prompt("a red ball bouncing on green grass"), Prompt("a yellow star at night", "a ball")
SAME = 1e-4


def silent(event: Event) -> None:
    pass


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return families.find("tiny").load("cpu", None, silent)


def shot(prompt: Prompt = BALL, start: Any = None, strength: float = 0.6, **params: Any) -> Shot:
    return Shot(prompt, families.find("tiny").Params(**({"steps": 5, "seed": 7} | params)), start, strength)


def draw(pipeline: Any, *shots: Shot, on_event: Callable[[Event], None] = silent) -> Any:
    pipeline.encode([shot.prompt for shot in shots], silent)
    return np.stack(pipeline.draw(shots, on_event))


def test_a_picture_is_the_frame_of_a_clip_of_one(pipeline: Any) -> None:
    for prompt in (BALL, STAR):
        params = shot(frames=1).params
        ((_, frame),) = pipeline.run(Run(prompt.text, prompt.negative, params), silent)
        picture = draw(pipeline, shot(prompt))[0]
        assert np.allclose(picture, frame, atol=SAME)
        assert to_pixels(picture).shape == (128, 128, 3)


def test_the_motion_modules_see_one_frame_of_each(pipeline: Any) -> None:
    from diffusers.models.attention import BasicTransformerBlock

    seen = []

    def look(block: Any, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        seen.append((inputs[0] if inputs else named["hidden_states"]).shape[1])

    hooks = [
        block.register_forward_pre_hook(look, with_kwargs=True)
        for name, block in pipeline.pipe.unet.named_modules()
        if isinstance(block, BasicTransformerBlock) and "motion_modules" in name
    ]
    try:
        draw(pipeline, shot(), shot(STAR), shot(seed=9))
    finally:
        for hook in hooks:
            hook.remove()
    assert set(seen) == {1}


@pytest.mark.parametrize("started", [False, True], ids=["from noise", "from a picture"])
def test_a_batch_is_like_its_pictures_one_by_one(pipeline: Any, started: bool) -> None:
    start = to_pixels(draw(pipeline, shot(STAR, seed=1))[0]) if started else None
    shots = [shot(BALL, start), shot(STAR, start, seed=8), shot(BALL, start, seed=9)]
    together = draw(pipeline, *shots)
    assert np.allclose(together, np.concatenate([draw(pipeline, one) for one in shots]), atol=SAME)
    assert np.array_equal(together, draw(pipeline, *shots))
    assert min(np.abs(together[a] - together[b]).max() for a, b in ((0, 1), (0, 2), (1, 2))) > 10 * SAME


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"prompt": STAR}, {"guidance": 6.0}, {"guidance": 1.0}, {"steps": 6}], ids=str
)
def test_everything_that_is_asked_for_changes_the_picture(pipeline: Any, change: dict[str, Any]) -> None:
    assert np.abs(draw(pipeline, shot()) - draw(pipeline, shot(**change))).max() > 10 * SAME


def test_the_less_strength_the_nearer_to_the_picture_it_begins_with(pipeline: Any) -> None:
    start = to_pixels(draw(pipeline, shot(STAR, steps=10))[0])
    distances = []
    for strength in (0.0, 0.4, 0.8):
        events: list[Event] = []
        frame = draw(pipeline, shot(BALL, start, strength, steps=10), on_event=events.append)[0]
        distances.append(np.abs(frame - start / 255).mean())
        assert next(e.total for e in events if isinstance(e, PhaseEvent)) == max(1, round(10 * strength))
    assert distances == sorted(distances)
    assert distances[0] < distances[-1] / 2


def test_the_text_encoder_is_freed_and_comes_back(pipeline: Any) -> None:
    expected = draw(pipeline, shot(), shot(STAR))
    encoder = weakref.ref(pipeline.pipe.text_encoder)
    pipeline.encode([BALL, STAR], silent, free=True)
    gc.collect()
    assert encoder() is None
    assert np.array_equal(np.stack(pipeline.draw([shot(), shot(STAR)], silent)), expected)
    # A clip after a storyboard.
    assert len(list(pipeline.run(Run(BALL.text, "", shot(frames=2, steps=1).params), silent))) == 2
    pipeline.encode([STAR], silent, free=True)
    assert np.array_equal(draw(pipeline, shot(), shot(STAR)), expected)


def test_phases_steps_and_previews_come_in_order(pipeline: Any) -> None:
    events: list[Event] = []
    previews = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, StepEvent) and event.preview is not None:
            previews.append(event.preview())

    frames = draw(pipeline, shot(), shot(STAR), on_event=on_event)
    assert [event.phase for event in events if isinstance(event, PhaseEvent)] == [Phase.DENOISING, Phase.DECODING]
    steps = [(event.step, event.total) for event in events if isinstance(event, StepEvent)]
    assert steps == [*((step, 5) for step in range(1, 6)), (1, 2), (2, 2)]
    assert [preview.shape for preview in previews] == [(2, 64, 64, 3)] * 5
    for preview, frame in zip(previews[-1], frames, strict=True):
        small = frame.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
        assert np.abs(preview / 255 - small).mean() < 0.1


def test_a_cancelled_drawing_leaves_nothing_behind(pipeline: Any) -> None:
    expected = draw(pipeline, shot())

    def cancel(event: Event) -> None:
        if isinstance(event, StepEvent) and event.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        draw(pipeline, shot(STAR), shot(), on_event=cancel)
    assert np.array_equal(draw(pipeline, shot()), expected)


def test_a_batch_is_of_eight(pipeline: Any) -> None:
    assert pipeline.largest_batch(shot().params) == 8
