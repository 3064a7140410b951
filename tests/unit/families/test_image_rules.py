"""What the published image families round, refuse and say, without torch and without their weights."""

from __future__ import annotations

from typing import Any

import pytest

from ttvideo import families
from ttvideo.contract import GenerateRequest
from ttvideo.errors import ErrorKind, WorkerError

MULTIPLES = {"sdxl": 8, "sd35-medium": 16, "sd35-large": 16}


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TTVIDEO_MODELS", raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("cache")))


def fitted(id: str, **parameters: Any) -> tuple[tuple[int, int], list[str]]:
    family = families.find(id)
    params: Any
    params, notes = family.fit(family.Params.model_validate(parameters))
    return (params.width, params.height), notes


@pytest.mark.parametrize("id", MULTIPLES)
def test_usual_sizes_stay_as_they_are(id: str) -> None:
    for size in ((1024, 1024), (1344, 768), (768, 1344), (1152, 896)):
        assert fitted(id, width=size[0], height=size[1]) == (size, [])


@pytest.mark.parametrize("id", MULTIPLES)
def test_sizes_are_rounded_to_what_the_model_makes_and_it_is_said(id: str) -> None:
    (width, height), (note,) = fitted(id, width=1001, height=1023)
    assert (width, height) == ({8: 1000, 16: 1008}[MULTIPLES[id]], 1024)
    assert f"multiples of {MULTIPLES[id]}" in note
    assert fitted(id, width=1000, height=1032)[0] == {8: (1000, 1032), 16: (1008, 1040)}[MULTIPLES[id]]
    assert f"{width}x1024 instead of 1001x1023" in note


@pytest.mark.parametrize(
    ("id", "size", "said"),
    [
        ("sdxl", (512, 512), "larger pictures"),
        ("sdxl", (2048, 2048), "smaller pictures"),
        ("sd35-medium", (512, 512), None),
        ("sd35-medium", (2048, 1024), None),
        ("sd35-medium", (2048, 2048), "smaller pictures"),
        ("sd35-large", (512, 512), "larger pictures"),
    ],
)
def test_sizes_far_from_those_of_the_training_are_said(id: str, size: tuple[int, int], said: str | None) -> None:
    used, notes = fitted(id, width=size[0], height=size[1])
    assert used == size
    assert [said is not None and said in note for note in notes] == ([True] if said else [])


@pytest.mark.parametrize("id", MULTIPLES)
@pytest.mark.parametrize(
    "parameters",
    [{"steps": 0}, {"guidance": -1}, {"seed": -2}, {"width": 63}, {"height": 4096}, {"fps": 8}, {"frames": 2}],
)
def test_what_cannot_be_used_is_refused_by_name(id: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(WorkerError, match=next(iter(parameters))) as caught:
        families.effective(GenerateRequest(model=id, prompt="a fair", parameters=parameters))
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS


@pytest.mark.parametrize("id", MULTIPLES)
def test_a_model_without_weights_is_refused_with_the_way_to_them(id: str) -> None:
    with pytest.raises(WorkerError, match="is not installed") as caught:
        families.effective(GenerateRequest(model=id, prompt="a fair"))
    assert caught.value.kind == ErrorKind.MODEL_MISSING
    assert f"ttvideo download {id}" in caught.value.hint


@pytest.mark.parametrize("id", MULTIPLES)
def test_every_parameter_can_be_shown_in_a_form(id: str) -> None:
    (model,) = (model for model in families.describe().models if model.id == id)
    assert model.makes == "image"
    assert not model.checkpoints[0].installed
    assert model.checkpoints[0].gated == (id != "sdxl")
    assert model.checkpoints[0].size_bytes > 5e9
    fields: Any = model.parameters_schema["properties"]
    assert list(fields) == ["steps", "guidance", "seed", "startImage", "strength", "width", "height"]
    for name, field in fields.items():
        assert field["title"][0].isupper(), name
        assert len(field["description"]) >= 5, name
        assert "default" in field, name
        assert "contentMediaType" in field or ("minimum" in field and "maximum" in field), name
        assert all(isinstance(number, int | float) for number in field.get("examples", ())), name
    assert fields["seed"]["default"] == -1
    assert families.inputs(families.find(id)) == {"startImage": "image/*"}
