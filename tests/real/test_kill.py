"""The serving worker is killed at random moments; nothing it reported as saved may be lost."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path
from typing import Any

from support.rpc_client import RpcClient
from ttvideo.jobs import folders
from ttvideo.media.frames import is_whole

FRAMES = 8
KILLS = int(os.environ.get("TTVIDEO_KILLS", "6"))
# Latents are kept after every step, so that a kill may come at any of them.
ENV = {"TTVIDEO_KEEP_SECONDS": "0"}
ENDED = ("done", "failed", "cancelled", "interrupted")


def request(outputs: Path) -> dict[str, Any]:
    return {
        "prompt": "a red ball bouncing on green grass",
        "parameters": {"seed": 7, "steps": 5, "frames": FRAMES},
        "outputFolder": str(outputs),
    }


def latest(client: RpcClient, id: str) -> dict[str, Any]:
    jobs = [job for job in client.heard("job/changed") if job["id"] == id]
    return jobs[-1] if jobs else {"status": {"state": "unknown"}}


def finish(client: RpcClient, id: str) -> dict[str, Any]:
    client.wait_for(lambda: latest(client, id)["status"]["state"] in ENDED, f"job {id} to end", 180)
    job = latest(client, id)
    assert job["status"]["state"] == "done", job["status"]
    return job


def pixels(job: dict[str, Any]) -> list[bytes]:
    return [file.read_bytes() for file in sorted(Path(job["folder"], "frames").glob("*.png"))]


def test_killed_anywhere_resumed_to_the_same_clip(tmp_path: Path, outputs: Path) -> None:
    rng = random.Random(0)
    with RpcClient(tmp_path / "first.log", env=ENV) as client:
        undisturbed = finish(client, client.request("jobs/submit", request(outputs))["id"])
    expected, clip = pixels(undisturbed), Path(undisturbed["folder"], "clip.mp4").read_bytes()
    assert len(expected) == FRAMES

    id, phases = None, []
    for number in range(KILLS):
        with RpcClient(tmp_path / f"{number}.log", env=ENV) as client:
            state = client.request("worker/hello", {"clientVersion": "test"})["queue"]
            if id is None:
                id = client.request("jobs/submit", request(outputs))["id"]
            else:
                assert client.request("jobs/get", {"id": id})["status"]["state"] == "interrupted"
                client.request("jobs/resume", {"id": id})
            if state["paused"]:
                client.request("queue/resume")
            seen = sum(job["id"] == id for job in client.heard("job/changed"))
            # So many reports later, at a moment within about one step of them.
            wanted, delay = seen + rng.randint(1, 22), rng.uniform(0, 0.3)
            wait_for_reports(client, id, wanted)
            kill_after(client, delay)
            job = latest(client, id)
            phases.append(job["status"].get("phase", job["status"]["state"]))
        folder = Path(job["folder"])
        reported = job["framesDone"]
        assert sum(is_whole(folders.frame_path(folder, index)) for index in range(FRAMES)) >= reported
        if job["keptStep"]:
            assert (folder / folders.STATE).exists()
        if job["status"]["state"] == "done":
            assert pixels(job) == expected
            id = None
    assert len(set(phases)) >= 3, phases

    with RpcClient(tmp_path / "last.log", env=ENV) as client:
        client.request("queue/resume")
        if id is None:
            id = client.request("jobs/submit", request(outputs))["id"]
        else:
            client.request("jobs/resume", {"id": id})
        job = finish(client, id)
    assert pixels(job) == expected
    assert Path(job["folder"], "clip.mp4").read_bytes() == clip


def wait_for_reports(client: RpcClient, id: str, wanted: int) -> None:
    def far_enough() -> bool:
        jobs = [job for job in client.heard("job/changed") if job["id"] == id]
        return len(jobs) >= wanted or (bool(jobs) and jobs[-1]["status"]["state"] in ("done", "failed"))

    client.wait_for(far_enough, f"{wanted} reports of job {id}", 120)


def kill_after(client: RpcClient, delay: float) -> None:
    """SIGKILL at a moment the test does not choose: a timer, not an event, decides."""
    timer = threading.Timer(delay, client.process.kill)
    timer.start()
    client.process.wait(60)
    timer.join()
