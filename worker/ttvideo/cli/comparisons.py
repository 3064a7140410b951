"""`ttvideo compare`, and the values of `ttvideo experiment`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ttvideo.cli.pictures import RunHere
from ttvideo.contract import LEAST_CLIPS, MOST_CLIPS, CompareRequest, Job
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import comparison, folders
from ttvideo.jobs.queue import Queue


def add_vary(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--vary",
        action="append",
        required=True,
        type=varied,
        metavar="NAME=A,B",
        help="the values of a parameter, of the prompt or of the negative prompt; several: each combination",
    )


def add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("jobs", nargs="+", metavar="JOB|FILE", help="jobs that are done, or clips in their folders")
    command.add_argument("--label", action="append", default=[], metavar="TEXT", help="one for each, in their order")
    command.add_argument("--columns", type=int, choices=range(1, MOST_CLIPS + 1), metavar="N", help="clips in a row")


def varied(text: str) -> tuple[str, tuple[Any, ...]]:
    """'guidance=1,3,7'. Texts with commas are written as JSON: negative=["", "dark, blurred"]."""
    name, equals, values = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' varies nothing; write NAME=A,B, such as guidance=1,3,7")
    name = {"negative": "negativePrompt"}.get(name, name.replace("-", "_"))
    try:
        listed = json.loads(values)
    except ValueError:
        listed = [value(part) for part in values.split(",")]
    return name, tuple(listed if isinstance(listed, list) else [listed])


def value(text: str) -> Any:
    """A number, true, false or null as JSON writes it; any other text is itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def compare(arguments: argparse.Namespace, run_here: RunHere) -> int:
    """`arguments.format` is a tuple of ClipFormat by now."""
    if not LEAST_CLIPS <= len(arguments.jobs) <= MOST_CLIPS:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{len(arguments.jobs)} clips cannot be compared.",
            f"Name {LEAST_CLIPS} to {MOST_CLIPS} jobs, or clips in their folders.",
        )
    request = CompareRequest(
        jobs=tuple(map(_job_id, arguments.jobs)),
        labels=tuple(arguments.label),
        columns=arguments.columns,
        formats=arguments.format,
        codec=arguments.codec,
        crf=arguments.crf,
        output_folder=arguments.output,
        metadata=not arguments.no_metadata,
    )

    def submit(queue: Queue) -> list[Job]:
        return [queue.submit(comparison.checked(queue, request), reserved=True)]

    return run_here(arguments, submit)


def _job_id(text: str) -> str:
    path = Path(text).expanduser()
    if not path.exists():
        return text
    job = folders.job_of(path if path.is_dir() else path.resolve().parent)
    if job is None:
        raise WorkerError(ErrorKind.NOT_FOUND, f"{text} is not in the folder of a job.", "`ttvideo jobs` lists them.")
    return job.id
