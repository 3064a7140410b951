"""A storyboard's missing frames are drawn, and all of them become a clip when all are there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ttvideo import __version__
from ttvideo.backends import device_title
from ttvideo.contract import Job, Output, Phase, StoryboardRequest
from ttvideo.errors import WorkerError
from ttvideo.families.family import Event, Family, Illustrator, PhaseEvent, Prompt, Shot, StepEvent
from ttvideo.jobs import folders
from ttvideo.jobs.clip import Stitched, complete, stitch
from ttvideo.jobs.estimate import Estimate, storyboard_key
from ttvideo.jobs.progress import Progress, watchdog
from ttvideo.jobs.queue import Queue
from ttvideo.jobs.storyboard.footage import timeline
from ttvideo.jobs.storyboard.plan import Planned, batches, needed, plan, size
from ttvideo.jobs.storyboard.reel import Document, Picture, Reel
from ttvideo.jobs.storyboard.settle import settle
from ttvideo.jobs.storyboard.submit import family_of, understood

if TYPE_CHECKING:
    from ttvideo.families.family import Frame
    from ttvideo.media.frames import Pixels


class Making:
    """One run of a storyboard job."""

    def __init__(self, queue: Queue, job: Job, device: str, stopping: threading.Event, warm: bool) -> None:
        """Raises WorkerError: INVALID_PARAMETERS, MODEL_MISSING, NOT_FOUND."""
        assert isinstance(job.request, StoryboardRequest)
        self._queue, self._device, self._warm = queue, device, warm
        self._request = job.request
        self._board, _ = understood(job.request)
        self.family: Family = family_of(self._board)
        self._reel = Reel(Path(job.folder))
        self._document = self._reel.change(lambda document: document)
        self._frames = plan(self._board, self.family, self.family.revision(self.family.Params()), self._document)
        self._key = storyboard_key(job.request, job.parameters, device)
        estimate = Estimate.learn(queue.timings(self._key))
        self.progress = Progress(queue, job, estimate, stopping, warm, watchdog(device, estimate))
        self._job = queue.update(job.id, lambda job: job.model_copy(update={"device": device, "frames_done": 0}))
        self._current: set[int] = set()
        self._drawn: list[Output] = []

    def run(self, load: Callable[[], Illustrator]) -> None:
        """Raises WorkerError, and Cancelled when somebody asked for it."""
        settled = settle(self._reel, self._document, self._frames, self._request.adopt, self._request.reroll)
        self._current = set(settled.current)
        self._tell(settled.notes)
        self._write_manifest()
        wanted = set(self._request.only) if self._request.only is not None else {f.number for f in self._frames}
        missing = needed(self._frames, wanted | set(self._request.reroll), self._current)
        if missing:
            self._draw(load(), missing)
        self._finish()

    def _draw(self, pipeline: Illustrator, missing: set[int]) -> None:
        batch = self._batch(pipeline)
        groups = [group for group in batches(self._frames, batch) if any(frame.number in missing for frame in group)]
        self.progress(PhaseEvent(Phase.ENCODING))
        # All of them, whichever are missing: what is encoded together decides the last bits of a frame.
        prompts = dict.fromkeys(prompt(frame) for frame in self._frames)
        pipeline.encode(list(prompts), self.progress, free=self._request.free_text_encoders)
        steps = _Steps(self.progress, sum(group[0].steps + 1 for group in groups))
        for group in groups:
            began = time.monotonic()
            frames = pipeline.draw([self._shot(frame) for frame in group], steps)
            seconds = (time.monotonic() - began) / len(group)
            drawn = zip(group, frames, strict=True)
            self._keep([(frame, pixels) for frame, pixels in drawn if frame.number in missing], seconds)
            steps.end_group(group[0].steps + 1)

    def _batch(self, pipeline: Illustrator) -> int:
        """Decided once, because what is drawn together decides the last bits of a frame; or as was asked for."""

        def decide(document: Document) -> Document:
            batch = self._request.batch or document.batch or pipeline.largest_batch(self._frames[0].params)
            return document.model_copy(update={"batch": batch})

        self._document = self._reel.change(decide)
        assert self._document.batch is not None
        return self._document.batch

    def _shot(self, frame: Planned) -> Shot:
        return Shot(prompt(frame), frame.params, self._start(frame), frame.strength)

    def _start(self, frame: Planned) -> Pixels | None:
        from ttvideo.media.frames import load_picture

        if not frame.scene.follows:
            return None
        of = size(frame.params)
        return load_picture(self._reel.frame(frame.number - 1), of.width, of.height, cover=True)

    def _keep(self, drawn: list[tuple[Planned, Frame]], seconds: float) -> None:
        """Write every frame that can be; then say what was wrong with those that cannot."""
        from ttvideo.media.frames import frame_file, to_pixels

        wrong: WorkerError | None = None
        for frame, pixels in drawn:
            try:
                # A picture drawn twice, of the same prompt and seed, is the same file in both places.
                data = self._reel.take(frame.key, self._document)
                if data is None:
                    metadata = folders.embedded(self._recipe(frame)) if self._request.metadata else None
                    data = frame_file(to_pixels(pixels), metadata)
            except WorkerError as error:
                wrong = error
                continue
            self._put(frame, data, seconds)
        if wrong is not None:
            raise wrong

    def _put(self, frame: Planned, data: bytes, seconds: float) -> None:
        of = size(frame.params)
        picture = Picture(
            key=frame.key,
            seed=frame.seed,
            model=self.family.id,
            width=of.width,
            height=of.height,
            steps=frame.steps,
            device=self._device,
            device_title=device_title(self._device),
            seconds=round(seconds, 4),
            made_at=round(time.time(), 3),
        )
        self._document = self._reel.put(frame.number, picture, data)
        self._current.add(frame.number)
        self._drawn.append(
            Output(path=str(self._reel.frame(frame.number)), kind="image", width=of.width, height=of.height)
        )
        update = {"frames_done": len(self._current), "outputs": tuple(self._drawn)}
        self._job = self._queue.update(self._job.id, lambda job: job.model_copy(update=update))

    def _recipe(self, frame: Planned) -> dict[str, object]:
        return {"ttvideo": __version__, **frame.recipe}

    def _write_manifest(self) -> None:
        folders.write_manifest(self._job, folders.recipe(self._job, self.family.revision(self.family.Params())))

    def _tell(self, notes: tuple[str, ...]) -> None:
        told = tuple(dict.fromkeys([*self._job.notes, *notes]))
        update = {"notes": told, "frames_done": len(self._current)}
        self._job = self._queue.update(self._job.id, lambda job: job.model_copy(update=update))

    def _finish(self) -> None:
        recipe = folders.recipe(self._job, self.family.revision(self.family.Params()))
        total, there = len(self._frames), len(self._current)
        if there == total:
            pictures = {frame.number: self._reel.frame(frame.number) for frame in self._frames}
            shown = timeline(self._board, pictures, size(self._frames[0].params))
            made = stitch(self._job, recipe, self.progress, source=shown)
        else:
            note = f"{there} of {total} frames are there: the clip is made when all are."
            made = Stitched(tuple(self._drawn), (note,))
        complete(self._queue, self._job, recipe, made, self.progress, frames_done=there)
        self._remember()

    def _remember(self) -> None:
        """How long it took, for the next one like it."""
        if len(self.progress.step_seconds) < 2:
            return
        timing = {phase.value: round(spent, 4) for phase, spent in self.progress.seconds.items()}
        timing["perStep"] = sum(self.progress.step_seconds) / len(self.progress.step_seconds)
        self._queue.remember_timing(self._key, timing | ({Phase.LOADING.value: 0.0} if self._warm else {}))


class _Steps:
    """The steps of all groups of frames as those of one phase; decoding a group counts as one more of its steps."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done, self._phase = progress, total, 0, Phase.DENOISING
        progress(PhaseEvent(Phase.DENOISING, total))

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseEvent):
            self._phase = event.phase
        if not isinstance(event, StepEvent) or self._phase != Phase.DENOISING:
            self._progress.check()
            return
        preview = event.preview
        # Of several pictures that have nothing to do with each other, the first one is shown.
        first = None if preview is None else lambda: preview()[:1]
        self._progress(StepEvent(self._done + event.step, self._total, preview=first))

    def end_group(self, steps: int) -> None:
        self._done += steps
        self._progress(StepEvent(self._done, self._total))


def prompt(frame: Planned) -> Prompt:
    return Prompt(frame.scene.prompt, frame.scene.negative)
