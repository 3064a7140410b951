"""An experiment: the same clip with each combination of some values, and all of them side by side."""

from __future__ import annotations

import itertools
from typing import Any

from ttvideo.contract import CompareRequest, ExperimentRequest, GenerateRequest, Job
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs.comparison import labelled
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.submission import new_job

MOST_CLIPS = 16
OF_THE_REQUEST = {"prompt": "prompt", "negativePrompt": "negative_prompt"}


def submit(queue: Queue, request: ExperimentRequest, *, reserved: bool = False) -> list[Job]:
    """Put its jobs into the queue, the comparison last; all of them, or none.

    Without a seed among the parameters one is drawn for all, so that the clips differ in what is varied only.
    Raises WorkerError: INVALID_PARAMETERS, NO_DEVICE, MODEL_MISSING.
    """
    combinations = _combinations(request)
    base = request.base
    if base.parameters.get("seed", -1) in (None, -1):
        seed = new_job(base, "").parameters.get("seed")
        base = base.model_copy(update={"parameters": {**base.parameters, "seed": seed}})
    requests = [_varied(base, values) for values in combinations]
    # What is wrong with the last must be known before the first is in the queue.
    for each in requests:
        new_job(each, "")
    jobs = [queue.submit(each, reserved=reserved) for each in requests]
    labels = tuple(", ".join(labelled(*pair) for pair in values.items()) for values in combinations)
    columns = len(list(request.vary.values())[-1]) if len(request.vary) > 1 else None
    files = base.model_dump(include={"formats", "codec", "crf", "output_folder", "metadata"})
    comparison = CompareRequest(jobs=tuple(job.id for job in jobs), labels=labels, columns=columns, **files)
    return [*jobs, queue.submit(comparison, reserved=reserved)]


def _combinations(request: ExperimentRequest) -> list[dict[str, Any]]:
    """The last varied name changes fastest: with two of them, the rows of the grid are the first one's values."""
    if empty := [name for name, values in request.vary.items() if not values]:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There are no values for {empty[0]}.", "Give at least one.")
    made = [dict(zip(request.vary, values, strict=True)) for values in itertools.product(*request.vary.values())]
    if not 2 <= len(made) <= MOST_CLIPS:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"These values make {len(made)} clip{'' if len(made) == 1 else 's'}.",
            f"An experiment has 2 to {MOST_CLIPS}: vary fewer parameters, or give other values.",
        )
    return made


def _varied(base: GenerateRequest, values: dict[str, Any]) -> GenerateRequest:
    own = {field: str(values[name]) for name, field in OF_THE_REQUEST.items() if name in values}
    parameters = {name: value for name, value in values.items() if name not in OF_THE_REQUEST}
    return base.model_copy(update={**own, "parameters": {**base.parameters, **parameters}})
