"""AnimateDiff from a video: the frames of diffusers' own pipeline, rules in sentences, and a job that goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from support.clip_cases import CASES, NEGATIVE, PROMPT, Model, animatediff_parts
from ttvideo import cli, families
from ttvideo.errors import Cancelled, WorkerError
from ttvideo.families.clips.dry_run import Working
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.family import Event, PhaseEvent, StepEvent, WithinEvent
from ttvideo.media.encode import encode
from ttvideo.media.footage import open_video
from ttvideo.media.frames import save_frame
from ttvideo.media.timeline import one_each

CASE = next(case for case in CASES if case.family == "animatediff")


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 96x64: a bright column that moves to the right, four pixels a frame."""
    folder = tmp_path_factory.mktemp("video")
    files = []
    for number in range(16):
        pixels = np.full((64, 96, 3), (40, 60, 90), np.uint8)
        pixels[:, 4 * number + 8 : 4 * number + 20] = (230, 200, 40)
        save_frame(pixels, file := folder / f"frame_{number:03}.png", None)
        files.append(file)
    encode(one_each(files, 8.0), folder / "walk.mp4", "mp4", None, lambda index: None)
    return folder / "walk.mp4"


@pytest.fixture
def model(installed: Path, picture: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """What it needs of the memory is not worked out: that takes longer than the clip."""
    monkeypatch.setattr(ClipPipeline, "working", lambda *args, **options: Working(0, 0, 0))
    return Model(CASE, picture, start_video=str(video), strength=0.7, steps=6)


def test_pictures_of_a_video_are_those_of_its_times_cut_to_the_size(video: Path) -> None:
    footage = open_video(video)
    assert (footage.width, footage.height, footage.count(8), footage.count(4)) == (96, 64, 16, 8)
    every, half = footage.pictures(8, 16, 64, 64), footage.pictures(4, 4, 64, 64)
    assert every.shape == (16, 64, 64, 3)
    assert np.abs(every[::2][:4].astype(int) - half).mean() < 12
    bright = every[:, 32, :, 0] > 160
    # The picture's middle 64 of 96 columns.
    assert [int(np.flatnonzero(row)[0]) for row in bright[4:8]] == pytest.approx([8, 12, 16, 20], abs=2)
    assert np.array_equal(footage.pictures(8, 18, 64, 64)[15], footage.pictures(8, 18, 64, 64)[17])


def test_frames_are_those_of_the_plain_call(model: Model, installed: Path, video: Path) -> None:
    import diffusers

    pipe = diffusers.AnimateDiffVideoToVideoPipeline.from_pretrained(
        installed / "animatediff", dtype=torch.float32, **animatediff_parts(installed)
    )
    pipe.set_progress_bar_config(disable=True)
    output = pipe(
        video=[Image.fromarray(each) for each in open_video(video).pictures(8, 8, 64, 64)],
        prompt=PROMPT,
        negative_prompt=NEGATIVE,
        width=64,
        height=64,
        num_inference_steps=6,
        guidance_scale=7.5,
        strength=0.7,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
    )
    made = model.run()
    np.testing.assert_allclose(made.frames, np.asarray(output.frames[0]), atol=1e-4)
    assert [event.step for event in made.events if isinstance(event, StepEvent) and event.state is not None] == [
        1,
        2,
        3,
        4,
    ]


def test_it_goes_on_at_each_kept_step_and_strength_and_video_change_it(
    model: Model, video: Path, tmp_path: Path
) -> None:
    whole = model.run()
    for state in whole.states:
        assert np.array_equal(whole.frames, model.run(state=state).frames)
    mirrored = tmp_path / "mirrored.mp4"
    for number, pixels in enumerate(open_video(video).pictures(8, 16, 96, 64)):
        save_frame(pixels[:, ::-1], tmp_path / f"frame_{number:03}.png", None)
    encode(one_each(sorted(tmp_path.glob("frame_*.png")), 8.0), mirrored, "mp4", None, lambda index: None)
    changes: tuple[dict[str, Any], ...] = ({"strength": 0.4}, {"start_video": str(mirrored)}, {"start_video": None})
    for change in changes:
        assert np.abs(whole.frames - model.run(**change).frames).max() > 1e-3, change


def test_with_windows_and_later_prompts_too(model: Model) -> None:
    slow: dict[str, Any] = {"frames": 40, "fps": 20.0}
    made = model.run(**slow, travel="20: a dog").frames
    assert made.shape[0] == 40
    assert np.abs(made - model.run(**slow).frames).max() > 1e-4


def test_it_is_cancelled_while_the_video_is_encoded(model: Model) -> None:
    seen: list[PhaseEvent] = []

    def cancel(event: Event) -> None:
        if isinstance(event, PhaseEvent):
            seen.append(event)
        elif isinstance(event, WithinEvent) and seen[-1].phase.value == "encoding" and not seen[-1].total:
            raise Cancelled

    model.run()
    with pytest.raises(Cancelled):
        model.run(cancel)
    assert model.run().frames.shape[0] == 8


@pytest.mark.parametrize(
    ("given", "made", "says"),
    [
        ({"frames": 16, "width": 96, "height": 64}, {"frames": 16}, []),
        ({"frames": 40}, {"frames": 16}, ["walk.mp4 has 16 frames at 8 a second", "of 96x64 are cut to fill 64x64"]),
        ({"frames": 40, "fps": 4}, {"frames": 8}, ["has 8 frames at 4 a second", "are cut"]),
        ({"frames": 4}, {"frames": 4}, ["Of walk.mp4 the first 0.5 of 2 seconds", "are cut"]),
    ],
)
def test_what_is_taken_of_it_is_said(
    installed: Path, video: Path, given: dict[str, Any], made: dict[str, Any], says: list[str]
) -> None:
    family = families.find("animatediff")
    asked = {"width": 64, "height": 64, "start_video": str(video)} | given
    params, notes = family.fit(family.Params.model_validate(asked))
    assert params.model_dump() | made == params.model_dump()
    assert len(notes) == len(says)
    assert all(part in note for part, note in zip(says, notes, strict=True))
    again, _ = family.fit(params)
    assert again == params


def test_what_cannot_be_is_refused(installed: Path, video: Path, tmp_path: Path) -> None:
    family = families.find("animatediff")
    (tmp_path / "broken.mp4").write_bytes(video.read_bytes()[:-100])
    (tmp_path / "notes.txt").write_text("no video")
    for given, message in (
        ({"start_video": "/none.mp4"}, "There is no video /none.mp4"),
        ({"start_video": str(tmp_path / "broken.mp4")}, "broken.mp4 is no video that can be read"),
        ({"start_video": str(tmp_path / "notes.txt")}, "notes.txt is no video"),
        ({"start_video": str(video), "strength": 0.2, "steps": 4}, "leaves none of 4 steps"),
    ):
        with pytest.raises(WorkerError, match=message):
            family.fit(family.Params.model_validate(given))
    _, notes = family.fit(family.Params.model_validate({"strength": 0.5}))
    assert notes == ["Without a start video the strength changes nothing."]


def test_from_the_command_line_the_job_keeps_the_video_and_makes_it_again(
    installed: Path, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    mine = tmp_path / "mine.mp4"
    shutil.copyfile(video, mine)
    about = ["--size", "64x64", "--frames", "4", "--steps", "4", "--seed", "1", "--output", str(tmp_path), "--json"]
    asked = ["generate", "a fair", "--model", "animatediff", "--start-video", str(mine), "--strength", "0.5", *about]
    assert cli.main(asked) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    copy = Path(first["parameters"]["startVideo"])
    assert copy == Path(first["folder"]) / "start_video.mp4"
    assert copy.read_bytes() == mine.read_bytes()
    mine.unlink()
    assert cli.main(["again", first["folder"], "--output", str(tmp_path), "--json"]) == 0
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    frames = [(Path(job["folder"]) / "frames" / "frame_003.png").read_bytes() for job in (first, second)]
    assert (
        Image.open(Path(first["folder"]) / "frames" / "frame_003.png").tobytes()
        == Image.open(Path(second["folder"]) / "frames" / "frame_003.png").tobytes()
    )
    assert frames[0]
