"""Compiled blocks: told as a phase, once for a size, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters

from support.clip_cases import FIRST, Made, Model, few_transformers
from ttvideo import families
from ttvideo.contract import GenerateRequest, Phase
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families.clips import compiling
from ttvideo.families.clips.dry_run import Working
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.family import Event, PhaseEvent, StepEvent, WithinEvent

COMPILED: dict[str, Any] = {"compile": True}
KEPT_IN = "TORCHINDUCTOR_CACHE_DIR"


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Blocks are traced, and what was traced runs as it is: making machine code of it takes half a minute."""
    # Compiling sets it for the whole process.
    monkeypatch.setenv(KEPT_IN, str(tmp_path / "inductor"))
    monkeypatch.setattr(ClipPipeline, "working", lambda *args, **options: Working(0, 0, 0))
    monkeypatch.setattr(compiling, "BACKEND", "eager")
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def phases(made: Made) -> list[Phase]:
    return [event.phase for event in made.events if isinstance(event, PhaseEvent)]


def graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


@few_transformers
def test_frames_are_the_same_and_each_size_is_compiled_once(model: Model) -> None:
    whole = model.run().frames
    assert graphs() == 0
    made = model.run(**COMPILED)
    np.testing.assert_allclose(made.frames, whole, atol=1e-5)
    blocks = model.pipeline.model.blocks(model.pipeline.parts.get("transformer"))
    known = graphs()
    assert known > 0
    assert phases(made)[-4:] == [Phase.DENOISING, Phase.COMPILING, Phase.DENOISING, Phase.DECODING]
    again = model.run(seed=6, **COMPILED)
    assert graphs() == known
    assert Phase.COMPILING not in phases(again)
    assert not any("forward" in block.__dict__ and "dynamo" in repr(block.forward) for block in blocks)
    assert np.array_equal(whole, model.run().frames)


def test_one_graph_serves_all_blocks_of_a_class(installed: Path, picture: Path) -> None:
    model = Model(FIRST["wan"], picture)
    model.run(**COMPILED)
    assert len(model.pipeline.model.blocks(model.pipeline.parts.get("transformer"))) == 2
    assert graphs() == 1


@pytest.mark.parametrize("quantization", ["none", "fp8"])
def test_it_works_with_a_step_cache_and_where_a_clip_goes_on(quantization: str, installed: Path, picture: Path) -> None:
    model = Model(FIRST["ltx"], picture)
    asked: dict[str, Any] = {"steps": 7, "cache": "first-block", "cache_threshold": 1.0, "quantization": quantization}
    whole = model.run(**asked).frames
    made = model.run(**asked, **COMPILED)
    np.testing.assert_allclose(made.frames, whole, atol=1e-5)
    assert graphs() > 0
    fresh = Model(FIRST["ltx"], picture)
    again = fresh.run(state=made.states[1], **asked, **COMPILED)
    assert np.array_equal(made.frames, again.frames)
    steps = [event.step for event in again.events if isinstance(event, StepEvent) and event.total == 7]
    assert steps == [2, 2, 3, 4, 5, 6, 7], "after compiling it is told once more where the clip is"


def test_a_cancel_while_it_compiles_is_heard_between_blocks(installed: Path, picture: Path) -> None:
    model = Model(FIRST["wan"], picture)
    whole = model.run().frames
    seen: list[Event] = []

    def cancel(event: Event) -> None:
        if seen or (isinstance(event, PhaseEvent) and event.phase == Phase.COMPILING):
            seen.append(event)
        if len(seen) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        model.run(cancel, **COMPILED)
    assert all(isinstance(event, WithinEvent) for event in seen[1:])
    assert np.array_equal(whole, model.run().frames)


def test_a_machine_that_cannot_compile_says_so(installed: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: Any, inputs: Any) -> Any:
        raise RuntimeError("no C compiler was found")

    monkeypatch.setattr(compiling, "BACKEND", broken)
    model = Model(FIRST["wan"], picture)
    with pytest.raises(WorkerError, match=r"cannot be compiled on this machine: .*no C compiler was found") as refused:
        model.run(**COMPILED)
    assert refused.value.kind == ErrorKind.UNSUPPORTED
    assert "Leave compile out" in refused.value.hint
    assert model.run().frames.shape[0] == FIRST["wan"].frames


@pytest.mark.parametrize("asked", [{"compile": True}, {"quantization": "fp8"}])
def test_what_does_no_good_on_a_cpu_is_refused_there_and_not_offered(asked: dict[str, Any], installed: Path) -> None:
    request = GenerateRequest(prompt="a fox", model="wan", parameters=asked, device="cpu")
    with pytest.raises(WorkerError, match=r"is not for the device cpu: on a CPU .* measured") as refused:
        families.effective(request)
    assert refused.value.kind == ErrorKind.UNSUPPORTED
    assert refused.value.hint == "Leave it out, or run the job on cuda."
    (wan,) = (model for model in families.describe().models if model.id == "wan")
    here: Any = wan.parameters_schema
    available = {backend.id for backend in wan.backends if backend.available}
    for name in asked:
        assert (name in here["properties"]) == ("cuda" in available)
        assert (name in here.get("notHere", {})) == ("cuda" not in available)


CHILD = """
import sys, torch
from pathlib import Path
from torch._dynamo.utils import counters
from support.clip_cases import FIRST, Model
model = Model(FIRST["wan"], Path(sys.argv[1]))
model.run(compile=True)
print({name: count for name, count in counters["inductor"].items() if name.startswith("fxgraph_cache")})
"""


@pytest.mark.skipif("TTVIDEO_SLOW" not in os.environ, reason="makes machine code for half a minute: make slow")
@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler")
def test_what_was_compiled_is_known_to_later_processes(installed: Path, picture: Path) -> None:
    told = []
    env = {name: value for name, value in os.environ.items() if name != KEPT_IN}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    for _ in range(2):
        command = [sys.executable, "-c", CHILD, str(picture)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        told.append(done.stdout.strip())
    assert told == ["{'fxgraph_cache_miss': 1}", "{'fxgraph_cache_hit': 1}"]
    assert any(compiling.folder().rglob("*.so"))
