"""What the model says to a storyboard, at its place."""

from __future__ import annotations

import dataclasses

import pytest

from ttvideo import families
from ttvideo.errors import WorkerError
from ttvideo.families import tiny
from ttvideo.storyboards import rules


def said(text: str) -> list[tuple[str, str]]:
    lines = text.split("\n")
    return [(p.severity, lines[p.line][p.column : p.end_column]) for p in rules.check(text)[1]]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a red ball", []),
        ("a red dragon", [("information", "a red dragon")]),
        ("---\nmodel: tinny\n---\na ball", [("error", "tinny")]),
        ("---\nsize: 1024x1024\n---\na ball", [("warning", "1024x1024")]),
        ("---\nsize: 128x128\nsteps: 500\n---\na ball", [("error", "500")]),
        ("a ball | guidance=50\na box | guidance=50", [("error", "50"), ("error", "50")]),
        ("---\nseed: x\n---\na dragon", [("error", "x"), ("information", "a dragon")]),
    ],
)
def test_the_models_rules_have_places(text: str, problems: list[tuple[str, str]]) -> None:
    assert said(text) == problems


def test_the_nearest_model_is_named() -> None:
    (problem,) = rules.check("---\nmodel: tinny\n---\na ball")[1]
    assert "the nearest is 'tiny'" in problem.message


def test_a_missing_model_is_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "FOLDER", tiny.FOLDER / "nowhere")
    tiny._vocabulary.cache_clear()
    assert said("a ball\na box") == [("warning", "")]
    assert said("---\nmodel: tiny\n---\na ball\na box") == [("warning", "tiny")]


def test_a_model_that_draws_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = dataclasses.replace(tiny.FAMILY, id="clips", draws=False)
    monkeypatch.setattr(families, "FAMILIES", (*families.FAMILIES, clips))
    assert said("---\nmodel: clips\n---\na ball") == [("error", "clips")]


def test_what_is_given_has_no_place_and_is_refused() -> None:
    for given in ({"model": "tinny"}, {"steps": 500}):
        with pytest.raises(WorkerError):
            rules.check("a ball", given=dict(given))
