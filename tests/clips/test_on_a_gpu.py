"""What only an NVIDIA GPU can show: that plans hold there, and that weights are streamed, quantised and compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.clip_cases import FIRST, Case, Frames, Model, each_transformer
from support.large_clips import wan
from support.random_loras import lora
from ttvideo import families
from ttvideo.contract import Phase
from ttvideo.families.clips import memory
from ttvideo.families.family import PhaseEvent, Run

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU, or torch is a CPU build")


@pytest.fixture
def model(case: Case, installed: Path, picture: Path) -> Model:
    return on_gpu(case, picture)


def on_gpu(case: Case, picture: Path, **asked: Any) -> Model:
    model = Model(case, picture, **asked)
    model.pipeline = model.family.load("cuda", model.params, lambda event: None)
    return model


def near(one: Frames, other: Frames) -> bool:
    return bool(np.abs(one - other).mean() < 0.02)


@each_transformer
def test_streamed_frames_are_those_of_weights_that_stay(model: Model) -> None:
    whole = model.run().frames
    made = model.run(memory="low")
    assert model.pipeline.parts.streamed
    assert near(whole, made.frames)
    assert near(made.frames, model.run(state=made.states[1], memory="low").frames)
    cached: dict[str, Any] = {"steps": 7, "cache": "first-block", "cache_threshold": 1.0}
    assert near(model.run(**cached).frames, model.run(**cached, memory="low").frames)


@each_transformer
@pytest.mark.parametrize("kind", ["fp8", "int8"])
@pytest.mark.parametrize("low", [False, True], ids=["stays", "streamed"])
def test_frames_of_eight_bits_are_nearly_the_same(kind: str, low: bool, model: Model) -> None:
    if kind == "int8":
        pytest.importorskip("torchao")
    whole = model.run().frames
    asked: dict[str, Any] = {"quantization": kind, "memory": "low" if low else "auto"}
    assert np.abs(whole - model.run(**asked).frames).mean() < 0.03


def test_a_lora_is_in_streamed_weights(installed: Path, picture: Path, tmp_path: Path) -> None:
    case = FIRST["wan"]
    asked = {"loras": str(lora(tmp_path, installed, case))}
    styled = on_gpu(case, picture, **asked).run().frames
    assert near(styled, on_gpu(case, picture, **asked, memory="low").run().frames)


@each_transformer
def test_compiled_frames_are_nearly_the_same(model: Model) -> None:
    whole = model.run().frames
    made = model.run(compile=True)
    assert near(whole, made.frames)
    assert Phase.COMPILING in [event.phase for event in made.events if isinstance(event, PhaseEvent)]


@pytest.mark.parametrize("memory_asked", ["auto", "low"])
def test_a_clip_takes_about_as_much_as_was_said(
    memory_asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wan(tmp_path / "wan2.1-1.3b")
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path))
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path / "cache"))
    family = families.find("wan")
    params = family.Params.model_validate(
        {"steps": 2, "width": 480, "height": 272, "frames": 17, "memory": memory_asked}
    )
    pipeline: Any = family.load("cuda", params, lambda event: None)
    plan, _ = memory.plan(pipeline, params, reads=True)  # type: ignore[arg-type]
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    list(pipeline.run(Run("a red ball", "blurry", params), lambda event: None))
    assert torch.cuda.max_memory_allocated() - before == pytest.approx(plan.needs, rel=0.15)
