"""What was measured here beside what the lesson claims."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ttvideo.cli.scaling import CLAIMED, NOTHING, as_json, drawing, table
from ttvideo.contract import StoryboardRequest
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.scaling import CLAIMS, Group, measured
from ttvideo.jobs.storyboard.reel import Picture, Reel


@pytest.fixture
def queue() -> Queue:
    return open_queue("terminal")


def picture(number: int, seconds: float, device: str = "cpu", chips: int = 0) -> Picture:
    about = {"key": f"key {number}", "seed": 1, "model": "tiny", "width": 128, "height": 128, "steps": 20}
    return Picture(**about, device=device, device_title=f"the {device}", chips=chips, seconds=seconds)


def drawn(queue: Queue, tmp_path: Path, *pictures: Picture) -> None:
    file = tmp_path / "board.txt"
    file.write_text("a red ball")
    job = queue.submit(StoryboardRequest(file=str(file), output_folder=str(tmp_path / "outputs")))
    for number, made in enumerate(pictures):
        Reel(Path(job.folder)).put(number, made, f"picture {number} {file}".encode())


def test_medians_by_device_from_this_machines_own_frames(queue: Queue, tmp_path: Path) -> None:
    assert table(measured(queue)).startswith(NOTHING)
    adopted = picture(9, 0, device="").model_copy(update={"adopted_from": "frame_009.png"})
    drawn(queue, tmp_path, picture(0, 3.0), picture(1, 1.0), picture(2, 2.0), picture(3, 0.5, "tt", 2), adopted)
    ((group, rows),) = measured(queue).items()
    assert group == Group("tiny", 128, 128, 20)
    assert [(row.device, row.chips, row.frames, row.seconds, row.fastest, row.slowest) for row in rows] == [
        ("the cpu", 0, 3, 2.0, 1.0, 3.0),
        ("the tt", 2, 1, 0.5, 0.5, 0.5),
    ]


def test_claims_are_told_from_what_was_measured(queue: Queue, tmp_path: Path) -> None:
    drawn(queue, tmp_path, picture(0, 3.0))
    found = measured(queue)
    lines = table(found).splitlines()
    assert lines.index(f"{CLAIMED}:") == 2
    assert len(lines) == 3 + len(CLAIMS)
    svg = ElementTree.fromstring(drawing(found))
    bars = [rect for rect in svg.iter("{http://www.w3.org/2000/svg}rect") if rect.get("height") == "14"]
    assert [bar.get("stroke-dasharray") is not None for bar in bars] == [False] + [True] * len(CLAIMS)
    assert all(float(bar.get("width", "0")) > 0 for bar in bars)
    assert json.loads(as_json(found))["groups"][0]["measured"][0]["seconds"] == 3.0
