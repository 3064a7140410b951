"""Storyboards over JSON-RPC: what the editor asks while somebody types, and a job from its file to its clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.rpc_client import RpcClient, RpcError

ENDED = ("done", "failed", "cancelled", "interrupted")
TEXT = "---\nsteps: 2\nseed: 7\n---\n\na red ball on grass\n\na 😀 star | hold=1s\n"


def check(client: RpcClient, file: Path, outputs: Path, text: str | None = None) -> dict[str, Any]:
    asked = {"file": str(file), "text": text, "outputFolder": str(outputs)}
    answer: dict[str, Any] = client.request("storyboard/check", asked)
    return answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "board.txt"
    file.write_text(TEXT)
    return file


def test_problems_are_told_with_columns_as_editors_count_them(client: RpcClient, file: Path, outputs: Path) -> None:
    seen = check(client, file, outputs, TEXT.replace("hold", "hald"))
    (problem,) = [each for each in seen["problems"] if each["severity"] == "error"]
    assert "hold" in problem["message"]
    # The star's face is one character here and two units there.
    assert (problem["line"], problem["column"], problem["endColumn"]) == (7, 12, 16)
    assert [frame["state"] for frame in seen["frames"]] == ["missing", "missing"]


def test_keys_and_values_are_completed(client: RpcClient) -> None:
    keys = client.request("storyboard/complete", {"text": TEXT + "\nb | mo", "line": 9, "column": 6})
    assert ("motion", "motion=", 4) in [(item["label"], item["insert"], item["column"]) for item in keys["items"]]
    values = client.request("storyboard/complete", {"text": "b | motion=pan-up", "line": 0, "column": 17})
    assert {"pan-up", "pan-up-left", "pan-up-right"} <= {item["label"] for item in values["items"]}


def test_a_storyboard_becomes_a_clip_and_its_frames_are_announced(client: RpcClient, file: Path, outputs: Path) -> None:
    client.request("queue/resume")
    job = client.request("jobs/storyboard", {"file": str(file), "outputFolder": str(outputs)})
    client.wait_for(lambda: ended(client, job["id"]), "the storyboard to end", 120)
    done = client.request("jobs/get", {"id": job["id"]})
    assert done["status"]["state"] == "done", done["status"]
    appeared = [Path(event["output"]["path"]).name for event in client.heard("output/appeared")]
    assert appeared == ["frame_000.png", "frame_001.png", "clip.mp4", "poster.jpg"]
    running = [each["status"] for each in client.heard("job/changed") if each["status"]["state"] == "running"]
    denoising = [(status["step"], status["total"]) for status in running if status["phase"] == "denoising"]
    assert denoising == sorted(denoising)
    assert check(client, file, outputs)["frames"][0] | {"seconds": 0} == {
        "number": 0,
        "line": 5,
        "endLine": 5,
        "prompt": "a red ball on grass",
        "state": "made",
        "picture": str(Path(done["folder"], "frames", "frame_000.png")),
        "seed": 7,
        "seconds": 0,
        "device": "cpu",
    }
    # Half a second as usual, and one second as was said.
    assert [output["frames"] for output in done["outputs"] if output["kind"] == "video"] == [36]


def test_a_cancelled_storyboard_keeps_its_frames_for_a_clip_and_for_resuming(
    client: RpcClient, tmp_path: Path, outputs: Path
) -> None:
    file = tmp_path / "long.txt"
    file.write_text("---\nsteps: 10\n---\n" + "\n".join(f"a red ball {number}" for number in range(30)))
    client.request("queue/resume")
    job = client.request("jobs/storyboard", {"file": str(file), "outputFolder": str(outputs), "batch": 1})
    client.wait_for(lambda: (latest(client, job["id"]) or job)["framesDone"] >= 2, "two frames", 120)
    client.request("jobs/cancel", {"id": job["id"]})
    client.wait_for(lambda: ended(client, job["id"]), "the job to be cancelled", 60)
    stopped = client.request("jobs/get", {"id": job["id"]})
    assert stopped["status"]["state"] == "cancelled"
    kept = stopped["framesDone"]
    assert 2 <= kept < 30
    stitched = client.request("jobs/stitch", {"folder": stopped["folder"], "fps": 2, "outputFolder": str(outputs)})
    client.wait_for(lambda: ended(client, stitched["id"]), "the clip", 60)
    assert client.request("jobs/get", {"id": stitched["id"]})["outputs"][0]["frames"] == kept


def test_a_file_that_is_not_there_is_said(client: RpcClient, tmp_path: Path) -> None:
    with pytest.raises(RpcError, match=r"missing\.txt cannot be read: No such file"):
        client.request("jobs/storyboard", {"file": str(tmp_path / "missing.txt")})


def latest(client: RpcClient, id: str) -> dict[str, Any] | None:
    seen = [each for each in client.heard("job/changed") if each["id"] == id]
    return seen[-1] if seen else None


def ended(client: RpcClient, id: str) -> bool:
    job = latest(client, id)
    return job is not None and job["status"]["state"] in ENDED
