"""Steps in which most blocks of a video transformer are left out: which, what that changes, and how a clip goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from support.clip_cases import CASES, FIRST, Made, Model, each_transformer
from ttvideo import families
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled
from ttvideo.families.clips.dry_run import Peak, Working
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.family import Event, PhaseEvent, StepEvent, WithinEvent

STEPS = 7
WHOLE = [0, 1, 2, 6]
"""Of seven steps: the first fifth, and from there on every fourth."""
ALWAYS: dict[str, Any] = {"steps": STEPS, "cache": "first-block", "cache_threshold": 1.0}
two_denoisers = pytest.mark.parametrize("case", [case for case in CASES if case.checkpoint == "wan2.2-a14b"], ids=str)
wan = pytest.mark.parametrize("case", [FIRST["wan"]], ids=str)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClipPipeline, "working", lambda *args, **options: Working(0, 0, 0))


def counted(model: Model, **asked: Any) -> tuple[Made, list[int]]:
    """What is made, and in each step how many of the later blocks did their work."""
    parts, steps = model.pipeline.parts, [0]

    def count(*_: object) -> None:
        steps[-1] += 1

    def see(event: Event) -> None:
        nonlocal steps
        if isinstance(event, PhaseEvent) and event.phase == Phase.DENOISING:
            steps = [0]
        elif isinstance(event, PhaseEvent) and event.phase == Phase.DECODING:
            steps.pop()
        elif isinstance(event, StepEvent):
            steps.append(0)

    denoisers = [parts.get(name) for name in model.pipeline.model.denoisers if name in parts.names]
    hooks = [
        next(each for each in block.modules() if isinstance(each, torch.nn.Linear)).register_forward_pre_hook(count)
        for denoiser in denoisers
        for block in model.pipeline.model.blocks(denoiser)[1:]
    ]
    try:
        made = model.run(see, **asked)
    finally:
        for hook in hooks:
            hook.remove()
    return made, steps[:STEPS]


@each_transformer
@pytest.mark.usefixtures("unmeasured")
def test_blocks_are_left_out_and_a_clip_goes_on_where_that_needs_nothing_remembered(model: Model) -> None:
    exact, all_steps = counted(model, steps=STEPS)
    quick, steps = counted(model, **ALWAYS)
    assert all(all_steps)
    assert [step for step, count in enumerate(steps) if count] == WHOLE
    assert np.abs(exact.frames - quick.frames).max() > 1e-5
    kept = [event.step for event in quick.events if isinstance(event, StepEvent) and event.state is not None]
    assert kept == [1, 2, 6, 7]
    for state in quick.states[1:3]:
        assert np.array_equal(quick.frames, model.run(state=state, **ALWAYS).frames)
    assert np.array_equal(exact.frames, model.run(steps=STEPS).frames), "nothing of it is left in the model"


@two_denoisers
@pytest.mark.usefixtures("unmeasured")
def test_of_two_denoisers_each_remembers_its_own(model: Model) -> None:
    quick, steps = counted(model, **ALWAYS)
    assert [step for step, count in enumerate(steps) if count] == [0, 1, 2, 3, 6], "from the fourth on it is the other"
    assert np.array_equal(quick.frames, model.run(state=quick.states[1], **ALWAYS).frames)


@wan
@pytest.mark.usefixtures("unmeasured")
def test_the_threshold_decides_how_many(model: Model) -> None:
    def whole(threshold: float) -> int:
        return sum(map(bool, counted(model, **ALWAYS | {"cache_threshold": threshold})[1]))

    assert whole(0.001) == STEPS > whole(0.09) > whole(1.0) == len(WHOLE)


@wan
@pytest.mark.usefixtures("unmeasured")
def test_a_cancel_within_a_step_that_is_cut_does_no_harm_and_progress_grows_in_it(model: Model) -> None:
    quick = model.run(**ALWAYS)
    seen: list[float] = []

    def stop(event: Event) -> None:
        if isinstance(event, StepEvent) and event.total == STEPS:
            seen.append(-float(event.step))
        elif isinstance(event, WithinEvent) and seen and seen[-1] != -1 and min(seen) == -4:
            seen.append(event.part)
            if event.part >= 0.75:
                raise Cancelled

    with pytest.raises(Cancelled):
        model.run(stop, **ALWAYS)
    assert seen[-4:] == [0.0, 0.25, 0.5, 0.75]
    assert np.array_equal(quick.frames, model.run(**ALWAYS).frames)


@wan
def test_what_is_remembered_is_part_of_what_a_clip_is_said_to_need(model: Model) -> None:
    params = model.asked(**ALWAYS).params
    exact = model.pipeline.working(model.asked(steps=STEPS).params, tiled=False)
    said = model.pipeline.working(params, tiled=False)
    assert said.denoising > exact.denoising
    list(model.pipeline.run(model.asked(**ALWAYS), lambda event: None))
    with Peak() as peak:
        list(model.pipeline.run(model.asked(**ALWAYS), lambda event: None))
    assert max(said.denoising, said.decoding) == pytest.approx(peak.peak, rel=0.15)


def test_a_threshold_without_a_cache_is_said_to_change_nothing() -> None:
    family = families.find("ltx")
    _, notes = family.fit(family.Params.model_validate({"cache_threshold": 0.3}))
    assert notes == ["Without a step cache its threshold changes nothing."]
