"""A still picture becomes a clip, over which the camera moves."""

from __future__ import annotations

import threading

from ttvideo.contract import AnimateRequest, Job, Phase
from ttvideo.families.family import PhaseEvent
from ttvideo.jobs import pictures, timelines
from ttvideo.jobs.clip import show
from ttvideo.jobs.progress import Progress
from ttvideo.jobs.queue import Queue


def animate_picture(queue: Queue, job: Job, stopping: threading.Event) -> None:
    """Run an animate job, from the first frame on: nothing of it is kept half-way. Raises what `show` raises."""
    request = job.request
    assert isinstance(request, AnimateRequest)
    progress = Progress(queue, job, None, stopping, warm=True)
    progress(PhaseEvent(Phase.LOADING))
    pictures.picture(request.image)
    show(queue, job, timelines.of_picture(request), (timelines.animate_note(request),), progress)
