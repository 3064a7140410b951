"""From a request to a job: what is checked, drawn and made before it may wait in the queue."""

from __future__ import annotations

import secrets
import time

from ttvideo import families
from ttvideo.contract import GenerateRequest, Job, Queued, StitchRequest
from ttvideo.jobs import folders, inputs, pictures


def new_job(request: GenerateRequest | StitchRequest, submitted_by: str) -> Job:
    """A job that waits, with its effective parameters.

    Raises WorkerError: INVALID_PARAMETERS, NO_DEVICE, NOT_FOUND, DISK.
    """
    now, id = time.time(), secrets.token_hex(4)
    folder = str(folders.output_folder(request.output_folder))
    if isinstance(request, StitchRequest):
        source = pictures.source(request.folder)
        request = request.model_copy(update={"output_folder": folder, "folder": str(source.folder)})
        effective = families.Effective({"fps": request.fps, "frames": len(source.pictures)}, [])
    else:
        request = request.model_copy(update={"output_folder": folder})
        effective = families.effective(request)
    job = Job(
        id=id,
        request=request,
        parameters=effective.parameters,
        notes=tuple(effective.notes),
        status=Queued(),
        folder=str(folders.job_folder(request, id, now)),
        submitted_by=submitted_by,
        created_at=now,
    )
    return inputs.take(job, request) if isinstance(request, GenerateRequest) else job
