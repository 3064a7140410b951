"""Weights that stay in RAM until their block computes: what is made is the same, whatever happens meanwhile.

Here RAM is the device's memory as well, so what is moved does not move; a GPU's test is `test_on_a_gpu`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffusers.hooks.group_offloading import ModuleGroup, _is_group_offload_enabled

from support.clip_cases import CASES, FIRST, Case, Model
from support.random_loras import lora
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled
from ttvideo.families.clips import plan as planning
from ttvideo.families.clips.dry_run import Working
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.family import Event, PhaseEvent, WithinEvent

ANIMATEDIFF = next(case for case in CASES if case.family == "animatediff")
TWO_DENOISERS = next(case for case in CASES if case.checkpoint == "wan2.2-a14b")


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClipPipeline, "working", lambda *args, **options: Working(0, 0, 0))


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ModuleGroup]]:
    """As a plan for a small GPU; gives the groups whose weights were asked for, one after the other."""
    choose, onload = planning.choose, ModuleGroup.onload_
    asked: list[ModuleGroup] = []

    def small(model: planning.Model, *given: Any, **more: Any) -> planning.Plan:
        names = {*model.encoders, *model.denoisers} & set(model.parts)
        return replace(choose(model, *given, **more), streamed=frozenset(names))

    def onload_(group: ModuleGroup) -> None:
        asked.append(group)
        onload(group)

    monkeypatch.setattr(planning, "choose", small)
    monkeypatch.setattr(ModuleGroup, "onload_", onload_)
    yield asked
    asked.clear()


@pytest.mark.parametrize("case", [*FIRST.values(), ANIMATEDIFF], ids=str)
def test_frames_are_the_same_and_so_are_those_of_a_clip_that_goes_on(
    case: Case, installed: Path, picture: Path, request: pytest.FixtureRequest
) -> None:
    whole = Model(case, picture).run().frames
    asked = request.getfixturevalue("streamed")
    model = Model(case, picture)
    made = model.run(prompt="another text, so that the encoder is asked")
    assert {type(group.onload_leader).__name__ for group in asked} > {"Linear"}, "layers of encoders, and blocks"
    assert not np.array_equal(whole, made.frames)
    made = model.run()
    assert np.array_equal(whole, made.frames)
    assert np.array_equal(whole, model.run(state=made.states[1]).frames)


@pytest.mark.parametrize("case", [TWO_DENOISERS], ids=str)
def test_so_are_those_of_two_denoisers(
    case: Case, installed: Path, picture: Path, request: pytest.FixtureRequest
) -> None:
    whole = Model(case, picture).run().frames
    request.getfixturevalue("streamed")
    assert np.array_equal(whole, Model(case, picture).run().frames)


@pytest.mark.parametrize("phase", [Phase.ENCODING, Phase.DENOISING])
def test_what_a_cancel_finds_in_between_is_not_used_again(
    phase: Phase, installed: Path, picture: Path, request: pytest.FixtureRequest
) -> None:
    case = FIRST["wan"]
    whole = Model(case, picture).run().frames
    request.getfixturevalue("streamed")
    model = Model(case, picture)
    seen: list[Event] = []

    def cancel(event: Event) -> None:
        if isinstance(event, PhaseEvent) and event.phase == phase:
            seen.append(event)
        elif seen and isinstance(event, WithinEvent):
            seen.append(event)
            if len(seen) == 4:
                raise Cancelled

    with pytest.raises(Cancelled):
        model.run(cancel, prompt="a dog")
    part = "text_encoder" if phase == Phase.ENCODING else "transformer"
    assert not model.pipeline.parts.has(part)
    assert np.array_equal(whole, model.run().frames)


def test_loras_and_a_step_cache_work_with_it(
    installed: Path, picture: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    case = FIRST["wan"]
    file = lora(tmp_path, installed, case)
    asked: dict[str, Any] = {"steps": 7, "cache": "first-block", "cache_threshold": 1.0}
    whole = Model(case, picture, loras=str(file)).run(**asked).frames
    groups = request.getfixturevalue("streamed")
    model = Model(case, picture, loras=str(file))
    assert np.array_equal(whole, model.run(**asked).frames)
    blocks = model.pipeline.model.blocks(model.pipeline.parts.get("transformer"))
    arrived = [sum(group.onload_leader is block for group in groups) for block in blocks]
    assert arrived == [14, 8], "the blocks that are left out of three of seven steps are not fetched for them"


def test_with_room_again_the_weights_are_read_again_and_stay(
    installed: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(FIRST["wan"], picture)
    whole = model.run().frames
    before = model.pipeline.parts.get("transformer")
    with monkeypatch.context() as patch:
        choose = planning.choose
        patch.setattr(
            planning,
            "choose",
            lambda *given, **more: replace(choose(*given, **more), streamed=frozenset({"transformer"})),
        )
        assert np.array_equal(whole, model.run().frames)
        assert model.pipeline.parts.get("transformer") is not before
        assert _is_group_offload_enabled(model.pipeline.parts.get("transformer"))
    assert np.array_equal(whole, model.run().frames)
    assert not _is_group_offload_enabled(model.pipeline.parts.get("transformer"))
