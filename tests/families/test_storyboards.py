"""SDXL and SD 3.5 from storyboard to clip, by the queue and the runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.waiting import wait_until
from ttvideo.contract import GenerateRequest, Job, JobRequest, StoryboardRequest
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.runner import Runner
from ttvideo.media.frames import load_frame
from ttvideo.media.probe import probe

TEXT = "---\nsize: 64x64\nsteps: 2\nseed: 3\n---\na red cat\na dog in the rain\na ball | start=previous strength=0.5"


@pytest.fixture
def queue(installed: Path) -> Iterator[Queue]:
    queue = open_queue("worker")
    runner = Runner(queue)
    runner.start()
    yield queue
    assert runner.stop(30)
    queue.close()


def done(queue: Queue, request: JobRequest) -> Job:
    id = queue.submit(request).id
    wait_until(lambda: queue.get(id).ended_at is not None, f"job {id} to end", timeout=120)
    job = queue.get(id)
    assert job.status.state == "done", job.status
    return job


@pytest.mark.parametrize("model", ["sdxl", "sd35-medium", "sd35-large"])
def test_a_storyboard_becomes_a_clip(queue: Queue, outputs: Path, tmp_path: Path, model: str) -> None:
    file = tmp_path / "board.txt"
    file.write_text(TEXT)
    request = StoryboardRequest(file=str(file), settings={"model": model}, output_folder=str(outputs), batch=2)
    first = done(queue, request)
    clip = probe(Path(first.folder, "clip.mp4"), decode=True)
    assert clip is not None
    assert (clip.frames, clip.width, clip.height) == (3, 64, 64)
    frames = [Path(first.folder, "frames", f"frame_{number:03d}.png") for number in range(3)]
    before = [path.read_bytes() for path in frames]
    assert len({load_frame(path).tobytes() for path in frames}) == 3

    frames[1].unlink()
    again = done(queue, request)
    assert again.folder == first.folder
    assert [path.read_bytes() for path in frames] == before


def test_a_single_picture_is_a_picture(queue: Queue, outputs: Path) -> None:
    parameters = {"width": 64, "height": 64, "steps": 2}
    job = done(queue, GenerateRequest(model="sdxl", prompt="a cat", parameters=parameters, output_folder=str(outputs)))
    assert [(Path(output.path).name, output.kind, output.width) for output in job.outputs] == [
        ("frame_000.png", "image", 64)
    ]
    assert load_frame(Path(job.outputs[0].path)).shape == (64, 64, 3)
