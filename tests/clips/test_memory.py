"""What a clip is said to need of the memory, against what it takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from support.clip_cases import CASES, NEGATIVE, PROMPT, Model, each_case
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.clips import dry_run, memory
from ttvideo.families.clips.dry_run import Peak
from ttvideo.families.clips.fields import ClipParams
from ttvideo.families.clips.plan import Room
from ttvideo.families.family import NoteEvent


@each_case
def test_a_clip_takes_as_much_as_was_said(model: Model) -> None:
    model.run()
    said = model.pipeline.working(model.params, tiled=False)
    with Peak() as peak:
        list(model.pipeline.run(model.asked(), lambda event: None))
    assert max(said.denoising, said.decoding) == pytest.approx(peak.peak, rel=0.15)


@each_case
def test_so_do_its_texts(model: Model) -> None:
    model.run()
    said = model.pipeline.working(model.params, tiled=False)
    kind, pipe = model.pipeline.model, model.pipeline.pipeline(model.params, encoding=True)
    texts = [PROMPT, *([NEGATIVE] if kind.guided(model.params) else [])]
    with torch.inference_mode(), Peak() as peak:
        kept = [kind.encode(pipe, text) for text in texts]
    assert kept
    # Of the largest models a text takes hardly anything beside the weights.
    assert said.encoding == pytest.approx(peak.peak, rel=0.25)


@each_case
def test_weights_weigh_what_the_headers_say(model: Model) -> None:
    model.run()
    parts = model.pipeline.parts
    for name in parts.names:
        if parts.is_model(name):
            # Two names may stand for the same weights.
            weights = {weight.data_ptr(): weight.nbytes for weight in parts.get(name).state_dict().values()}
            held = sum(weights.values())
            assert memory.weigh(parts, name).held == pytest.approx(held, rel=0.01), name


@pytest.mark.parametrize("kept", [0, 4, 5000], ids=["empty", "no header", "cut off"])
def test_a_part_whose_file_is_broken_is_named(
    kept: int, installed: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = tmp_path / "models"
    shutil.copytree(installed, copies)
    monkeypatch.setenv("TTVIDEO_MODELS", str(copies))
    model = Model(next(case for case in CASES if case.family == "wan"), picture)
    (file,) = (copies / model.case.checkpoint / "transformer").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(WorkerError, match=r"The transformer of .* cannot be read") as refused:
        model.run()
    assert refused.value.kind == ErrorKind.MODEL_BROKEN


def test_what_cannot_fit_is_refused_before_anything_is_loaded(
    installed: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(CASES[0], picture)
    monkeypatch.setattr(memory, "_room", lambda parts: Room(10_000))
    with pytest.raises(WorkerError, match=r"needs about .* of memory while .*; 10 kB are free") as refused:
        model.run()
    assert refused.value.kind == ErrorKind.OUT_OF_MEMORY
    assert not any(model.pipeline.parts.has(name) for name in ("text_encoder", "transformer", "vae"))


def test_with_less_memory_one_part_is_loaded_at_a_time_and_that_is_said(
    installed: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(CASES[0], picture)
    assert isinstance(model.params, ClipParams)
    roomy, _ = memory.plan(model.pipeline, model.params, reads=True)
    assert not roomy.in_turn
    monkeypatch.setattr(memory, "_room", lambda parts: Room(roomy.needs))
    made = model.run()
    (note,) = [event.text for event in made.events if isinstance(event, NoteEvent)]
    assert "one part at a time" in note
    assert not model.pipeline.parts.has("text_encoder")


def test_what_was_worked_out_once_is_known_to_later_processes(
    installed: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = Model(CASES[0], picture), Model(CASES[0], picture)
    params = first.asked().params
    assert isinstance(params, ClipParams)
    needs = first.pipeline.working(params, tiled=False)
    monkeypatch.setattr(dry_run, "working", None)
    assert later.pipeline.working(params.model_copy(update={"seed": 9}), tiled=False) == needs
    with pytest.raises(TypeError):
        later.pipeline.working(params, tiled=True)
