"""Storyboards for real: the bundled model draws them, frames are lost by nothing that happens to them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.rpc_client import WORKER
from support.waiting import wait_until
from ttvideo.contract import Job, StoryboardRequest, StoryboardText
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import tiny
from ttvideo.jobs import folders
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.runner import Runner
from ttvideo.jobs.storyboard import editor
from ttvideo.media.probe import probe

LESSON = Path(__file__).parents[1] / "support" / "storyboards" / "video_prompts.txt"
PROMPTS = ("a red ball on grass", "a blue star over purple mountains", "a green boat on water", "a yellow car")
HEAD = "---\nseed: 7\nsteps: 2\n---\n"
ENDED = ("done", "failed", "cancelled", "interrupted")

Draws = list[list[str]]


@pytest.fixture(scope="module")
def pipeline() -> tiny.TinyPipeline:
    return tiny.load("cpu", tiny.Params(), lambda event: None)


@pytest.fixture
def drawn(pipeline: tiny.TinyPipeline, monkeypatch: pytest.MonkeyPatch) -> Draws:
    """The prompts of each batch that was drawn."""
    draws: Draws = []
    draw = pipeline.draw

    def noted(shots: Any, on_event: Any) -> Any:
        draws.append([shot.prompt.text for shot in shots])
        return draw(shots, on_event)

    monkeypatch.setattr(pipeline, "draw", noted)
    return draws


@pytest.fixture
def queue(pipeline: tiny.TinyPipeline, drawn: Draws) -> Iterator[Queue]:
    queue = open_queue("worker")
    runner = Runner(queue)
    runner._loaded = ("tiny", "cpu", None), pipeline
    runner.start()
    yield queue
    assert runner.stop(30)
    queue.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "board.txt", *PROMPTS)


@pytest.fixture
def run(queue: Queue, file: Path, outputs: Path) -> Callable[..., Job]:
    def run(**about: Any) -> Job:
        usual: dict[str, Any] = {"file": str(file), "output_folder": str(outputs), "batch": 1}
        job = queue.submit(StoryboardRequest(**(usual | about)))
        wait_until(lambda: queue.get(job.id).status.state in ENDED, f"job {job.id} to end", timeout=120)
        return queue.get(job.id)

    return run


def write(file: Path, *prompts: str, head: str = HEAD) -> Path:
    file.write_text(head + "\n\n".join(prompts) + "\n")
    return file


def frames(job: Job) -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(job.folder, "frames").glob("frame_*.png"))]


def states(file: Path, outputs: Path) -> list[str]:
    board = editor.check(StoryboardText(file=str(file), output_folder=str(outputs)))
    return [frame.state for frame in board.frames]


def test_the_lessons_prompts_become_a_clip_of_five_seconds(queue: Queue, run: Callable[..., Job]) -> None:
    job = run(file=str(LESSON), settings={"steps": 2, "seed": 1})
    assert job.status.state == "done", job.status
    assert len(frames(job)) == job.frames_done == 10
    clip = Path(job.folder, "clip.mp4")
    seen = probe(clip, decode=True)
    assert seen is not None
    assert (seen.frames, seen.fps, seen.width) == (10, 2.0, 128)


def test_only_changed_prompts_are_drawn_again(run: Callable[..., Job], drawn: Draws, file: Path, outputs: Path) -> None:
    first = run()
    before = frames(first)
    assert len(drawn) == 4
    drawn.clear()
    write(file, PROMPTS[0], "a blue star over white snow", *PROMPTS[2:])
    assert states(file, outputs) == ["made", "changed", "made", "made"]
    second = run()
    assert drawn == [["a blue star over white snow"]]
    assert second.folder == first.folder
    after = frames(second)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True]
    assert any("Frame 1" in note for note in second.notes)

    drawn.clear()
    write(file, *PROMPTS)
    assert frames(run()) == before
    assert drawn == [], "the earlier take was kept"


def test_reordered_prompts_move_their_frames(run: Callable[..., Job], drawn: Draws, file: Path) -> None:
    before = frames(run())
    drawn.clear()
    write(file, PROMPTS[3], "a white ball on a beach", PROMPTS[1], PROMPTS[0])
    job = run()
    after = frames(job)
    assert drawn == [["a white ball on a beach"]]
    assert (after[0], after[2], after[3]) == (before[3], before[1], before[0])


def test_a_frame_is_made_again_with_another_seed_and_stays_so(
    run: Callable[..., Job], drawn: Draws, file: Path, outputs: Path
) -> None:
    before = frames(run())
    drawn.clear()
    after = frames(run(only=(2,), reroll=(2,)))
    assert drawn == [[PROMPTS[2]]]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, True]
    assert states(file, outputs) == ["made"] * 4
    drawn.clear()
    assert frames(run()) == after
    assert drawn == []
    kept = [path.read_bytes() for path in Path(run().folder, "earlier").iterdir()]
    assert before[2] in kept


@pytest.mark.parametrize("batch", [1, 2])
def test_missing_and_broken_frames_are_made_as_they_were(run: Callable[..., Job], drawn: Draws, batch: int) -> None:
    first = run(batch=batch)
    before = frames(first)
    folder = Path(first.folder, "frames")
    folder.joinpath("frame_001.png").unlink()
    cut = folder / "frame_002.png"
    cut.write_bytes(cut.read_bytes()[:-40])
    drawn.clear()
    again = run(batch=None)
    assert frames(again) == before
    assert [prompt for draw in drawn for prompt in draw] == list(PROMPTS if batch == 2 else PROMPTS[1:3])
    assert any("Frame 2: the file is broken" in note for note in again.notes)


def test_a_picture_of_somebody_else_is_put_aside(run: Callable[..., Job], drawn: Draws) -> None:
    first = run()
    before = frames(first)
    foreign = folders.frame_path(Path(first.folder), 0)
    Image.new("RGB", (128, 128), "teal").save(foreign)
    theirs = foreign.read_bytes()
    Image.new("RGB", (64, 64), "red").save(foreign.with_name("frame_009.png"))
    drawn.clear()
    again = run()
    assert frames(again) == before
    assert drawn == [[PROMPTS[0]]]
    assert any("Frames 0, 9: the picture is not ours" in note for note in again.notes)
    assert theirs in [path.read_bytes() for path in Path(again.folder, "earlier").iterdir()]


def test_frames_of_another_program_are_offered_and_taken_only_when_asked_for(
    run: Callable[..., Job], drawn: Draws, file: Path, outputs: Path
) -> None:
    for number, colour in ((0, "teal"), (2, "red")):
        Image.new("RGB", (128, 128), colour).save(file.with_name(f"frame_{number:03d}.png"))
    seen = editor.check(StoryboardText(file=str(file), output_folder=str(outputs)))
    assert [Path(path).name for path in seen.adoptable] == ["frame_000.png", "frame_002.png"]
    asked = run(adopt=str(file.parent))
    assert drawn == [[PROMPTS[1]], [PROMPTS[3]]]
    assert frames(asked)[0] == file.with_name("frame_000.png").read_bytes()
    assert any("Frames 0, 2: taken from" in note for note in asked.notes)
    drawn.clear()
    run(fresh=True)
    assert len(drawn) == 4


def test_only_some_frames_are_made_and_no_clip_before_all_are_there(run: Callable[..., Job], drawn: Draws) -> None:
    first = run(only=(1,))
    assert drawn == [[PROMPTS[1]]]
    assert [(output.kind, Path(output.path).name) for output in first.outputs] == [("image", "frame_001.png")]
    assert "1 of 4 frames are there: the clip is made when all are." in first.notes
    drawn.clear()
    rest = run()
    assert len(drawn) == 3
    assert rest.outputs[0].kind == "video"


def test_a_frame_that_follows_waits_for_the_one_before_it(run: Callable[..., Job], drawn: Draws, file: Path) -> None:
    write(file, PROMPTS[0], f"{PROMPTS[1]} | start=previous strength=0.5", PROMPTS[2])
    job = run(only=(1,), batch=4)
    assert drawn == [[PROMPTS[0], PROMPTS[2]], [PROMPTS[1]]] or drawn == [[PROMPTS[0]], [PROMPTS[1]]]
    alone = write(file.with_name("alone.txt"), PROMPTS[0], PROMPTS[1])
    other = run(file=str(alone), batch=4)
    assert frames(job)[1] != frames(other)[1]
    drawn.clear()
    write(file, "a white ball on a beach", f"{PROMPTS[1]} | start=previous strength=0.5", PROMPTS[2])
    run(only=(1,))
    assert [prompt for draw in drawn for prompt in draw] == ["a white ball on a beach", PROMPTS[1]]


def test_a_file_that_is_not_understood_is_refused_with_its_place(queue: Queue, file: Path, outputs: Path) -> None:
    write(file, "a red ball | sed=3")
    with pytest.raises(WorkerError, match=r"board\.txt:5:14: .*'sed'.*seed") as caught:
        queue.submit(StoryboardRequest(file=str(file), output_folder=str(outputs)))
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS
    write(file, *PROMPTS)
    with pytest.raises(WorkerError, match="There is no frame 4"):
        queue.submit(StoryboardRequest(file=str(file), only=(4,), output_folder=str(outputs)))
    assert not outputs.exists()


def test_removing_a_job_with_its_files_removes_those_that_share_the_folder(
    queue: Queue, run: Callable[..., Job]
) -> None:
    first, second = run(only=(0,)), run(only=(1,))
    queue.remove(first.id, delete_files=True)
    assert queue.list() == []
    assert not Path(second.folder).exists()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ttvideo", "storyboard", *arguments]


def test_killed_after_each_frame_it_ends_as_if_nothing_had_been(tmp_path: Path, outputs: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(WORKER)}
    file = shutil.copy(LESSON, tmp_path / "video_prompts.txt")
    arguments = [str(file), "--steps", "1", "--seed", "5", "--batch", "1", "--json"]
    undisturbed = subprocess.run(
        command(*arguments, "--output", str(tmp_path / "undisturbed")), env=env, check=True, stdout=subprocess.PIPE
    )
    expected = Job.model_validate_json(undisturbed.stdout.splitlines()[-1])
    assert expected.status.state == "done"

    reached = 0
    for kill in range(0, 10, 1 if "TTVIDEO_SLOW" in os.environ else 2):
        with subprocess.Popen(
            command(*arguments, "--output", str(outputs)), env=env, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["framesDone"] > kill:
                    break
            process.kill()
        (folder,) = outputs.iterdir()
        there = len(list(folder.joinpath("frames").glob("frame_*.png")))
        assert there > kill
        reached = max(reached, there)
    assert reached > 8
    last = subprocess.run(
        command(*arguments, "--resume", "--output", str(outputs)), env=env, check=True, stdout=subprocess.PIPE
    )
    job = Job.model_validate_json(last.stdout.splitlines()[-1])
    assert frames(job) == frames(expected)
    assert Path(job.folder, "clip.mp4").read_bytes() == Path(expected.folder, "clip.mp4").read_bytes()
