"""`ttvideo storyboard`: a file with one prompt for each frame becomes pictures, and these a clip."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ttvideo.contract import Job, StoryboardRequest
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.storyboard.reel import Reel
from ttvideo.jobs.storyboard.submit import DEFAULT_MODEL, place, read
from ttvideo.storyboards import rules
from ttvideo.storyboards.storyboard import parse

SETTINGS = {
    "model": (str, "ID", "the model; `ttvideo models` lists them"),
    "size": (str, "WxH", "of each picture"),
    "steps": (int, "N", "denoising steps"),
    "guidance": (float, "X", "how closely to follow the prompts"),
    "seed": (int, "N", "the seed of all frames that have none of their own"),
    "style": (str, "TEXT", "put behind every prompt"),
    "negative": (str, "TEXT", "what not to show"),
    "fps": (float, "N", "frames per second of the clip"),
    "hold": (str, "SECONDS", "how long each picture is shown"),
    "transition": (str, "NAME", "cut, crossfade, fade or interpolate"),
    "motion": (str, "NAME", "how the camera moves over each picture: zoom-in, pan-left, ken-burns, ..."),
}
"""What the command line may say instead of the front matter."""
KEYS = {"hold": "seconds per frame"}


def numbers(text: str) -> tuple[int, ...]:
    """'3,5-7' is 3, 5, 6, 7: frames as their files are numbered."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise argparse.ArgumentTypeError(f"'{part}' is no frame; write numbers such as 3,5-7")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def batch(text: str) -> int | None:
    if text == "auto":
        return None
    if text.isdecimal() and 1 <= int(text) <= 64:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a batch; write auto, or a number from 1 to 64")


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="one prompt for each paragraph or line; # begins a comment")
    command.add_argument("--check", action="store_true", help="only say what is wrong with the file")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--only", type=numbers, metavar="3,5-7", help="make these frames only, if they are missing")
    which.add_argument("--from", dest="first", type=int, metavar="N", help="make frame N and those after it only")
    command.add_argument("--reroll", type=numbers, metavar="4", help="make these frames again, with other seeds")
    begin = command.add_mutually_exclusive_group()
    begin.add_argument("--resume", action="store_true", help="leave if there is nothing to go on with")
    begin.add_argument("--fresh", action="store_true", help="begin in a new folder; usually the last one goes on")
    command.add_argument("--adopt", metavar="DIR", help="take frame_*.png of another program as the frames")
    for name, (kind, value, help) in SETTINGS.items():
        command.add_argument(f"--{name}", type=kind, metavar=value, help=help)
    command.add_argument("--batch", type=batch, metavar="N", help="frames drawn at once; default: auto")
    command.add_argument("--free-text-encoders", action="store_true", help="unload them before drawing, to save memory")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or tt; default: %(default)s")


def run(
    arguments: argparse.Namespace, run_here: Callable[[argparse.Namespace, Callable[[Queue], list[Job]]], int]
) -> int:
    file = folders.whole_path(str(Path(arguments.file).expanduser().absolute()))
    if arguments.check:
        return _check(file, arguments.model)
    request = _request(arguments, file)
    output = folders.output_folder(request.output_folder)
    if arguments.resume and Reel.find(output, file) is None:
        raise WorkerError(
            ErrorKind.NOT_FOUND, f"Nothing in {output} was made of {file} yet.", "Leave out --resume to begin."
        )
    return run_here(arguments, lambda queue: [queue.submit(request, reserved=True)])


def _request(arguments: argparse.Namespace, file: Path) -> StoryboardRequest:
    settings = {KEYS.get(name, name): value for name in SETTINGS if (value := getattr(arguments, name)) is not None}
    only = arguments.only
    if arguments.first is not None:
        only = tuple(range(arguments.first, len(parse(read(file)).scenes)))
        if not only:
            raise WorkerError(
                ErrorKind.INVALID_PARAMETERS, f"There is no frame {arguments.first}.", "Frames are counted from 0."
            )
    if arguments.reroll and only is None:
        # Who wants some frames again wants these, and not the ones that were never made.
        only = arguments.reroll
    about: dict[str, Any] = {"only": only, "reroll": arguments.reroll or (), "fresh": arguments.fresh}
    return StoryboardRequest(
        **about,
        file=str(file),
        adopt=None if arguments.adopt is None else str(Path(arguments.adopt).expanduser().absolute()),
        settings=settings,
        batch=arguments.batch,
        free_text_encoders=arguments.free_text_encoders,
        device=arguments.device,
        formats=arguments.format,
        codec=arguments.codec,
        crf=arguments.crf,
        output_folder=arguments.output,
        metadata=not arguments.no_metadata,
    )


def _check(file: Path, model: str | None) -> int:
    board, problems = rules.check(read(file), model or DEFAULT_MODEL)
    for problem in problems:
        print(f"{place(file, problem)}: {problem.severity}: {problem.message}")
    count = len(board.scenes)
    print(f"{count} frame{'' if count == 1 else 's'}.")
    return 1 if any(problem.severity == "error" for problem in problems) else 0
