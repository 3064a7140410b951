"""Weights in eight bits: how many bytes they take, and that clips, LoRAs and clips that go on are made with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.clip_cases import FIRST, Model, each_transformer
from support.random_loras import lora
from ttvideo.backends import installed as installed_version
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.clips import memory, quantization
from ttvideo.families.clips.dry_run import Working
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.clips.plan import Room

OTHER_PYTHON = "TTVIDEO_OTHER_PYTHON"
int8 = pytest.param(
    "int8", marks=pytest.mark.skipif(installed_version("torchao") is None, reason="torchao is not installed")
)
each_kind = pytest.mark.parametrize("kind", ["fp8", int8])


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClipPipeline, "working", lambda *args, **options: Working(0, 0, 0))


def stored(part: Any) -> int:
    """Bytes of a model's weights."""
    return sum(
        weight.qdata.nbytes + weight.scale.nbytes if hasattr(weight, "qdata") else weight.nbytes
        for weight in part.state_dict().values()
    )


@each_kind
@each_transformer
def test_weights_take_less_as_was_said_and_frames_are_nearly_the_same(kind: str, model: Model) -> None:
    exact = model.run().frames
    parts = model.pipeline.parts
    before = stored(parts.get("transformer"))
    made = model.run(quantization=kind)
    said = memory.weigh(parts, "transformer", kind)
    assert stored(parts.get("transformer")) == pytest.approx(said.held, rel=0.02)
    assert said.held < 0.7 * before
    assert 0 < np.abs(made.frames - exact).mean() < 0.02
    assert np.array_equal(made.frames, model.run(state=made.states[1], quantization=kind).frames)
    assert np.array_equal(exact, model.run().frames), "exact weights are read again"


@each_kind
def test_loras_stay_exact_over_them(kind: str, installed: Path, picture: Path, tmp_path: Path) -> None:
    case = FIRST["wan"]
    plain = Model(case, picture).run(quantization=kind).frames
    model = Model(case, picture, loras=str(lora(tmp_path, installed, case)))
    styled = model.run(quantization=kind).frames
    assert np.abs(styled - plain).max() > 1e-3
    weights = {
        name: weight for name, weight in model.pipeline.parts.get("transformer").named_parameters() if "lora_" in name
    }
    assert weights
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert not any(hasattr(weight, "qdata") for weight in weights.values())


def test_the_plan_tells_and_offers_them(installed: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(FIRST["wan"], picture)
    monkeypatch.setattr(memory, "_room", lambda parts: Room(10**10, 10**10))
    model.pipeline.parts.device = "cuda"
    _, sentence = memory.plan(model.pipeline, model.asked(quantization="fp8").params, reads=True)  # type: ignore[arg-type]
    assert "of GPU memory and" in sentence
    assert sentence.endswith("; weights in fp8.")
    monkeypatch.setattr(memory, "_room", lambda parts: Room(1000, 10**10))
    with pytest.raises(WorkerError, match=r"of GPU memory while \w+; 1.0 kB are free") as refused:
        memory.plan(model.pipeline, model.asked().params, reads=True)  # type: ignore[arg-type]
    assert "for quantization fp8, which halves the weights" in refused.value.hint


def test_without_its_library_int8_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "installed", lambda name: None)
    with pytest.raises(WorkerError, match="int8 need torchao") as refused:
        quantization.check("int8")
    assert refused.value.kind == ErrorKind.UNSUPPORTED


@pytest.mark.skipif(installed_version("torchao") is not None, reason="the tests above have run with torchao")
def test_int8_where_torchao_is() -> None:
    other = os.environ.get(OTHER_PYTHON)
    if not other:
        pytest.skip(f"{OTHER_PYTHON} names no interpreter with torchao")
    command = [other, "-m", "pytest", "-q", "-k", "int8 and not where", "-W", "default", __file__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert f"{len(FIRST) + 2} passed" in done.stdout
    assert sys.executable != other
