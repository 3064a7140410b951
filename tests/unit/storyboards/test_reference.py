"""The documentation has the table of keys as the parser has them."""

from __future__ import annotations

from pathlib import Path

from ttvideo.storyboards.keys import reference
from ttvideo.storyboards.storyboard import parse

DOCUMENT = (Path(__file__).parents[3] / "docs" / "storyboards.md").read_text()


def test_the_table_is_current() -> None:
    assert reference().strip() in DOCUMENT


def test_the_example_is_understood() -> None:
    example = DOCUMENT.partition("\n\n    ---\n")[2]
    lines = ["---", *(line.removeprefix("    ") for line in example.splitlines())]
    end = next(number for number, line in enumerate(lines) if line.startswith("Prompts are"))
    board = parse("\n".join(lines[:end]))
    assert board.problems == ()
    assert [scene.text for scene in board.scenes] == ["A red ball on green grass", "A blue star over purple mountains"]
