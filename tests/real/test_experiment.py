"""An experiment with the bundled model: clips, and all of them side by side."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from real.test_cli import PROMPT, QUICK, frames, ttvideo
from ttvideo.jobs import folders
from unit.media import probe


def test_an_experiment_ends_with_its_clips_side_by_side_and_they_are_compared_again(
    outputs: Path, tmp_path: Path
) -> None:
    vary = ("--vary", "guidance=1,7", "--vary", "motion=true,false")
    done = ttvideo("experiment", PROMPT, *QUICK, *vary, "--output", outputs)
    *clips, sheet, side_by_side = (Path(line) for line in done.stdout.splitlines())
    assert len({tuple(frames(clip.parent)) for clip in clips}) == 4
    assert probe.size(side_by_side) == (2 * 248 + 8, 2 * 276 + 8)
    with Image.open(sheet) as image:
        assert image.height == 4 * 248 + 8
    job = folders.job_of(side_by_side.parent)
    assert job is not None
    (note,) = [note for note in job.notes if note.startswith("Mean change")]
    assert "guidance 7, motion off" in note

    both = ttvideo("compare", *clips[:2], "--columns", 1, "--output", outputs).stdout.splitlines()
    again = folders.job_of(Path(both[0]).parent)
    assert again is not None
    assert folders.title(again.request) == "motion on, motion off"
    (_, once_more) = ttvideo("again", both[0], "--output", outputs).stdout.splitlines()
    assert Path(once_more).read_bytes() == Path(both[1]).read_bytes()
    copy = shutil.copyfile(both[1], tmp_path / "copy.mp4")
    assert "does not say of which" in ttvideo("again", copy, code=1).stderr
    for frame in clips[1].parent.joinpath("frames").iterdir():
        frame.unlink()
    left = ttvideo("compare", *clips[:3], "--output", outputs)
    assert "is left out: its frames are gone." in left.stderr
    alone = ttvideo("compare", clips[0], clips[1], "--output", outputs, code=1)
    assert "Of 2 jobs to compare, 1 made a clip." in alone.stderr
