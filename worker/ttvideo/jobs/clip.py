"""From frames, or from pictures of a folder, to a job's files: clip in each format asked for, and poster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttvideo.contract import ClipRequest, Done, Job, Output, Phase, StitchRequest, StoryboardRequest
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Event, PhaseEvent, StepEvent
from ttvideo.jobs import folders, pictures, quality, timelines
from ttvideo.jobs.progress import Progress
from ttvideo.jobs.queue import RESUMABLE, Queue
from ttvideo.jobs.storyboard.footage import finished

if TYPE_CHECKING:
    from ttvideo.media.encode import Frames


@dataclass(frozen=True)
class Stitched:
    """The files made, and what is to be said about them."""

    outputs: tuple[Output, ...]
    notes: tuple[str, ...]


def stitch(
    job: Job,
    recipe: dict[str, Any],
    on_event: Callable[[Event], None],
    name: str = "clip",
    source: Frames | None = None,
) -> Stitched:
    """Encode the job's frames that are there, in order, each for one frame of the clip, or what `source` shows.

    Raises WorkerError: ENCODER, DISK, INVALID_PARAMETERS (an unreadable picture; codec or crf), and what `on_event`
    raises.
    """
    from ttvideo.media.encode import encode
    from ttvideo.media.frames import save_poster
    from ttvideo.media.timeline import one_each

    folder = Path(job.folder)
    if source is None:
        fps = float(job.parameters.get("fps") or 8)  # type: ignore[arg-type]
        source = one_each(sorted(folder.joinpath(folders.FRAMES).glob("frame_*.png")), fps)
    request = job.request
    assert isinstance(request, ClipRequest)
    quality.check(request)
    metadata = folders.embedded(recipe) if request.metadata else None
    total = len(source) * len(request.formats)
    on_event(PhaseEvent(Phase.STITCHING, total=total))
    outputs, notes = [], [*source.notes]
    for number, format in enumerate(request.formats):
        path = folder / f"{name}.{format.value}"

        def on_frame(index: int, before: int = number * len(source)) -> None:
            on_event(StepEvent(before + index + 1, total))

        made = encode(source, path, format.value, metadata, on_frame, *quality.of(request, format))
        size = {"width": made.width, "height": made.height}
        outputs.append(Output(path=str(path), kind="video", frames=made.frames, fps=source.fps, **size))
        notes += [made.note] if made.note else []
    poster = folder / "poster.jpg"
    pixels = source.poster()
    save_poster(pixels, poster, metadata)
    outputs.append(Output(path=str(poster), kind="poster", width=pixels.shape[1], height=pixels.shape[0]))
    return Stitched(tuple(outputs), tuple(notes))


def picture(job: Job) -> Stitched:
    """What a model of single pictures made: its one frame."""
    width, height = (int(str(job.parameters[side])) for side in ("width", "height"))
    path = str(folders.frame_path(Path(job.folder), 0))
    return Stitched((Output(path=path, kind="image", width=width, height=height),), ())


def stitch_pictures(queue: Queue, job: Job, stopping: threading.Event) -> None:
    """Run a stitch job, from the first picture on: nothing of it is kept half-way. Raises what `stitch` raises."""
    request = job.request
    assert isinstance(request, StitchRequest)
    progress = Progress(queue, job, None, stopping, warm=True)
    files = pictures.source(request.folder, request.files).pictures
    progress(PhaseEvent(Phase.LOADING, total=len(files)))
    fitted = pictures.Fitted(files, progress, request.fit)
    show(queue, job, timelines.of_pictures(request, files, fitted), (fitted.note,), progress)


def show(queue: Queue, job: Job, source: Frames, notes: Sequence[str | None], progress: Progress) -> None:
    """Make the job's folder, its clip of `source` and its manifest, and write down that it is done."""
    folders.make(Path(job.folder))
    found = {"frames": len(source), "width": source.width, "height": source.height}
    job = queue.update(job.id, lambda job: job.model_copy(update={"parameters": job.parameters | found}))
    recipe = folders.recipe(job, "")
    folders.write_manifest(job, recipe)
    made = stitch(job, recipe, progress, source=source)
    said = tuple(note for note in notes if note) + made.notes
    complete(queue, job, recipe, Stitched(made.outputs, said), progress, frames_done=len(source))


def complete(
    queue: Queue, job: Job, recipe: dict[str, Any], made: Stitched, progress: Progress, **update: object
) -> None:
    """Write down what a job that is done has made."""
    # Frames can be stitched faster than a cancel is looked for; one that was asked for must not end as `done`.
    progress.check(every=0)
    progress.end_phase()
    seconds = {phase: round(spent, 4) for phase, spent in progress.seconds.items()}
    update |= {"outputs": made.outputs, "seconds": seconds, "kept_step": None}
    job = queue.update(job.id, lambda job: job.model_copy(update={"notes": with_notes(job, made)} | update))
    folders.write_manifest(job.model_copy(update={"status": Done()}), recipe)
    folders.discard_state(Path(job.folder))


def clip_finished_frames(queue: Queue, id: str) -> Job:
    """Make a clip of what an unfinished job has kept. Raises WorkerError(WRONG_STATE) when there is nothing to use."""
    job = queue.get(id)
    if job.status.state not in RESUMABLE or job.frames_done == 0:
        raise WorkerError(
            ErrorKind.WRONG_STATE,
            f"Job {id} is {job.status.state} with {job.frames_done} finished frames: nothing to make a clip of.",
            "Only jobs that stopped half-way, with some frames finished, leave something to use.",
        )
    manifest = folders.read_manifest(Path(job.folder)) or {}
    source = finished(job) if isinstance(job.request, StoryboardRequest) else None
    made = stitch(job, manifest.get("recipe", {}), lambda event: None, name="partial", source=source)
    return queue.update(
        id, lambda job: job.model_copy(update={"outputs": made.outputs, "notes": with_notes(job, made)})
    )


def with_notes(job: Job, made: Stitched) -> tuple[str, ...]:
    """A job resumed or encoded again says each thing once."""
    return tuple(dict.fromkeys([*job.notes, *made.notes]))
