"""tt-metal's pipelines in the engine, with made-up boards and the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.boards import Boards, boards
from support.tt_metal import RECORDED, write_tree
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.tt.device import Event, PhaseBegun, StepDone, Waiting
from ttvideo.tt.engine.opening import Opening

ASKED: dict[str, Any] = {
    "pipeline": "wan2.2-a14b",
    "checkpoint": "/models/some",
    "prompt": "a fox",
    "negative_prompt": "",
    "steps": 2,
    "guidance": 5.0,
    "seed": 7,
    "width": 32,
    "height": 16,
    "frames": 5,
}


@pytest.fixture
def t3k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    made = boards("t3k", 8, tmp_path, monkeypatch, {"TT_METAL_HOME": str(tmp_path / "tt-metal")})
    monkeypatch.delenv("TT_DIT_CACHE_DIR", raising=False)
    yield made
    made.device.close()


def test_a_clip_comes_through_the_engine(t3k: Boards, tmp_path: Path) -> None:
    write_tree(tmp_path / "tt-metal")
    heard: list[Event] = []

    def hear(event: Event) -> None:
        if not isinstance(event, Waiting):
            heard.append(event)

    t3k.device.open(Opening((2, 4)), hear)
    frames = t3k.device.run("metal", {}, ASKED, hear)["frames"].numpy()
    assert frames.shape == (5, 16, 32, 3)
    assert frames[:, 0, 0, 0].tolist() == [7, 10, 13, 16, 19]
    assert heard == [
        PhaseBegun(Phase.LOADING),
        PhaseBegun(Phase.LOADING),
        PhaseBegun(Phase.ENCODING),
        PhaseBegun(Phase.DENOISING, 2),
        StepDone(1, 2),
        StepDone(2, 2),
        PhaseBegun(Phase.DECODING),
    ]


def test_a_cancelled_clip_leaves_the_pipeline_where_it_is(t3k: Boards, tmp_path: Path) -> None:
    write_tree(tmp_path / "tt-metal")

    def cancel(event: Event) -> None:
        if isinstance(event, StepDone):
            raise Cancelled

    t3k.device.open(Opening((2, 4)), cancel)
    with pytest.raises(Cancelled):
        t3k.device.run("metal", {}, ASKED, cancel)
    heard: list[Event] = []
    assert t3k.device.run("metal", {}, ASKED, heard.append)["frames"].shape == (5, 16, 32, 3)
    assert PhaseBegun(Phase.LOADING) not in heard


def test_another_version_is_said_in_a_sentence(t3k: Boards, tmp_path: Path) -> None:
    write_tree(tmp_path / "tt-metal", RECORDED["older"])
    t3k.device.open(Opening((2, 4)), lambda event: None)
    with pytest.raises(WorkerError) as caught:
        t3k.device.run("metal", {}, {**ASKED, "pipeline": "mochi-1", "frames": 7}, lambda event: None)
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert caught.value.message.startswith("tt-metal's MochiPipeline.create_pipeline takes other arguments than")
