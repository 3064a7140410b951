"""What is offered at a place; `^` is the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttvideo.storyboards import assist, syntax
from ttvideo.storyboards.assist import Completion
from ttvideo.storyboards.storyboard import parse


def offered(marked: str) -> tuple[list[Completion], str, int, int]:
    before, _, after = marked.partition("^")
    lines = syntax.split_lines(before)
    line, column = len(lines) - 1, len(lines[-1])
    return assist.complete(before + after, line, column), before + after, line, column


PLACES = [
    ("---\n^\n---\na ball", {"model", "seconds per frame", "size"}),
    ("---\nmo^\n\na ball", {"model"}),
    ("---\n mo^del: tiny\n---\na ball", set()),
    ("---\nmodel: ^\n---\na ball", {"tiny", "sdxl"}),
    ("---\nmotion:^\n---\na ball", {"zoom-in"}),
    ("---\nseeds: p^\n---\na ball", {"same", "per frame"}),
    ("---\nsize: ^\n---\na ball", {"128x128"}),
    ("---\ntransition: ^\n---\na ball", {"cut", "crossfade 0.2s"}),
    ("---\n# s^\n---\na ball", set()),
    ("a ball | ^", {"seed", "hold", "motion"}),
    ("a ball |^", {"seed", "hold"}),
    ("🎬 ball | seed=7 ho^", {"hold"}),
    ("a ball | seed=^ hold=2s", {"7"}),
    ("a ball | motion=zo^", {"zoom-in", "pan-left"}),
    ("a ball | negative=^", {"text, watermark"}),
    ('a ball | negative="a ^', set()),
    ("a re^", {"red"}),
    ("a ^", set()),
    ("a re^d ball", set()),
    ("# a re^", set()),
    ("---\nmodel: sdxl\n---\na re^", set()),
]


@pytest.mark.parametrize(("marked", "labels"), PLACES)
def test_what_is_offered(marked: str, labels: set[str]) -> None:
    items = offered(marked)[0]
    assert labels <= {item.label for item in items}
    assert bool(items) == bool(labels)


@pytest.mark.parametrize(("marked", "labels"), [place for place in PLACES if place[1]])
def test_what_is_taken_is_understood(marked: str, labels: set[str]) -> None:
    items, text, line, column = offered(marked)
    lines = syntax.split_lines(text)
    for item in items:
        taken = lines[line][: item.column] + item.insert
        if item.kind == "key":
            # A value is then offered in its turn.
            after = assist.complete("\n".join([*lines[:line], taken, *lines[line + 1 :]]), line, len(taken))
            taken += after[0].insert if after else ""
        whole = "\n".join([*lines[:line], taken + lines[line][column:], *lines[line + 1 :]])
        errors = [p for p in parse(whole).problems if p.line == line and p.severity == "error"]
        assert errors == [], (item, whole)


def test_a_key_is_offered_once() -> None:
    assert "seed" not in {item.label for item in offered("---\nseed: 7\n^\n---\na ball")[0]}
    assert "seed" not in {item.label for item in offered("a ball | ^ seed=7")[0]}


@given(st.text(st.sampled_from('a |=:"\\#-\n\r\t🎬sed7')), st.integers(-1, 5), st.integers(-1, 20))
def test_at_any_place_it_answers(text: str, line: int, column: int) -> None:
    for item in assist.complete(text, line, column):
        assert 0 <= item.column <= column


@given(st.text())
def test_columns_go_to_editors_and_back(text: str) -> None:
    for column in range(len(text) + 1):
        assert assist.code_points(text, assist.utf16(text, column)) == column
    assert assist.utf16("a🎬b", 2) == 3
    assert assist.code_points("a🎬b", 2) == 1
    assert assist.code_points("a", 9) == 1
