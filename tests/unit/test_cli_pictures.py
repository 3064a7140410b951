"""What `ttvideo stitch` and `ttvideo animate` ask for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttvideo.cli import build_parser, main, pictures
from ttvideo.contract import (
    AnimateRequest,
    ClipFormat,
    Codec,
    Easing,
    Job,
    Motion,
    Rectangle,
    StitchRequest,
    Transition,
)
from ttvideo.errors import ErrorKind, WorkerError


class Submitted(Exception):
    def __init__(self, request: StitchRequest | AnimateRequest) -> None:
        self.request = request


class Queue:
    def submit(self, request: StitchRequest | AnimateRequest, reserved: bool) -> Job:
        assert reserved
        raise Submitted(request)


def run_here(arguments: argparse.Namespace, submit: Callable[[Any], list[Job]]) -> int:
    submit(Queue())
    return 0


def requested(*argv: object) -> Any:
    """The request that a command line becomes."""
    arguments = build_parser().parse_args([*map(str, argv)])
    run = {"stitch": pictures.stitch, "animate": pictures.animate}[str(argv[0])]
    with pytest.raises(Submitted) as caught:
        run(arguments, run_here)
    return caught.value.request


def refused(*argv: object) -> WorkerError:
    arguments = build_parser().parse_args([*map(str, argv)])
    run = {"stitch": pictures.stitch, "animate": pictures.animate}[str(argv[0])]
    with pytest.raises(WorkerError) as caught:
        run(arguments, run_here)
    assert caught.value.kind is ErrorKind.INVALID_PARAMETERS
    return caught.value


def test_a_folder_is_stitched_as_it_is(tmp_path: Path) -> None:
    assert requested("stitch", tmp_path) == StitchRequest(folder=str(tmp_path))


def test_pictures_are_held_and_change_as_asked(tmp_path: Path) -> None:
    about = ("--hold", "2s", "--transition", "crossfade:0.5s", "--fit", "crop", "--crf", 20, "--codec", "h265")
    request = requested("stitch", tmp_path, *about)
    assert (request.hold, request.transition, request.transition_seconds) == (2, Transition.CROSSFADE, 0.5)
    assert (request.fit, request.crf, request.codec, request.fps) == ("crop", 20, Codec.H265, 24)
    plain = requested("stitch", tmp_path, "--hold", "0.5", "--transition", "fade", "--fps", 30)
    assert (plain.hold, plain.transition, plain.transition_seconds, plain.fps) == (0.5, Transition.FADE, None, 30)


def test_files_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    request = requested("stitch", "b.png", "a.png", "--format", "mp4,webm")
    assert request.folder == str(tmp_path)
    assert request.files == (str(tmp_path / "b.png"), str(tmp_path / "a.png"))
    assert request.formats == (ClipFormat.MP4, ClipFormat.WEBM)
    assert requested("stitch", "a.png").files == (str(tmp_path / "a.png"),)
    assert "is a folder" in refused("stitch", tmp_path, "a.png").message


def test_a_picture_is_animated_as_asked(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    assert requested("animate", image) == AnimateRequest(image=str(image))
    where = ("--motion", "ken-burns", "--from", "0,0,1,1", "--to", "0.5,0.25,0.25,0.25", "--size", "320x240")
    when = ("--seconds", "2.5s", "--fps", 30, "--easing", "linear", "--fade-in", "1s", "--fade-out", "0.5", "--zoom", 2)
    assert requested("animate", image, *where, *when) == AnimateRequest(
        image=str(image),
        motion=Motion.KEN_BURNS,
        start=Rectangle(x=0, y=0, width=1, height=1),
        end=Rectangle(x=0.5, y=0.25, width=0.25, height=0.25),
        width=320,
        height=240,
        seconds=2.5,
        fps=30,
        easing=Easing.LINEAR,
        fade_in=1,
        fade_out=0.5,
        zoom=2,
    )


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("stitch", ".", "--hold", "long"), "'long' is not a time; write seconds, such as 0.5s"),
        (("stitch", ".", "--transition", "melt"), "'melt' is not a transition; the transitions are cut, crossfade"),
        (("stitch", ".", "--transition", "fade:soon"), "'soon' is not a time"),
        (("animate", "a.png", "--to", "0,0,1"), "'0,0,1' is not a part of a picture"),
        (("animate", "a.png", "--to", "0,0,2,1"), "'0,0,2,1' is not a part of a picture"),
        (("animate", "a.png", "--motion", "spin"), "invalid choice: 'spin'"),
    ],
)
def test_what_means_nothing_is_said(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], words: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("about", "words"),
    [(("--zoom", "1"), "--zoom: "), (("--seconds", "0s"), "--seconds: "), (("--fade-out", "-1"), "--fade-out: ")],
)
def test_what_is_out_of_range_is_said_by_its_name(about: tuple[str, ...], words: str) -> None:
    assert refused("animate", "a.png", *about).message.startswith(words)
