"""What a storyboard file says, and exactly where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttvideo.contract import Motion, Transition
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.storyboards import keys, syntax
from ttvideo.storyboards.storyboard import Board, parse


def found(board: Board, text: str) -> list[tuple[str, int, str]]:
    lines = syntax.split_lines(text)
    return [(p.severity[0], p.line, lines[p.line][p.column : p.end_column]) for p in board.problems]


def front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "a ball"])


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("a ball", ["a ball"]),
        ("a ball\na box", ["a ball", "a box"]),
        ("\n\n a ball\t of  snow \n", ["a ball of snow"]),
        ("# fair\n\na ball\n\na box\n", ["a ball", "a box"]),
        ("a ball\n# not this\non grass\n\na box", ["a ball on grass", "a box"]),
        ("a ball | seed=1\na box | seed=2\n\na star", ["a ball", "a box", "a star"]),
        ("a ball\n| seed=1\n\na star", ["a ball", "a star"]),
        ("---\nprompts: lines\n---\na ball\na box\n\na star", ["a ball", "a box", "a star"]),
        ("---\nprompts: paragraphs\n---\na ball\non grass", ["a ball on grass"]),
        ("a \\| b | seed=1", ["a | b"]),
        ("\ufeff---\r\nseed: 1\r\n---\r\na ball\r\na box\r\n", ["a ball", "a box"]),
        ("a\x0cball\ra box\u2028here", ["a ball", "a box here"]),
        ("a 🎬 ball", ["a 🎬 ball"]),
    ],
)
def test_prompts(text: str, prompts: list[str]) -> None:
    board = parse(text)
    assert [scene.text for scene in board.scenes] == prompts
    assert not [problem for problem in board.problems if problem.severity != "information"]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [("e", 0, "")]),
        ("# only this\n", [("e", 1, "")]),
        ("---\nseed: 7\n---", [("e", 2, "---")]),
        ("---\nseed: 7\n\na ball", [("e", 0, "---")]),
        ("a ball\n---\nseed: 7", [("e", 1, "---")]),
        (front("modle: tiny"), [("e", 1, "modle")]),
        (front(" seed : many"), [("e", 1, "many")]),
        (front("seed:"), [("e", 1, "seed")]),
        (front("seed: 7", "seed: 8"), [("e", 2, "seed")]),
        (front("seed 7"), [("e", 1, "seed 7")]),
        (front(": 7"), [("e", 1, ": 7")]),
        (front("hold: 2s"), [("e", 1, "hold")]),
        (front('style: "warm'), [("e", 1, '"warm')]),
        (front('style: "warm" light'), [("e", 1, "light")]),
        (front("steps: 0"), [("e", 1, "0")]),
        (front("fps: 0"), [("e", 1, "0")]),
        (front("guidance: nan"), [("e", 1, "nan")]),
        (front("strength: 0"), [("e", 1, "0")]),
        (front("strength: 0.5"), [("w", 1, "0.5")]),
        (front("size: 8x8"), [("e", 1, "8x8")]),
        (front("transition: cut 0.5s"), [("e", 1, "cut 0.5s")]),
        (front("transition: wipe"), [("e", 1, "wipe")]),
        (front("seconds per frame: 0.5s", "transition: fade 0.6s"), [("e", 1, "0.5s")]),
        (front("fps: 2", "seconds per frame: 0.1s"), [("w", 2, "0.1s")]),
        ("a ball | sede=7", [("e", 0, "sede")]),
        ("🎬 ball\t| seed=x", [("e", 0, "x")]),
        ("a ball | seed=7 seed=8", [("e", 0, "seed")]),
        ("a ball | fps=2", [("e", 0, "fps")]),
        ("a ball | seed", [("e", 0, "seed")]),
        ("a ball | seed= hold=2s", [("e", 0, "seed")]),
        ("a ball | =7", [("e", 0, "=7")]),
        ("a ball |", [("w", 0, "|")]),
        ("a ball | seed=7 | hold=2s", [("e", 0, "|")]),
        ('a ball | negative="blurry text', [("e", 0, '"blurry text')]),
        ('a ball | negative="blurry"seed=7', [("e", 0, "s")]),
        ("a ball\n| seed=7", [("e", 1, "|")]),
        ("a ball | start=previous", [("i", 0, "previous")]),
        ("a ball | strength=0.5", [("w", 0, "0.5")]),
        ("a ball | hold=0", [("e", 0, "0")]),
        ("a ball\non grass\n\na box", [("i", 0, "a ball")]),
        ("a\x00ball", [("e", 0, "\x00")]),
        ("a" * 10_001, [("e", 0, "a" * 10_001)]),
        ("a\n" * 10_001, [("e", 10_000, "a")]),
    ],
)
def test_problems_and_their_places(text: str, problems: list[tuple[str, int, str]]) -> None:
    assert found(parse(text), text) == problems


def test_the_lessons_file_is_ten_scenes() -> None:
    file = Path(__file__).parents[2] / "support" / "storyboards" / "video_prompts.txt"
    board = parse(file.read_text())
    assert [scene.line for scene in board.scenes] == list(range(2, 22, 2))
    assert board.scenes[0].text.startswith("Tenstorrent pavilion at 1964 World's Fair, futuristic dome")
    assert board.problems == ()


def test_what_is_meant_is_named() -> None:
    assert "the nearest is 'model'" in parse(front("Modle: tiny")).problems[0].message
    assert "from 1 to 1000" in parse(front("steps: many")).problems[0].message
    assert "The nearest is 'zoom-in'" in parse("a ball | motion=zoomin").problems[0].message
    assert "'seconds per frame' is expected" in parse(front("hold: 1s")).problems[0].message


def test_the_file_and_its_lines_make_the_scenes() -> None:
    text = """---
# for the fair
model: tiny
size: 128 × 128
seed: 3 # lucky
seeds: per  frame
steps: 20
fps: 24 fps
style: "warm # light"
negative: blurry
seconds per frame: 0.5 s
transition: crossfade 0.2s
start: previous
strength: 0.6
motion: zoom-in
---
a ball

a box
of sand | seed=7 hold=2s motion=still steps=5 style="dark" negative="a \\"b\\"" start=nothing

a star | strength=.4"""
    board = parse(text)
    assert [problem.severity for problem in board.problems] == ["information"]
    assert (board.model, board.size, board.seed, board.seeds) == ("tiny", (128, 128), 3, "per frame")
    assert (board.fps, board.hold) == (24, 0.5)
    assert (board.transition, board.transition_seconds) == (Transition.CROSSFADE, 0.2)
    first, second, third = board.scenes
    assert (first.prompt, first.negative, first.parameters) == ("a ball, warm # light", "blurry", {"steps": 20})
    assert (first.seed, first.follows, first.strength, first.hold, first.motion) == (
        None,
        False,
        None,
        0.5,
        Motion.ZOOM_IN,
    )
    assert (second.line, second.end_line, second.prompt) == (18, 19, "a box of sand, dark")
    assert (second.seed, second.hold, second.motion, second.negative) == (7, 2, Motion.STILL, 'a "b"')
    assert (second.parameters, second.follows) == ({"steps": 5}, False)
    assert (third.follows, third.strength) == (True, 0.4)


def test_what_is_given_wins_over_the_front_matter() -> None:
    board = parse(front("seed: 7", "fps: 2"), {"seed": 9, "size": "64x32", "seconds per frame": 0.5, "fps": None})
    assert (board.seed, board.size, board.hold, board.fps) == (9, (64, 32), 0.5, 2)


@pytest.mark.parametrize(
    "settings",
    [
        {"sede": 7},
        {"seed": "x"},
        {"seed": True},
        {"seed": [7]},
        {"style": "a\x00"},
        {"fps": float("nan")},
        {"seconds per frame": 0.1, "transition": "fade 1s"},
    ],
)
def test_what_cannot_be_given_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(WorkerError) as caught:
        parse("a ball", settings)
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS


WORDS = '--- | \\| = : " \\ # 🎬 seed 7 hold 2s start previous strength transition fade style prompts lines a'
PIECES = st.lists(st.sampled_from([*WORDS.split(), "\n", "\r\n", "\r", " ", "\t", "\ufeff", "\x00"])).map("".join)


@given(PIECES | st.text())
def test_any_text_is_read_and_every_problem_lies_in_it(text: str) -> None:
    board, lines = parse(text), syntax.split_lines(text)
    assert sum(map(len, lines)) <= len(text)
    for problem in board.problems:
        assert 0 <= problem.column <= problem.end_column <= len(lines[problem.line])
        assert problem.message.endswith((".", "?"))
    assert [scene.number for scene in board.scenes] == list(range(len(board.scenes)))
    spans = [place for scene in board.scenes for place in (scene.line, scene.end_line)]
    assert spans == sorted(spans)
    assert all(scene.text.strip() for scene in board.scenes)
    assert board.scenes or any(problem.severity == "error" for problem in board.problems)


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=50))
def test_a_value_that_was_written_is_read_again(value: str) -> None:
    (scene,) = parse(f"a ball | negative={syntax.quoted(value)} seed=7").scenes
    assert (scene.negative, scene.seed) == (" ".join(value.split()), 7)


@pytest.mark.parametrize("key", keys.KEYS, ids=lambda key: key.name)
def test_the_table_is_whole(key: keys.Key[object]) -> None:
    assert key.about.endswith(".")
    assert all(key.kind.read(value) is not None for value in (*key.examples, *key.kind.choices))
    assert f"| `{key.name}` |" in keys.reference()
