"""tt-metal's pipelines, called against stand-ins with the signatures that are recorded of the real ones."""

from __future__ import annotations

import copy
import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support import random_models
from support.tt_metal import RECORDED, write_tree
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.tt.metal import program, table

MOCHI = "models.tt_dit.pipelines.mochi.pipeline_mochi"
ASKED = {
    "checkpoint": "/models/some",
    "prompt": "a fox",
    "negative_prompt": "rain",
    "steps": 3,
    "guidance": 4.5,
    "seed": 7,
    "width": 32,
    "height": 16,
}


@dataclass
class Mesh:
    shape: tuple[int, int] = (2, 4)

    def get_num_devices(self) -> int:
        return self.shape[0] * self.shape[1]


@dataclass
class Session:
    """As the engine's, but what is told is kept, and `cancel_at` is the phase in which somebody cancels."""

    mesh: Mesh = field(default_factory=Mesh)
    kept: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[object, ...]] = field(default_factory=list)
    cancel_at: str = ""

    def phase(self, name: str, total: int = 0) -> None:
        self.told.append((name, total))
        if name == self.cancel_at:
            raise Cancelled

    def step(self, step: int, total: int) -> None:
        self.told.append((step, total))


@pytest.fixture(autouse=True)
def no_other_tree(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("TT_METAL_HOME", "TT_DIT_CACHE_DIR", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "models"]:
        del sys.modules[name]
    os.environ.pop("HF_HUB_OFFLINE", None)


@pytest.fixture
def metal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_tree(tmp_path / "tt-metal")
    monkeypatch.setenv("TT_METAL_HOME", str(folder))
    return folder


def run(session: Session, pipeline: str, picture: torch.Tensor | None = None, **changes: object) -> Any:
    """The frames, as an array."""
    tensors = {} if picture is None else {"picture": picture}
    return program.run(session, tensors, {**ASKED, "pipeline": pipeline, **changes})["frames"].numpy()  # type: ignore[arg-type]


def calls(kind: str) -> list[dict[str, Any]]:
    return [given for name, given in importlib.import_module("models.stand_in").CALLS if name == kind]


def test_every_pipeline_of_the_table_is_recorded_with_its_commit() -> None:
    for pipeline in table.PIPELINES:
        module = RECORDED["modules"][pipeline.module]
        assert pipeline.name in module["classes"]
        assert len(module["commit"]) == 40


@pytest.mark.parametrize("id", ["mochi-1", "wan2.2-a14b"])
def test_a_clip(id: str, metal: Path) -> None:
    session = Session()
    frames = run(session, id, frames=13)
    assert (frames.shape, frames.dtype) == ((13, 16, 32, 3), np.uint8)
    # The stand-in's pictures begin where the seed says and go on by 3.
    assert frames[:, 0, 0, 0].tolist() == [7 + 3 * frame for frame in range(13)]
    steps = [] if id == "mochi-1" else [(1, 3), (2, 3), (3, 3)]
    assert session.told == [("loading", 0), ("encoding", 0), ("denoising", 3), *steps, ("decoding", 0)]
    (made,), (asked,) = calls("create"), calls("call")
    assert (made["checkpoint_name"], made["num_frames"], made["width"], made["height"]) == ("/models/some", 13, 32, 16)
    assert made["mesh_device"] is session.mesh
    assert (asked["prompts"], asked["negative_prompts"], asked["seed"]) == (["a fox"], ["rain"], 7)
    assert (asked["num_inference_steps"], asked["guidance_scale"], asked["traced"]) == (3, 4.5, False)


def test_wan_makes_what_the_model_makes(metal: Path) -> None:
    run(Session(), "wan2.2-a14b", frames=5, flow_shift=3.0)
    (asked,) = calls("call")
    assert (asked["guidance_scale_2"], asked["flow_shift"], asked["cache_config"]) == (4.5, 3.0, None)


def test_a_clip_that_begins_with_a_picture(metal: Path) -> None:
    picture = torch.full((16, 32, 3), 200, dtype=torch.uint8)
    assert run(Session(), "wan2.2-i2v-a14b", picture, frames=5).shape == (5, 16, 32, 3)
    (asked,) = calls("call")
    assert asked["image_prompt"].getpixel((0, 0)) == (200, 200, 200)


def test_a_picture_of_stable_diffusion_35(metal: Path) -> None:
    session = Session()
    assert run(session, "sd35-large").shape == (1, 16, 32, 3)
    steps = [(1, 3), (2, 3), (3, 3)]
    assert session.told == [("loading", 0), ("encoding", 0), ("denoising", 3), *steps, ("decoding", 0)]


def test_a_picture_of_stable_diffusion_xl(metal: Path, tmp_path: Path) -> None:
    random_models.sdxl().save_pretrained(tmp_path / "sdxl")
    session = Session(Mesh((1, 2)))
    first = run(session, "sdxl", checkpoint=str(tmp_path / "sdxl"))
    assert first.shape == (1, 16, 32, 3)
    assert first[0, 0, 0, 0] == 7
    phases = ["loading", "encoding", "compiling", "denoising", "decoding"]
    assert [name for name, _ in session.told] == phases
    (asked,) = calls("call")
    assert (asked["prompts"], asked["negative_prompts"]) == (["a fox", ""], ["rain", ""])
    again = run(session, "sdxl", checkpoint=str(tmp_path / "sdxl"), seed=9)
    assert again[0, 0, 0, 0] == 9
    assert len(calls("create")) == 1


def test_a_pipeline_is_made_again_only_for_other_sizes(metal: Path) -> None:
    session = Session()
    for changes in ({}, {"seed": 8, "steps": 2, "prompt": "a hare"}, {"width": 48}, {"width": 48}):
        run(session, "mochi-1", frames=7, **changes)
    assert [made["width"] for made in calls("create")] == [32, 48]
    assert [name for name, _ in session.told].count("loading") == 2


def test_cancelling(metal: Path) -> None:
    session = Session(cancel_at="decoding")
    with pytest.raises(Cancelled):
        run(session, "wan2.2-a14b", frames=5)
    session.cancel_at = ""
    assert run(session, "wan2.2-a14b", frames=5).shape == (5, 16, 32, 3)


def test_the_cache_is_taken_away_where_it_hangs(metal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TT_DIT_CACHE_DIR", "/cache")
    run(Session(Mesh((1, 4))), "sd35-large")
    run(Session(Mesh((2, 4))), "sd35-large")
    assert [made["TT_DIT_CACHE_DIR"] for made in calls("create")] == [None, "/cache"]
    assert os.environ["TT_DIT_CACHE_DIR"] == "/cache"


def test_an_older_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tree(tmp_path / "tt-metal", RECORDED["older"])
    monkeypatch.setenv("TT_METAL_HOME", str(folder))
    with pytest.raises(WorkerError) as caught:
        run(Session(), "mochi-1", frames=7)
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert "MochiPipeline.create_pipeline takes other arguments than ttvideo gives it" in caught.value.message
    assert str(folder) in caught.value.hint


def test_another_signature_of_the_call_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = copy.deepcopy(RECORDED["modules"])
    asked = modules[MOCHI]["classes"]["MochiPipeline"]["__call__"]
    asked["parameters"] = asked["parameters"].replace("guidance_scale", "cfg")
    monkeypatch.setenv("TT_METAL_HOME", str(write_tree(tmp_path / "tt-metal", modules)))
    with pytest.raises(WorkerError) as caught:
        run(Session(), "mochi-1", frames=7)
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert "guidance_scale" in caught.value.message


@pytest.mark.parametrize("broken", ["import loguru_of_tt_metal", "class OtherPipeline:\n    pass"])
def test_one_that_cannot_be_imported_is_named(broken: str, metal: Path) -> None:
    (metal / f"{MOCHI.replace('.', '/')}.py").write_text(broken)
    (metal / "python_env" / "bin").mkdir(parents=True)
    (metal / "python_env" / "bin" / "python").touch()
    with pytest.raises(WorkerError) as caught:
        run(Session(), "mochi-1", frames=7)
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert f"set TTVIDEO_TTNN_PYTHON to {metal}/python_env/bin/python" in caught.value.hint


def test_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerError) as caught:
        run(Session(), "mochi-1", frames=7)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    assert "TT_METAL_HOME" in caught.value.message


def test_pictures_of_another_shape_are_refused(metal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = metal / "models" / "stand_in.py"
    file.write_text(file.read_text().replace("made.height, made.width)), index", "made.height, 8)), index"))
    with pytest.raises(WorkerError) as caught:
        run(Session(), "wan2.2-a14b", frames=5)
    assert caught.value.kind is ErrorKind.BAD_OUTPUT
