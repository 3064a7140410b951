"""Which frames are drawn together, which are needed, and what stands for a frame."""

from __future__ import annotations

import pytest

from ttvideo.families import tiny
from ttvideo.jobs.storyboard.plan import Planned, batches, needed, plan
from ttvideo.jobs.storyboard.reel import Document
from ttvideo.jobs.storyboard.settle import said
from ttvideo.storyboards.storyboard import parse


def planned(text: str, **document: object) -> list[Planned]:
    about = Document.model_validate({"file": "/board.txt", "seed": 5} | document)
    board = parse(text)
    assert not [problem for problem in board.problems if problem.severity == "error"]
    return plan(board, tiny.FAMILY, "revision", about)


def groups(text: str, batch: int) -> list[list[int]]:
    return [[frame.number for frame in group] for group in batches(planned(text), batch)]


@pytest.mark.parametrize(
    ("text", "batch", "expected"),
    [
        ("a\nb\nc\nd\ne", 2, [[0, 1], [2, 3], [4]]),
        ("a\nb\nc", 1, [[0], [1], [2]]),
        ("a\nb | steps=3\nc | steps=3\nd", 8, [[0], [1, 2], [3]]),
        ("a\nb | start=previous\nc | start=previous\nd\ne", 8, [[0], [1], [2], [3, 4]]),
    ],
)
def test_what_is_drawn_together_is_fixed_by_the_storyboard(text: str, batch: int, expected: list[list[int]]) -> None:
    assert groups(text, batch) == expected


@pytest.mark.parametrize(
    ("wanted", "have", "expected"),
    [
        ({0, 1, 2, 3}, {1}, {0, 2, 3}),
        ({3}, set(), {3}),
        ({2}, set(), {0, 1, 2}),
        ({2}, {1}, {2}),
    ],
)
def test_a_frame_that_follows_needs_those_before_it(wanted: set[int], have: set[int], expected: set[int]) -> None:
    frames = planned("a\nb | start=previous\nc | start=previous\nd")
    assert needed(frames, wanted, have) == expected


def test_the_key_stands_for_what_decides_the_pixels() -> None:
    usual = planned("a\nb")[1].key
    assert planned("x\nb")[1].key == usual, "another frame's prompt"
    assert planned("---\nfps: 12\ntransition: crossfade\n---\na\nb | hold=2s motion=zoom-in")[1].key == usual
    for other in ("a\nc", "a\nb | seed=6", "a\nb | steps=3", "a\nb | guidance=5", "a\nb | negative=dark"):
        assert planned(other)[1].key != usual, other
    assert planned("---\nstyle: old\n---\na\nb")[1].key != usual
    assert planned("a\nb | start=previous")[1].key != planned("x\nb | start=previous")[1].key


def test_one_seed_for_all_or_one_for_each_prompt_wherever_it_stands() -> None:
    assert [frame.seed for frame in planned("a\nb")] == [5, 5]
    own = planned("---\nseeds: per frame\n---\na\nb\na")
    assert len({frame.seed for frame in own}) == 3
    moved = planned("---\nseeds: per frame\n---\nnew\na\nb\na")
    assert [frame.seed for frame in moved[1:]] == [frame.seed for frame in own]


def test_another_take_of_a_frame_has_its_seed_until_the_prompt_changes() -> None:
    first = planned("a\nb")
    takes = {first[1].first_key: 99}
    again = planned("a\nb", takes=takes)
    assert [frame.seed for frame in again] == [5, 99]
    assert again[1].key != first[1].key
    assert again[1].first_key == first[1].first_key
    assert [frame.seed for frame in planned("a\nc", takes=takes)] == [5, 5]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([3], "Frame 3"), ([3, 5, 6, 7], "Frames 3, 5 to 7"), ([2, 1, 1], "Frames 1 to 2")],
)
def test_frames_are_named_as_their_files(numbers: list[int], expected: str) -> None:
    assert said(numbers) == expected
