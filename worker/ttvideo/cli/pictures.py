"""`ttvideo stitch` and `ttvideo animate`: pictures that are there become a clip."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from ttvideo.contract import AnimateRequest, ClipRequest, Easing, Job, Motion, Rectangle, StitchRequest, Transition
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs.queue import Queue

STITCH_FPS = 8.0
SMOOTH_FPS = 24.0
"""When pictures change slowly into each other, and nothing else is said."""

RunHere: TypeAlias = Callable[[argparse.Namespace, Callable[[Queue], list[Job]]], int]
Request = TypeVar("Request", bound=ClipRequest)


def seconds(text: str) -> float:
    """'0.5s' or '0.5'."""
    try:
        return float(text.strip().removesuffix("s"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time; write seconds, such as 0.5s") from None


def transition(text: str) -> tuple[Transition, float | None]:
    """'crossfade' or 'crossfade:0.25s'."""
    name, colon, time = text.partition(":")
    known = [one.value for one in Transition]
    if name not in known:
        raise argparse.ArgumentTypeError(f"'{name}' is not a transition; the transitions are {', '.join(known)}")
    return Transition(name), seconds(time) if colon else None


def rectangle(text: str) -> Rectangle:
    """'0.1,0.1,0.5,0.5': left, top, width and height in parts of the picture."""
    try:
        x, y, width, height = map(float, text.split(","))
        return Rectangle(x=x, y=y, width=width, height=height)
    except ValueError:
        what = "left,top,width,height in parts of the picture, such as 0.1,0.1,0.5,0.5"
        raise argparse.ArgumentTypeError(f"'{text}' is not a part of a picture; write {what}") from None


def add_stitch(command: argparse.ArgumentParser, rate: Callable[[str], float]) -> None:
    command.add_argument(
        "paths",
        nargs="+",
        metavar="DIR|FILE",
        help="a folder of pictures or of a job, in the order of the numbers in the names; or pictures in their order",
    )
    default = f"default: {STITCH_FPS:g}, or {SMOOTH_FPS:g} with a transition"
    command.add_argument("--fps", type=rate, metavar="N", help=f"frames per second; {default}")
    command.add_argument("--hold", type=seconds, metavar="SECONDS", help="how long each is shown; default: one frame")
    command.add_argument(
        "--transition",
        type=transition,
        default="cut",
        metavar="NAME[:SECONDS]",
        help="cut, crossfade, fade (through black) or interpolate; default: cut; the others last half of --hold",
    )
    command.add_argument(
        "--fit",
        choices=("pad", "crop", "stretch"),
        default="pad",
        help="what is done to pictures of another size; default: pad",
    )


def add_animate(
    command: argparse.ArgumentParser, rate: Callable[[str], float], size: Callable[[str], tuple[int, int]]
) -> None:
    command.add_argument("image", metavar="IMAGE")
    command.add_argument(
        "--motion",
        choices=[one.value for one in Motion],
        default=Motion.ZOOM_IN.value,
        metavar="NAME",
        help=f"{', '.join(one.value for one in Motion)}; default: zoom-in",
    )
    command.add_argument("--seconds", type=seconds, default=5.0, metavar="SECONDS", help="default: 5s")
    command.add_argument("--fps", type=rate, default=SMOOTH_FPS, metavar="N", help="default: 24")
    command.add_argument(
        "--zoom",
        type=float,
        default=1.25,
        metavar="X",
        help="how much nearer the nearest view is than the farthest; default: 1.25",
    )
    command.add_argument(
        "--easing",
        choices=[one.value for one in Easing],
        default=Easing.EASE_IN_OUT.value,
        metavar="NAME",
        help=f"{', '.join(one.value for one in Easing)}; default: ease-in-out",
    )
    part = "left, top, width and height, in parts of the picture"
    command.add_argument(
        "--from", dest="start", type=rectangle, metavar="X,Y,W,H", help=f"ken-burns begins with: {part}"
    )
    command.add_argument("--to", dest="end", type=rectangle, metavar="X,Y,W,H", help="ken-burns ends with")
    command.add_argument("--fade-in", type=seconds, default=0.0, metavar="SECONDS", help="from black")
    command.add_argument("--fade-out", type=seconds, default=0.0, metavar="SECONDS", help="to black")
    command.add_argument("--size", type=size, metavar="WxH", help="default: the picture's own")


def stitch(arguments: argparse.Namespace, run_here: RunHere) -> int:
    """`arguments.format` is a tuple of ClipFormat by now; so for `animate`."""
    how, time = arguments.transition
    usual = STITCH_FPS if how is Transition.CUT else SMOOTH_FPS
    about = {
        **_named(arguments.paths),
        "fps": usual if arguments.fps is None else arguments.fps,
        "hold": arguments.hold,
        "transition": how,
        "transition_seconds": time,
        "fit": arguments.fit,
    }
    request = _request(StitchRequest, arguments, about)
    return run_here(arguments, lambda queue: [queue.submit(request, reserved=True)])


def animate(arguments: argparse.Namespace, run_here: RunHere) -> int:
    names = ("motion", "seconds", "fps", "zoom", "easing", "start", "end", "fade_in", "fade_out")
    about: dict[str, Any] = {name: getattr(arguments, name) for name in names}
    about["width"], about["height"] = arguments.size or (None, None)
    request = _request(AnimateRequest, arguments, about | {"image": whole(arguments.image)})
    return run_here(arguments, lambda queue: [queue.submit(request, reserved=True)])


def _named(paths: list[str]) -> dict[str, Any]:
    """The folder and, when pictures are named and not their folder, these."""
    files = [whole(path) for path in paths]
    folders = [path for path in files if os.path.isdir(path)]
    if len(files) == 1 and (folders or not os.path.isfile(files[0])):
        return {"folder": files[0]}
    if folders:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{folders[0]} is a folder, and there is more to stitch beside it.",
            "Name one folder, or pictures only.",
        )
    return {"folder": os.path.commonpath([Path(path).parent for path in files]), "files": tuple(files)}


def _request(kind: type[Request], arguments: argparse.Namespace, about: dict[str, Any]) -> Request:
    files = {
        "formats": arguments.format,
        "codec": arguments.codec,
        "crf": arguments.crf,
        "output_folder": arguments.output,
        "metadata": not arguments.no_metadata,
    }
    try:
        return kind(**about, **files)
    except ValidationError as error:
        first = error.errors()[0]
        name = "-".join(map(str, first["loc"])).replace("_", "-")
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"--{name}: {first['msg']}.", "`--help` says what it means."
        ) from error


def whole(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))
