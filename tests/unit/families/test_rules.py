"""What the families refuse, round and remark, without torch."""

from __future__ import annotations

from typing import Any

import pytest

from ttvideo import families
from ttvideo.contract import GenerateRequest
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import tiny


def notes(prompt: str, negative: str = "", **parameters: float) -> list[str]:
    request = GenerateRequest(prompt=prompt, negative_prompt=negative, parameters=dict(parameters))
    return families.effective(request).notes


def test_a_prompt_of_known_words_needs_no_remark() -> None:
    assert notes("A Red Ball, bouncing on green grass!") == []


def test_unknown_words_are_named_once_each() -> None:
    assert notes("a dragon or a dragon on a ball", "wings") == ["This small model doesn't know: dragon, or, wings."]


def test_what_is_beyond_the_text_length_is_shown() -> None:
    (note,) = notes("a red ball " * 10 + "star")
    assert note.startswith("Only the first 30 words are read; cut off: “star”")


@pytest.mark.parametrize(("asked", "used"), [(1, 1), (24, 24), (25, 24), (1000, 24)])
def test_frames_beyond_the_model_are_rounded_and_said(asked: int, used: int) -> None:
    effective = families.effective(GenerateRequest(prompt="a ball", parameters={"frames": asked}))
    assert effective.parameters["frames"] == used
    assert bool(effective.notes) == (asked != used)


@pytest.mark.parametrize(
    "parameters",
    [
        {"frames": 0},
        {"steps": -1},
        {"guidance": "much"},
        {"seed": -2},
        {"fps": 0},
        {"width": 0},
        {"strength": 2},
        {"speed": 3},
    ],
)
def test_what_cannot_be_used_is_refused_by_name(parameters: dict[str, int | str]) -> None:
    with pytest.raises(WorkerError, match=next(iter(parameters))) as caught:
        families.effective(GenerateRequest(prompt="a ball", parameters=dict(parameters)))
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(WorkerError, match="prompt is empty"):
        families.effective(GenerateRequest(prompt=prompt))


def test_a_device_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(WorkerError, match="not available") as caught:
        families.effective(GenerateRequest(prompt="a ball", device="tt"))
    assert caught.value.kind == ErrorKind.NO_DEVICE


def test_every_parameter_can_be_shown_in_a_form() -> None:
    (model,) = (model for model in families.describe().models if model.id == "tiny")
    fields: Any = model.parameters_schema["properties"]
    for name, field in fields.items():
        assert field["title"][0].isupper(), name
        assert len(field["description"]) >= 5, name
        assert "default" in field, name
        bounded = {"enum", "contentMediaType", "minimum", "exclusiveMinimum"} & field.keys()
        assert bounded or field["type"] == "boolean", name
        assert all(isinstance(number, int | float) for number in field.get("examples", ())), name
    assert fields["startImage"]["format"] == "path"
    assert fields["startImage"]["default"] is None
    assert fields["seed"]["default"] == -1
    assert [name for name, field in fields.items() if field.get("advanced")] == ["motion", "width", "height"]


def test_a_small_model_tells_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    (model,) = (model for model in families.describe().models if model.id == "tiny")
    assert model.vocabulary is not None
    assert {"red", "ball", "bouncing"} <= set(model.vocabulary)
    assert notes(" ".join(model.vocabulary[:10])) == []
    monkeypatch.setattr(tiny, "FOLDER", tiny.FOLDER / "nowhere")
    assert families.describe().models[0].vocabulary is None


def test_a_missing_model_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "FOLDER", tiny.FOLDER / "nowhere")
    tiny.revision.cache_clear()
    with pytest.raises(WorkerError, match="missing") as caught:
        tiny.revision()
    assert caught.value.kind == ErrorKind.MODEL_MISSING
    (checkpoint,) = tiny.checkpoints()
    assert not checkpoint.installed
