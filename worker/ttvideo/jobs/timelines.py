"""What requests to stitch and to animate come to: effective parameters, and pictures in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ttvideo.contract import AnimateRequest, Motion, Rectangle, StitchRequest, Transition
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import quality
from ttvideo.jobs.pictures import Fitted

if TYPE_CHECKING:
    from ttvideo.media.timeline import Timeline


def stitch_parameters(request: StitchRequest, pictures: int) -> dict[str, JsonValue]:
    """`frames` are those of the clip. Raises WorkerError(INVALID_PARAMETERS) for what cannot be shown as asked."""
    quality.check(request)
    if request.hold is None and request.transition is not Transition.CUT:
        raise _unusable(
            f"A transition ({request.transition.value}) needs time, and each picture is one frame of the clip.",
            "Say for how many seconds each picture is shown (hold), such as 2 at 24 frames a second.",
        )
    if request.transition is Transition.CUT and request.transition_seconds is not None:
        raise _unusable("A cut takes no time.", "Leave the transition's seconds out, or choose another transition.")
    about: dict[str, JsonValue] = {"fps": request.fps, "frames": pictures}
    if request.hold is not None:
        wanted = request.hold if request.transition_seconds is None else request.transition_seconds
        share = 0.5 if request.transition_seconds is None else 1.0
        _check_time(request.hold, request.fps, "Each picture")
        if request.transition is not Transition.CUT and _frames(min(wanted * share, request.hold), request.fps) < 2:
            raise _unusable(
                f"At {request.fps:g} frames a second, pictures of {request.hold:g} seconds leave no room for a "
                f"transition ({request.transition.value}).",
                "Ask for more frames a second, such as 24, or for a longer transition.",
            )
        about |= {"hold": request.hold, "frames": max(1, _frames(pictures * request.hold, request.fps))}
    if request.transition is not Transition.CUT:
        about["transition"] = request.transition.value
        if request.transition_seconds is not None:
            about["transitionSeconds"] = request.transition_seconds
    if request.fit != "pad":
        about["fit"] = request.fit
    return about | _quality(request)


def animate_parameters(request: AnimateRequest) -> dict[str, JsonValue]:
    """Of an image that is there, with `width` and `height` of the clip.

    Raises WorkerError(INVALID_PARAMETERS) for an image that is broken, and for what cannot be shown as asked.
    """
    quality.check(request)
    _check_time(request.seconds, request.fps, "The clip")
    if request.fade_in + request.fade_out > request.seconds:
        raise _unusable("The fades are longer than the clip.", "Ask for shorter fades, or for more seconds.")
    rectangles = {"start": request.start, "end": request.end}
    for name, part in rectangles.items():
        _check_rectangle(name, part, request.motion)
    width, height = _size(request)
    about: dict[str, JsonValue] = {"motion": request.motion.value, "seconds": request.seconds, "fps": request.fps}
    about |= {"frames": _frames(request.seconds, request.fps), "width": width, "height": height}
    if request.motion is not Motion.STILL:
        about["easing"] = request.easing.value
        if request.end is None:
            about["zoom"] = request.zoom
    about |= {name: part.model_dump() for name, part in rectangles.items() if part is not None}
    fades = {"fadeIn": request.fade_in, "fadeOut": request.fade_out}
    return about | {name: seconds for name, seconds in fades.items() if seconds} | _quality(request)


def of_pictures(request: StitchRequest, files: Sequence[Path], fitted: Fitted) -> Timeline:
    from ttvideo.media.timeline import Still, Timeline

    seconds = 1 / request.fps if request.hold is None else request.hold
    return Timeline(
        [Still(file, seconds) for file in files],
        fitted.width,
        fitted.height,
        request.fps,
        fitted.load,
        request.transition,
        request.transition_seconds,
    )


def of_picture(request: AnimateRequest) -> Timeline:
    """Raises WorkerError(INVALID_PARAMETERS) for an image that is missing or broken."""
    from ttvideo.media.frames import load_whole
    from ttvideo.media.timeline import Still, Timeline

    width, height = _size(request)
    still = Still(
        Path(request.image),
        request.seconds,
        request.motion,
        request.zoom,
        request.easing,
        request.start,
        request.end,
    )
    return Timeline([still], width, height, request.fps, load_whole, fade_in=request.fade_in, fade_out=request.fade_out)


def animate_note(request: AnimateRequest) -> str | None:
    """What is to be said when the clip has not the picture's shape."""
    from ttvideo.media.frames import picture_size

    width, height = _size(request)
    of_width, of_height = picture_size(Path(request.image))
    if abs(width * of_height - height * of_width) <= max(of_width, of_height):
        return None
    return f"The picture, {of_width}x{of_height}, has another shape than the clip: it fills it, and is cut."


def _size(request: AnimateRequest) -> tuple[int, int]:
    """Width and height of the clip; one that is not given follows from the other, in the picture's shape."""
    from ttvideo.media.frames import picture_size

    width, height = picture_size(Path(request.image))
    if request.width is None and request.height is not None:
        return max(1, round(width * request.height / height)), request.height
    if request.width is not None:
        return request.width, request.height or max(1, round(height * request.width / width))
    return width, height


def _check_time(seconds: float, fps: float, what: str) -> None:
    if _frames(seconds, fps) < 1:
        raise _unusable(
            f"{what} would be shown for {seconds:g} seconds, less than a frame at {fps:g} frames a second.",
            "Ask for more seconds, or for more frames a second.",
        )


def _check_rectangle(name: str, part: Rectangle | None, motion: Motion) -> None:
    if part is None:
        return
    if motion is not Motion.KEN_BURNS:
        raise _unusable(
            f"The motion {motion.value} has no {name}.", f"Leave it out, or choose {Motion.KEN_BURNS.value}."
        )
    if part.x + part.width > 1 + 1e-9 or part.y + part.height > 1 + 1e-9:
        raise _unusable(
            f"The {name} of the motion reaches beyond the picture.",
            "x with width and y with height are at most 1, in parts of the picture.",
        )


def _quality(request: StitchRequest | AnimateRequest) -> dict[str, JsonValue]:
    codec = None if request.codec is None else request.codec.value
    given: dict[str, JsonValue] = {"codec": codec, "crf": request.crf}
    return {name: value for name, value in given.items() if value is not None}


def _frames(seconds: float, fps: float) -> int:
    return math.floor(seconds * fps + 0.5)


def _unusable(what: str, hint: str) -> WorkerError:
    return WorkerError(ErrorKind.INVALID_PARAMETERS, what, hint)
