"""From a job's finished frames to its files: clip in each format asked for, and poster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttvideo.contract import Job, Output, Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Event, PhaseEvent, StepEvent
from ttvideo.jobs import folders
from ttvideo.jobs.queue import RESUMABLE, Queue


@dataclass(frozen=True)
class Stitched:
    """The files made, and what is to be said about them."""

    outputs: tuple[Output, ...]
    notes: tuple[str, ...]


def stitch(job: Job, recipe: dict[str, Any], on_event: Callable[[Event], None], name: str = "clip") -> Stitched:
    """Encode the frames that are there, in order. Raises WorkerError(ENCODER | DISK), and what `on_event` raises."""
    from ttvideo.media.encode import encode
    from ttvideo.media.frames import load_frame, save_poster

    folder = Path(job.folder)
    frames = sorted(folder.joinpath(folders.FRAMES).glob("frame_*.png"))
    fps = float(job.parameters.get("fps") or 8)  # type: ignore[arg-type]
    metadata = folders.embedded(recipe) if job.request.metadata else None
    total = len(frames) * len(job.request.formats)
    on_event(PhaseEvent(Phase.STITCHING, total=total))
    outputs, notes = [], []
    for number, format in enumerate(job.request.formats):
        path = folder / f"{name}.{format.value}"

        def on_frame(index: int, before: int = number * len(frames)) -> None:
            on_event(StepEvent(before + index + 1, total))

        made = encode(frames, path, format.value, fps, metadata, on_frame)
        size = {"width": made.width, "height": made.height}
        outputs.append(Output(path=str(path), kind="video", frames=made.frames, fps=fps, **size))
        notes += [made.note] if made.note else []
    poster = folder / "poster.jpg"
    pixels = load_frame(frames[len(frames) // 2])
    save_poster(pixels, poster, metadata)
    outputs.append(Output(path=str(poster), kind="poster", width=pixels.shape[1], height=pixels.shape[0]))
    return Stitched(tuple(outputs), tuple(notes))


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
    made = stitch(job, manifest.get("recipe", {}), lambda event: None, name="partial")
    return queue.update(
        id, lambda job: job.model_copy(update={"outputs": made.outputs, "notes": with_notes(job, made)})
    )


def with_notes(job: Job, made: Stitched) -> tuple[str, ...]:
    """A job resumed or encoded again says each thing once."""
    return tuple(dict.fromkeys([*job.notes, *made.notes]))
