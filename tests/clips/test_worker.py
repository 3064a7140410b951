"""Each family through the real worker process, from a request to a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clip_cases import CASES, Case
from support.rpc_client import RpcClient, RpcError

ENDED = ("done", "failed", "cancelled", "interrupted")
FAMILIES = {case.family: case for case in reversed(CASES) if not case.from_picture}
each_family = pytest.mark.parametrize("case", FAMILIES.values(), ids=FAMILIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worker")


@pytest.fixture(scope="module")
def client(folder: Path, random_clips: Path) -> Iterator[RpcClient]:
    """One process for all families, as an editor has it."""
    env = {
        "TTVIDEO_MODELS": str(random_clips),
        "TTVIDEO_CACHE": str(folder / "cache"),
        "TTVIDEO_STATE": str(folder / "state"),
        "OMP_NUM_THREADS": "1",
    }
    with RpcClient(folder / "worker.log", env=env) as client:
        client.request("worker/hello", {"clientVersion": "test"})
        yield client


def submit(client: RpcClient, case: Case, folder: Path, prompt: str, **parameters: Any) -> dict[str, Any]:
    given = {"checkpoint": case.checkpoint, "frames": case.frames, "width": 64, "height": 64, "seed": 5}
    request = {
        "model": case.family,
        "prompt": prompt,
        "parameters": given | case.params | parameters,
        "outputFolder": str(folder / "outputs"),
    }
    job: dict[str, Any] = client.request("jobs/submit", request)
    return job


def statuses(client: RpcClient, id: str) -> list[dict[str, Any]]:
    return [job["status"] for job in client.heard("job/changed") if job["id"] == id]


def wait_for_end(client: RpcClient, id: str) -> dict[str, Any]:
    client.wait_for(lambda: any(status["state"] in ENDED for status in statuses(client, id)[-1:]), "its end", 120)
    job: dict[str, Any] = client.request("jobs/get", {"id": id})
    return job


@each_family
def test_a_request_becomes_a_clip(client: RpcClient, case: Case, folder: Path) -> None:
    from ttvideo.media.probe import probe

    job = submit(client, case, folder, "a cat", steps=4)
    done = wait_for_end(client, job["id"])
    assert done["status"]["state"] == "done", done["status"]
    running = [status for status in statuses(client, job["id"]) if status["state"] == "running"]
    # Of short phases the events may be left out, but not the time they took.
    assert list(done["seconds"]) == ["loading", "encoding", "denoising", "decoding", "stitching"]
    assert any(status["preview"] and Path(status["preview"]).is_file() for status in running)
    (video,) = [output for output in done["outputs"] if output["kind"] == "video"]
    found = probe(Path(video["path"]), decode=True)
    assert found is not None
    assert (found.frames, found.width, found.height) == (case.frames, 64, 64)
    assert any("of memory" in note for note in done["notes"])


@each_family
def test_a_cancelled_clip_goes_on_where_it_was(client: RpcClient, case: Case, folder: Path) -> None:
    job = submit(client, case, folder, "a dog", steps=100)
    id = job["id"]

    def denoises() -> bool:
        return any(status.get("phase") == "denoising" and status["step"] > 2 for status in statuses(client, id))

    client.wait_for(denoises, "a few steps", 60)
    client.request("jobs/cancel", {"id": id})
    cancelled = wait_for_end(client, id)
    assert cancelled["status"]["state"] == "cancelled"
    assert 2 < cancelled["keptStep"] < 100
    before = len(statuses(client, id))
    client.request("jobs/resume", {"id": id})
    client.wait_for(lambda: statuses(client, id)[before:] != [], "it to be taken up")
    done = wait_for_end(client, id)
    assert done["status"]["state"] == "done", done["status"]
    steps = [status["step"] for status in statuses(client, id)[before:] if status.get("phase") == "denoising"]
    assert all(step > cancelled["keptStep"] for step in steps if step)
    undisturbed = wait_for_end(client, submit(client, case, folder, "a dog", steps=100)["id"])
    assert frames(done) == frames(undisturbed)


def frames(job: dict[str, Any]) -> list[bytes]:
    from PIL import Image

    files = sorted(Path(job["folder"], "frames").glob("frame_*.png"))
    return [Image.open(file).tobytes() for file in files]


def test_what_the_model_cannot_do_is_refused_at_once(client: RpcClient, folder: Path) -> None:
    with pytest.raises(RpcError, match="has no checkpoint"):
        submit(client, FAMILIES["wan"], folder, "a cat", checkpoint="wan9")
