"""From a request to a job: what is checked, drawn and made before it may wait in the queue."""

from __future__ import annotations

import secrets
import time

from ttvideo import families
from ttvideo.contract import (
    AnimateRequest,
    CompareRequest,
    DownloadRequest,
    GenerateRequest,
    Job,
    JobRequest,
    Queued,
    StitchRequest,
    StoryboardRequest,
)
from ttvideo.families.weights import checkpoints
from ttvideo.jobs import folders, inputs, pictures, quality, timelines
from ttvideo.jobs.storyboard.submit import new_storyboard_job


def new_job(request: JobRequest, submitted_by: str) -> Job:
    """A job that waits, with its effective parameters.

    Raises WorkerError: INVALID_PARAMETERS, NO_DEVICE, NOT_FOUND, DISK.
    """
    now, id = time.time(), secrets.token_hex(4)
    if isinstance(request, DownloadRequest):
        return _download_job(request, id, submitted_by)
    quality.check(request)
    if isinstance(request, StoryboardRequest):
        return new_storyboard_job(request, id, submitted_by)
    folder = str(folders.output_folder(request.output_folder))
    if isinstance(request, StitchRequest):
        source = pictures.source(request.folder, request.files)
        files = tuple(map(str, source.pictures)) if request.files else ()
        request = request.model_copy(update={"output_folder": folder, "folder": str(source.folder), "files": files})
        effective = families.Effective(timelines.stitch_parameters(request, len(source.pictures)), [])
    elif isinstance(request, AnimateRequest):
        image = pictures.picture(request.image)
        request = request.model_copy(update={"output_folder": folder, "image": str(image)})
        effective = families.Effective(timelines.animate_parameters(request), [])
    elif isinstance(request, CompareRequest):
        request = request.model_copy(update={"output_folder": folder})
        effective = families.Effective({"columns": request.columns} if request.columns else {}, [])
    else:
        request = request.model_copy(update={"output_folder": folder})
        effective = families.effective(request)
    job = Job(
        id=id,
        request=request,
        parameters=effective.parameters,
        notes=tuple(effective.notes),
        status=Queued(waiting_for="the videos it compares" if isinstance(request, CompareRequest) else None),
        folder=str(folders.job_folder(request, id, now)),
        submitted_by=submitted_by,
        created_at=now,
    )
    return inputs.take(job, request) if isinstance(request, GenerateRequest) else job


def _download_job(request: DownloadRequest, id: str, submitted_by: str) -> Job:
    """Its folder is the model's: a download makes nothing else."""
    chosen, model = families.downloadable(request)
    return Job(
        id=id,
        request=request.model_copy(update=chosen),
        parameters={**chosen},
        status=Queued(),
        folder=str(checkpoints.own_folder(model) or checkpoints.cache(model)),
        submitted_by=submitted_by,
        created_at=time.time(),
    )
