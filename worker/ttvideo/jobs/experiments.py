"""An experiment: the same clip with each combination of some values, and all of them side by side."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

from ttvideo import families
from ttvideo.contract import LEAST_CLIPS, MOST_CLIPS, CompareRequest, ExperimentRequest, GenerateRequest, Job
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import quality
from ttvideo.jobs.comparison import labelled
from ttvideo.jobs.queue import Queue

OF_THE_REQUEST = {"prompt": "prompt", "negativePrompt": "negative_prompt"}


def submit(queue: Queue, request: ExperimentRequest, *, reserved: bool = False) -> list[Job]:
    """Put its jobs into the queue, the comparison last; all of them, or none.

    Without a seed among the parameters one is drawn for all, so that the clips differ in what is varied only.
    Raises WorkerError: INVALID_PARAMETERS, NO_DEVICE, MODEL_MISSING, DISK.
    """
    combinations = _combinations(request)
    base = request.base
    quality.check(base)
    seed = families.effective(_varied(base, combinations[0])).parameters["seed"]
    base = base.model_copy(update={"parameters": {**base.parameters, "seed": seed}})
    requests = [_varied(base, values) for values in combinations]
    # What is wrong with the last must be known before the first is in the queue.
    for each in requests:
        families.effective(each)
    labels = tuple(", ".join(labelled(*pair) for pair in values.items()) for values in combinations)
    columns = len(list(request.vary.values())[-1]) if len(request.vary) > 1 else None
    files = base.model_dump(include={"formats", "codec", "crf", "output_folder", "metadata"})
    jobs: list[Job] = []
    # Files that a job is given are looked at, and copied, only when it is submitted.
    with contextlib.ExitStack() as undo:
        for each in requests:
            job = queue.submit(each, reserved=reserved)
            undo.callback(_withdraw, queue, job)
            jobs.append(job)
        comparison = CompareRequest(jobs=tuple(job.id for job in jobs), labels=labels, columns=columns, **files)
        jobs.append(queue.submit(comparison, reserved=reserved))
        undo.pop_all()
    return jobs


def _withdraw(queue: Queue, job: Job) -> None:
    # One that somebody runs already ends as cancelled, and stays in the list with what it has.
    with contextlib.suppress(WorkerError):
        queue.cancel(job.id)
        queue.remove(job.id, delete_files=True)


def _combinations(request: ExperimentRequest) -> list[dict[str, Any]]:
    """The last varied name changes fastest: with two of them, the rows of the grid are the first one's values."""
    if empty := [name for name, values in request.vary.items() if not values]:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There are no values for {empty[0]}.", "Give at least one.")
    made = [dict(zip(request.vary, values, strict=True)) for values in itertools.product(*request.vary.values())]
    if not LEAST_CLIPS <= len(made) <= MOST_CLIPS:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"These values make {len(made)} clip{'' if len(made) == 1 else 's'}.",
            f"An experiment has {LEAST_CLIPS} to {MOST_CLIPS}: vary fewer parameters, or give other values.",
        )
    return made


def _varied(base: GenerateRequest, values: dict[str, Any]) -> GenerateRequest:
    own = {field: str(values[name]) for name, field in OF_THE_REQUEST.items() if name in values}
    parameters = {name: value for name, value in values.items() if name not in OF_THE_REQUEST}
    return base.model_copy(update={**own, "parameters": {**base.parameters, **parameters}})
