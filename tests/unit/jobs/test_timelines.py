"""What stitch and animate requests come to, before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import JsonValue

from ttvideo.contract import AnimateRequest, ClipFormat, Codec, Motion, StitchRequest, Transition
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import quality
from ttvideo.jobs.pictures import Fitted
from ttvideo.jobs.timelines import animate_parameters, of_picture, of_pictures, stitch_parameters


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({}, {"fps": 8, "frames": 5}),
        ({"fps": 24, "hold": 0.3}, {"fps": 24, "frames": 36, "hold": 0.3}),
        (
            {"fps": 24, "hold": 1, "transition": "fade", "transition_seconds": 0.5, "fit": "crop", "crf": 20},
            {
                "fps": 24,
                "frames": 120,
                "hold": 1,
                "transition": "fade",
                "transitionSeconds": 0.5,
                "fit": "crop",
                "crf": 20,
            },
        ),
    ],
)
def test_a_stitch_job_says_what_differs_from_the_usual(about: dict[str, Any], expected: dict[str, JsonValue]) -> None:
    assert stitch_parameters(StitchRequest(folder="/", **about), 5) == expected


@pytest.mark.parametrize("hold", [None, 0.1, 0.3, 1.7])
@pytest.mark.parametrize("fps", [10, 23.976, 60])
def test_the_frames_foretold_are_those_of_the_timeline(tmp_path: Path, hold: float | None, fps: float) -> None:
    request = StitchRequest(folder="/", hold=hold, fps=fps)
    pictures = [tmp_path / f"{number}.png" for number in range(7)]
    for picture in pictures:
        Image.new("RGB", (16, 16)).save(picture)
    timeline = of_pictures(request, pictures, Fitted(pictures, lambda event: None))
    assert stitch_parameters(request, 7)["frames"] == len(timeline)
    moved = AnimateRequest(image=str(pictures[0]), seconds=hold or 1, fps=fps)
    assert animate_parameters(moved)["frames"] == len(of_picture(moved))


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"transition": Transition.CROSSFADE}, r"transition \(crossfade\) needs time"),
        ({"hold": 1, "transition_seconds": 0.5}, "A cut takes no time"),
        ({"hold": 0.1, "fps": 4}, "0.1 seconds, less than a frame at 4 frames a second"),
        ({"hold": 0.5, "fps": 2, "transition": Transition.FADE}, r"no room for a transition \(fade\)"),
        ({"codec": Codec.H265, "formats": (ClipFormat.WEBM,)}, "does not go into"),
    ],
)
def test_what_cannot_be_stitched_as_asked_is_refused(about: dict[str, Any], words: str) -> None:
    with pytest.raises(WorkerError, match=words) as caught:
        stitch_parameters(StitchRequest(folder="/", **about), 3)
    assert caught.value.kind is ErrorKind.INVALID_PARAMETERS


@pytest.mark.parametrize(
    ("asked", "size"),
    [((None, None), (60, 40)), ((30, None), (30, 20)), ((None, 80), (120, 80)), ((50, 50), (50, 50))],
)
def test_a_side_that_is_not_given_follows_from_the_other(
    tmp_path: Path, asked: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    request = AnimateRequest(image=str(tmp_path / "a.png"), width=asked[0], height=asked[1])
    found = animate_parameters(request)
    assert (found["width"], found["height"]) == size
    timeline = of_picture(request)
    assert (timeline.width, timeline.height) == size


def test_a_still_has_no_zoom_and_no_easing(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    still = animate_parameters(AnimateRequest(image=str(tmp_path / "a.png"), motion=Motion.STILL))
    assert not still.keys() & {"zoom", "easing"}


def test_codec_and_crf_are_not_for_a_gif_beside_others() -> None:
    request = StitchRequest(folder="/", formats=(ClipFormat.MP4, ClipFormat.GIF), codec=Codec.H265, crf=20)
    quality.check(request)
    assert quality.of(request, ClipFormat.MP4) == (Codec.H265, 20)
    assert quality.of(request, ClipFormat.GIF) == (None, None)
    for formats in ((ClipFormat.GIF,), (ClipFormat.MP4, ClipFormat.WEBM)):
        with pytest.raises(WorkerError, match="does not go into"):
            quality.check(request.model_copy(update={"formats": formats}))
