"""The bundled model for real: queue, runner, diffusers' pipeline, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from support.waiting import wait_until
from ttvideo.cli.again import read_recipe
from ttvideo.contract import CancelledState, ClipFormat, GenerateRequest, Job, Phase
from ttvideo.errors import Cancelled
from ttvideo.families import tiny
from ttvideo.families.family import Event, OnEvent, PhaseEvent, Run, StepEvent
from ttvideo.jobs import folders
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.runner import Runner
from ttvideo.media.frames import load_frame, load_picture, to_pixels

PROMPT = "a red ball bouncing on green grass"
ENDED = ("done", "failed", "cancelled", "interrupted")


@pytest.fixture(scope="module")
def pipeline() -> tiny.TinyPipeline:
    return tiny.load("cpu", tiny.Params(), lambda event: None)


@pytest.fixture
def queue(pipeline: tiny.TinyPipeline) -> Iterator[Queue]:
    """A worker with its device thread; the model is loaded once for all tests of this file."""
    queue = open_queue("worker")
    runner = Runner(queue)
    runner._loaded = ("tiny", "cpu", None), pipeline
    runner.start()
    yield queue
    assert runner.stop(30)
    queue.close()


def submit(queue: Queue, outputs: Path, **parameters: Any) -> Job:
    formats, metadata = parameters.pop("formats", (ClipFormat.MP4,)), parameters.pop("metadata", True)
    return queue.submit(
        GenerateRequest(
            prompt=PROMPT,
            parameters={"seed": 7, "steps": 4, "frames": 8} | parameters,
            formats=formats,
            output_folder=str(outputs),
            metadata=metadata,
        )
    )


def ended(queue: Queue, job: Job) -> Job:
    wait_until(lambda: queue.get(job.id).status.state in ENDED, f"job {job.id} to end", timeout=120)
    return queue.get(job.id)


def frames(job: Job) -> list[bytes]:
    return [file.read_bytes() for file in sorted(Path(job.folder, "frames").iterdir())]


def make(pipeline: tiny.TinyPipeline, on_event: OnEvent = lambda event: None, **about: Any) -> dict[int, Any]:
    usual: dict[str, Any] = {"prompt": PROMPT, "negative_prompt": "", "params": tiny.Params(seed=7, steps=4, frames=8)}
    run = Run(**(usual | about))
    return {index: to_pixels(frame) for index, frame in pipeline.run(run, on_event)}


def same(a: dict[int, Any], b: dict[int, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[index], b[index]) for index in a)


def test_a_prompt_becomes_a_clip_and_everything_about_it_is_on_disk(queue: Queue, outputs: Path) -> None:
    job = ended(queue, submit(queue, outputs, frames=16, formats=tuple(ClipFormat)))
    assert job.status.state == "done", job.status
    assert [Path(output.path).name for output in job.outputs] == ["clip.mp4", "clip.gif", "clip.webm", "poster.jpg"]
    assert all(Path(output.path).stat().st_size > 0 for output in job.outputs)
    assert len(set(frames(job))) == 16
    assert sorted(path.name for path in Path(job.folder).iterdir()) == [
        "clip.gif", "clip.mp4", "clip.webm", "frames", "job.json", "poster.jpg", "preview.webp",
    ]  # fmt: skip
    assert {Phase.ENCODING, Phase.DENOISING, Phase.DECODING, Phase.STITCHING} <= job.seconds.keys()
    manifest = json.loads(Path(job.folder, "job.json").read_text())
    assert manifest["job"]["status"]["state"] == "done"
    made = [Path(output.path) for output in job.outputs]
    for file in [*made, folders.frame_path(Path(job.folder), 0), Path(job.folder)]:
        assert read_recipe(file) == manifest["recipe"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(queue: Queue, outputs: Path) -> None:
    first, again, other = (ended(queue, submit(queue, outputs, seed=seed)) for seed in (7, 7, 8))
    assert frames(first) == frames(again)
    assert Path(first.folder, "clip.mp4").read_bytes() == Path(again.folder, "clip.mp4").read_bytes()
    assert frames(first) != frames(other)


@pytest.mark.parametrize(
    "change",
    [{"prompt": "a blue ball bouncing on green grass"}, {"negative": "grass"}, {"steps": 5}, {"guidance": 1.0}],
)
def test_every_parameter_changes_the_frames(pipeline: tiny.TinyPipeline, change: dict[str, Any]) -> None:
    about = {"prompt": change.pop("prompt", PROMPT), "negative_prompt": change.pop("negative", "")}
    params = tiny.Params(**({"seed": 7, "steps": 4, "frames": 8} | change))
    assert not same(make(pipeline), make(pipeline, params=params, **about))


def test_frames_are_those_of_diffusers_own_call(pipeline: tiny.TinyPipeline) -> None:
    import torch
    from diffusers import AnimateDiffPipeline

    plain = AnimateDiffPipeline.from_pretrained(tiny.FOLDER, dtype=torch.float32)
    plain.set_progress_bar_config(disable=True)
    clip = plain(
        PROMPT,
        negative_prompt="",
        num_frames=8,
        num_inference_steps=4,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).frames[0]
    ours = make(pipeline, params=tiny.Params(seed=7, steps=4, frames=8, guidance=3.0))
    for index, frame in enumerate(clip):
        assert np.abs(to_pixels(frame).astype(int) - ours[index]).max() <= 1, f"frame {index}"


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_kept_state_goes_on_at_its_step_with_the_same_frames(pipeline: tiny.TinyPipeline, step: int) -> None:
    kept: list[bytes] = []

    def keep(event: Event) -> None:
        if isinstance(event, StepEvent) and event.state and event.step == step:
            kept.append(event.state())

    undisturbed = make(pipeline, keep)
    calls = []
    handle = pipeline.pipe.unet.register_forward_hook(lambda *_: calls.append(1))
    try:
        assert same(undisturbed, make(pipeline, state=kept[0]))
    finally:
        handle.remove()
    assert len(calls) == 4 - step


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A green ball low on sand, drawn in another style and shape than the model's."""
    image = Image.new("RGB", (300, 200), (200, 220, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 130, 300, 200), fill=(220, 190, 120))
    draw.ellipse((120, 90, 180, 150), fill=(40, 160, 60))
    image.save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def started(pipeline: tiny.TinyPipeline, picture: Path, on_event: OnEvent = lambda event: None, **about: Any) -> Any:
    params = {"seed": 7, "steps": 10, "frames": 8, "start_image": str(picture)} | about.pop("params", {})
    prompt = "a green ball bouncing on golden sand"
    return make(pipeline, on_event, prompt=prompt, params=tiny.Params(**params), **about)


def test_a_clip_begins_with_its_start_image_and_moves_on(pipeline: tiny.TinyPipeline, picture: Path) -> None:
    shown = load_picture(picture, 128, 128, cover=True).astype(float)

    def distances(**params: Any) -> list[float]:
        return [float(np.abs(frame - shown).mean()) for frame in started(pipeline, picture, params=params).values()]

    first, *others = distances()
    assert first < 12
    assert max(others) > 2 * first
    first, *still = distances(strength=0.0)
    assert first < 12
    assert max(still) < max(others) / 1.5


def test_strength_decides_how_many_steps_there_are(pipeline: tiny.TinyPipeline, picture: Path) -> None:
    for strength, steps in ((0.0, 1), (0.5, 5), (1.0, 10)):
        seen: list[Event] = []
        started(pipeline, picture, seen.append, params={"strength": strength})
        reported = [event for event in seen if isinstance(event, StepEvent) and event.state]
        assert [(event.step, event.total) for event in reported] == [(n, steps) for n in range(1, steps + 1)]


@pytest.mark.parametrize("step", [1, 5, 8])
def test_a_clip_with_a_start_image_goes_on_at_its_step_with_the_same_frames(
    pipeline: tiny.TinyPipeline, picture: Path, step: int
) -> None:
    kept: list[bytes] = []

    def keep(event: Event) -> None:
        if isinstance(event, StepEvent) and event.state and event.step == step:
            kept.append(event.state())

    undisturbed = started(pipeline, picture, keep)
    calls = []
    handle = pipeline.pipe.unet.register_forward_hook(lambda *_: calls.append(1))
    try:
        assert same(undisturbed, started(pipeline, picture, state=kept[0]))
    finally:
        handle.remove()
    assert len(calls) == 8 - step


def test_a_job_is_resumed_and_made_again_when_the_start_image_is_gone(
    queue: Queue, outputs: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttvideo.jobs.progress import Progress

    undisturbed = ended(queue, submit(queue, outputs, startImage=str(picture)))
    assert undisturbed.status.state == "done", undisturbed.status
    real = Progress.__call__

    def cancel_half_way(progress: Progress, event: Event) -> None:
        real(progress, event)
        if progress.phase == Phase.DENOISING and isinstance(event, StepEvent) and event.step == 2:
            queue.cancel(progress._job.id)

    monkeypatch.setattr(Progress, "__call__", cancel_half_way)
    job = submit(queue, outputs, startImage=str(picture))
    picture.unlink()
    assert ended(queue, job).status.state == "cancelled"
    monkeypatch.setattr(Progress, "__call__", real)
    assert queue.get(job.id).kept_step == 3
    resumed = ended(queue, queue.resume(job.id))
    assert frames(resumed) == frames(undisturbed)
    assert isinstance(resumed.request, GenerateRequest)
    again = ended(queue, queue.submit(resumed.request))
    assert frames(again) == frames(undisturbed)
    manifest = json.loads(Path(again.folder, "job.json").read_text())
    assert manifest["recipe"]["parameters"]["startImage"].startswith("sha256:")
    assert read_recipe(Path(again.outputs[0].path)) == manifest["recipe"]


def test_frames_already_there_are_not_decoded_again(pipeline: tiny.TinyPipeline) -> None:
    whole = make(pipeline)
    missing = make(pipeline, have=frozenset(range(4)))
    assert missing.keys() == set(range(4, 8))
    assert all(np.array_equal(missing[index], whole[index]) for index in missing)


@pytest.mark.parametrize("phase", [Phase.ENCODING, Phase.DENOISING, Phase.DECODING, Phase.STITCHING])
def test_cancel_stops_each_phase_and_resume_gives_the_undisturbed_clip(
    queue: Queue, outputs: Path, phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttvideo.jobs.progress import Progress

    undisturbed = ended(queue, submit(queue, outputs))
    real = Progress.__call__

    def cancel_at(progress: Progress, event: Event) -> None:
        real(progress, event)
        if progress.phase == phase and (isinstance(event, StepEvent) or phase == Phase.ENCODING):
            queue.cancel(progress._job.id) if queue.get(progress._job.id).status.state == "running" else None

    monkeypatch.setattr(Progress, "__call__", cancel_at)
    job = ended(queue, submit(queue, outputs))
    assert job.status.state == "cancelled", job.status
    assert job.outputs == ()
    assert not list(Path(job.folder).rglob("*.partial"))
    monkeypatch.setattr(Progress, "__call__", real)
    resumed = ended(queue, queue.resume(job.id))
    assert resumed.status.state == "done", resumed.status
    assert frames(resumed) == frames(undisturbed)
    assert Path(resumed.folder, "clip.mp4").read_bytes() == Path(undisturbed.folder, "clip.mp4").read_bytes()


def test_cancel_during_load_stops_between_two_parts() -> None:
    seen: list[Event] = []

    def cancel_third(event: Event) -> None:
        seen.append(event)
        if len(seen) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        tiny.load("cpu", tiny.Params(), cancel_third)
    assert len(seen) == 3


def test_a_damaged_frame_is_made_again_on_resume(queue: Queue, outputs: Path) -> None:
    job = submit(queue, outputs)
    done = ended(queue, job)
    before = frames(done)
    victim = folders.frame_path(Path(done.folder), 5)
    victim.write_bytes(victim.read_bytes()[:200])
    kept = folders.kept(done, folders.recipe(done, tiny.revision()))
    assert kept.frames == frozenset(range(8)) - {5}
    other = folders.kept(done, folders.recipe(done, "another revision"))
    assert other.frames == frozenset()
    queue.update(done.id, lambda job: job.model_copy(update={"status": CancelledState()}))
    assert frames(ended(queue, queue.resume(done.id))) == before


def test_metadata_can_be_switched_off(queue: Queue, outputs: Path) -> None:
    from ttvideo.media import metadata

    job = ended(queue, submit(queue, outputs, metadata=False, formats=tuple(ClipFormat)))
    assert [metadata.read(Path(output.path)) for output in job.outputs] == [None] * 4


@pytest.mark.parametrize("value", [0.0, 0.5, float("nan")])
def test_worthless_frames_fail_the_job_with_an_explanation(
    queue: Queue, outputs: Path, pipeline: tiny.TinyPipeline, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    blank = np.full((1, 4, 128, 128, 3), value, np.float32)
    monkeypatch.setattr(pipeline.pipe.video_processor, "postprocess_video", lambda *_, **__: blank)
    job = ended(queue, submit(queue, outputs))
    assert job.status.state == "failed"
    assert job.status.error.kind.value == "badOutput"
    assert job.status.error.hint


def test_an_eta_is_shown_only_once_there_is_history(
    queue: Queue, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttvideo.jobs.progress import Progress

    etas: list[float | None] = []
    real = Progress._eta

    def look(progress: Progress) -> float | None:
        etas.append(real(progress))
        return etas[-1]

    monkeypatch.setattr(Progress, "_eta", look)
    ended(queue, submit(queue, outputs))
    assert set(etas) == {None}
    etas.clear()
    ended(queue, submit(queue, outputs))
    assert None not in etas


def test_previews_show_the_emerging_clip(pipeline: tiny.TinyPipeline) -> None:
    final = np.stack(list(make(pipeline).values()))[::2].astype(float)
    distances = []

    def look(event: Event) -> None:
        if isinstance(event, StepEvent) and event.preview:
            shown = event.preview().astype(float)
            assert shown.shape == (4, 64, 64, 3)
            distances.append(np.abs(shown - final.reshape(4, 64, 2, 64, 2, 3).mean((2, 4))).mean())

    make(pipeline, look)
    assert len(distances) == 4
    assert distances[-1] < 0.7 * distances[0]


def test_phases_come_in_order(pipeline: tiny.TinyPipeline) -> None:
    seen: list[Event] = []
    make(pipeline, seen.append)
    phases = [event.phase for event in seen if isinstance(event, PhaseEvent)]
    assert phases == [Phase.ENCODING, Phase.DENOISING, Phase.DECODING]


def test_one_frame_is_a_clip_too(queue: Queue, outputs: Path) -> None:
    job = ended(queue, submit(queue, outputs, frames=1))
    assert job.status.state == "done"
    assert load_frame(folders.frame_path(Path(job.folder), 0)).shape == (128, 128, 3)
