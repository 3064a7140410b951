"""The clips of several jobs side by side: one clip of all of them, and a sheet with a row for each."""

from __future__ import annotations

import math
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttvideo.contract import CompareRequest, GenerateRequest, Job, Output, Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import PhaseEvent, StepEvent
from ttvideo.jobs import folders
from ttvideo.jobs.clip import Stitched, complete, stitch
from ttvideo.jobs.progress import Progress
from ttvideo.jobs.queue import Queue

if TYPE_CHECKING:
    from ttvideo.media.grid import Cell

SHEET = "sheet.png"


def checked(queue: Queue, request: CompareRequest) -> CompareRequest:
    """With a label for each job.

    Raises WorkerError: NOT_FOUND, INVALID_PARAMETERS (the same job twice; not as many labels as jobs).
    """
    if len(set(request.jobs)) < len(request.jobs):
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, "A job is compared with itself.", "Name each job once.")
    jobs = [queue.get(id) for id in request.jobs]
    if request.labels and len(request.labels) != len(jobs):
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"There are {len(jobs)} jobs, but {len(request.labels)} labels.",
            "Give each job one label, or leave the labels out.",
        )
    return request if request.labels else request.model_copy(update={"labels": tuple(_labels(jobs))})


def compare(queue: Queue, job: Job, stopping: threading.Event) -> None:
    """Run a comparison, from the first frame on. What `stitch` raises, and WorkerError(WRONG_STATE): too few clips."""
    from ttvideo.media.frames import save_frame
    from ttvideo.media.grid import Grid

    request = job.request
    assert isinstance(request, CompareRequest)
    progress = Progress(queue, job, None, stopping, warm=True)
    progress(PhaseEvent(Phase.LOADING, total=len(request.jobs)))
    cells, left_out, fps = _cells(queue, request, progress)
    if len(cells) < 2:
        raise WorkerError(
            ErrorKind.WRONG_STATE,
            f"Of {len(request.jobs)} jobs to compare, {len(cells)} made a clip.",
            "Resume those that stopped, then resume this one.",
        )
    grid = Grid(cells, request.columns or math.ceil(math.sqrt(len(cells))), fps)
    folders.make(Path(job.folder))
    found = {"frames": len(grid), "width": grid.width, "height": grid.height, "fps": fps}
    job = queue.update(job.id, lambda job: job.model_copy(update={"parameters": job.parameters | found}))
    recipe = folders.recipe(job, "")
    folders.write_manifest(job, recipe)
    made = stitch(job, recipe, progress, source=grid)
    sheet, picture = Path(job.folder) / SHEET, grid.sheet()
    save_frame(picture, sheet, folders.embedded(recipe) if request.metadata else None)
    output = Output(path=str(sheet), kind="image", width=picture.shape[1], height=picture.shape[0])
    notes = (*left_out, *made.notes, _unrest(cells))
    complete(queue, job, recipe, Stitched((output, *made.outputs), notes), progress, frames_done=len(grid))


def _cells(queue: Queue, request: CompareRequest, progress: Progress) -> tuple[list[Cell], list[str], float]:
    """The clips that are there, sentences about those that are not, and the frames per second of the first."""
    from ttvideo.media.grid import Cell

    cells: list[Cell] = []
    left_out, rates = [], []
    for number, (id, label) in enumerate(zip(request.jobs, request.labels, strict=True), start=1):
        try:
            job = queue.get(id)
            frames = sorted(Path(job.folder, folders.FRAMES).glob("frame_*.png")) if job.status.state == "done" else []
            reason = f"the job is {job.status.state}" if job.status.state != "done" else "its frames are gone"
        except WorkerError:
            frames, reason = [], "its job was removed"
        if frames:
            cells.append(Cell(label, frames))
            rates.append(float(job.parameters.get("fps") or 8))  # type: ignore[arg-type]
        else:
            left_out.append(f"“{label}” is left out: {reason}.")
        progress(StepEvent(number, len(request.jobs)))
    return cells, left_out, rates[0] if rates else 8.0


def _unrest(cells: list[Cell]) -> str:
    from ttvideo.media.grid import unrest

    told = ", ".join(f"{cell.label}: {unrest(cell.frames):.1f}" for cell in cells)
    return f"Mean change from a frame to the next, of 255 levels: {told}."


def _labels(jobs: list[Job]) -> list[str]:
    """For each job, what it does not share with all of the others; its id when that is nothing."""
    rows = [_about(job) for job in jobs]
    differing = [
        name for name in dict.fromkeys(n for row in rows for n in row) if len({str(r.get(name)) for r in rows}) > 1
    ]
    return [
        ", ".join(labelled(name, row[name]) for name in differing if name in row) or job.id
        for row, job in zip(rows, jobs, strict=True)
    ]


def labelled(name: str, value: object) -> str:
    """Such as `guidance 3` or `motion off`; a prompt speaks for itself."""
    if name == "prompt":
        return str(value)
    told = {True: "on", False: "off", "": "none"}.get(value, value) if isinstance(value, bool | str) else value
    words = re.sub("([A-Z])", r" \1", name).lower()
    return f"{words} {told}"


def _about(job: Job) -> dict[str, Any]:
    request = job.request
    if not isinstance(request, GenerateRequest):
        return {"prompt": folders.title(request)}
    about = {"prompt": request.prompt, "negativePrompt": request.negative_prompt, "model": request.model}
    return about | job.parameters
