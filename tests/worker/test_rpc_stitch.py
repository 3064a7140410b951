"""Clips of pictures that exist, made by the real process."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.rpc_client import Message, RpcClient, RpcError
from ttvideo.contract import GenerateRequest, Interrupted, Job
from ttvideo.jobs import folders
from ttvideo.jobs.queue import open_queue
from ttvideo.media.frames import load_frame
from ttvideo.state import DeviceLock
from unit.media import probe

ENDED = ("done", "failed", "cancelled", "interrupted")


@pytest.fixture
def worker(client: RpcClient) -> RpcClient:
    client.request("queue/resume")
    return client


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """12 pictures, each brighter than the one before, with names whose plain order is another."""
    folder = tmp_path / "My Pictures"
    folder.mkdir()
    for number in range(12):
        Image.new("RGB", (64, 48), (20 * number,) * 3).save(folder / f"shot{number}.png")
    return folder


def stitch(client: RpcClient, folder: Path, outputs: Path, **about: Any) -> Message:
    """The job as it ended."""
    job = client.request("jobs/stitch", {"folder": str(folder), "outputFolder": str(outputs), **about})
    return ended(client, job["id"])


def ended(client: RpcClient, id: str) -> Message:
    def jobs() -> list[Message]:
        heard = [job for job in client.heard("job/changed") if job["id"] == id]
        return heard[-1:] if heard and heard[-1]["status"]["state"] in ENDED else []

    client.wait_for(jobs, f"job {id} to end", timeout=120)
    return jobs()[0]


def test_pictures_become_a_clip_in_the_order_of_their_numbers(worker: RpcClient, pictures: Path, outputs: Path) -> None:
    job = stitch(worker, pictures, outputs, fps=12, formats=["mp4", "gif"])
    assert job["status"]["state"] == "done", job
    assert job["request"]["kind"] == "stitch"
    assert job["parameters"] == {"fps": 12, "frames": 12, "width": 64, "height": 48}
    assert (job["framesDone"], job["notes"]) == (12, [])
    folder = Path(job["folder"])
    assert folder.parent == outputs
    assert "-stitch-my-pictures-" in folder.name
    assert sorted(path.name for path in folder.iterdir()) == ["clip.gif", "clip.mp4", "job.json", "poster.jpg"]
    shown = probe.decode(folder / "clip.mp4").mean(axis=(1, 2, 3))
    assert list(shown) == sorted(shown)
    assert len(shown) == 12
    phases = {heard["status"].get("phase") for heard in worker.heard("job/changed") if heard["id"] == job["id"]}
    assert phases >= {"loading", "stitching"}
    told = [Path(heard["output"]["path"]).name for heard in worker.heard("output/appeared")]
    assert sorted(told) == ["clip.gif", "clip.mp4", "poster.jpg"]
    manifest = folders.read_manifest(folder)
    assert manifest is not None
    assert Job.model_validate(manifest["job"]).status.state == "done"
    assert str(pictures) not in str(manifest["recipe"])


def test_frames_of_a_stopped_job_become_a_clip(worker: RpcClient, pictures: Path, outputs: Path) -> None:
    queue = open_queue("terminal")
    queue.pause()
    stopped = queue.submit(GenerateRequest(prompt="a red ball", output_folder=str(outputs)))
    folders.make(Path(stopped.folder, "frames"))
    for number in range(3):
        shutil.copyfile(pictures / f"shot{number}.png", folders.frame_path(Path(stopped.folder), number))
    folders.write_manifest(stopped, folders.recipe(stopped, "revision"))
    queue.update(stopped.id, lambda job: job.model_copy(update={"status": Interrupted(reason="test")}))
    queue.unpause()
    queue.close()
    job = stitch(worker, Path(stopped.folder), outputs, fps=12, formats=["webm"])
    assert job["status"]["state"] == "done", job
    assert "-stitch-a-red-ball-" in job["folder"]
    clip = Path(job["folder"], "clip.webm")
    assert (len(probe.decode(clip)), probe.rate(clip)) == (3, 12)


def test_pictures_are_held_and_change_slowly(worker: RpcClient, pictures: Path, outputs: Path) -> None:
    about = {"hold": 0.5, "fps": 12, "transition": "crossfade", "codec": "vp9", "crf": 20, "formats": ["webm"]}
    job = stitch(worker, pictures, outputs, **about)
    assert job["status"]["state"] == "done", job
    expected = {"fps": 12, "frames": 72, "hold": 0.5, "transition": "crossfade", "codec": "vp9", "crf": 20}
    assert job["parameters"] == expected | {"width": 64, "height": 48}
    assert (job["framesDone"], job["notes"]) == (72, [])
    shown = probe.decode(Path(job["folder"], "clip.webm")).mean(axis=(1, 2, 3))
    assert len(shown) == 72
    steps = [after - before for before, after in itertools.pairwise(shown)]
    # From one picture to the next are 20 levels, in thirds.
    assert max(steps) == pytest.approx(20 / 3, abs=2)


def test_files_are_stitched_in_their_order(worker: RpcClient, pictures: Path, outputs: Path) -> None:
    backwards = [str(pictures / f"shot{number}.png") for number in range(11, -1, -1)]
    as_a_shell_does = sorted(backwards)
    for files, order in ((backwards, -1), (as_a_shell_does, 1)):
        job = stitch(worker, pictures, outputs, files=files)
        assert job["status"]["state"] == "done", job
        shown = list(probe.decode(Path(job["folder"], "clip.mp4")).mean(axis=(1, 2, 3)))
        assert shown[::order] == sorted(shown)


def test_stitching_does_not_wait_for_the_device(
    worker: RpcClient, pictures: Path, outputs: Path, own_state: Path
) -> None:
    with DeviceLock(own_state, "cpu", "somebody") as lock:
        assert lock.acquire()
        waiting = worker.request("jobs/submit", {"prompt": "a red ball", "outputFolder": str(outputs)})
        assert stitch(worker, pictures, outputs)["status"]["state"] == "done"
        assert worker.request("jobs/get", {"id": waiting["id"]})["status"]["state"] == "queued"
        worker.request("jobs/cancel", {"id": waiting["id"]})


def test_other_sizes_are_said(worker: RpcClient, pictures: Path, outputs: Path) -> None:
    Image.new("RGB", (30, 90)).save(pictures / "shot12.png")
    job = stitch(worker, pictures, outputs)
    assert job["status"]["state"] == "done"
    assert "1 of 13 pictures has another size than 64x48" in job["notes"][0]
    assert load_frame(Path(job["folder"], "poster.jpg")).shape == (48, 64, 3)


def test_an_unreadable_picture_is_named_and_the_job_goes_on_without_it(
    worker: RpcClient, pictures: Path, outputs: Path
) -> None:
    bad = pictures / "shot7b.png"
    bad.write_bytes((pictures / "shot7.png").read_bytes()[:90])
    job = stitch(worker, pictures, outputs)
    assert job["status"]["state"] == "failed"
    assert str(bad) in job["status"]["error"]["message"]
    assert job["status"]["error"]["kind"] == "invalidParameters"
    assert not list(Path(job["folder"]).glob("*clip*"))
    bad.unlink()
    seen = len(worker.events)
    worker.request("jobs/resume", {"id": job["id"]})
    worker.wait_for(lambda: [e for e in worker.events[seen:] if e["params"].get("status") == {"state": "done"}], "done")


def test_a_running_one_is_cancelled_and_goes_on(worker: RpcClient, tmp_path: Path, outputs: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    Image.effect_noise((640, 480), 90).convert("RGB").save(many / "0.jpg", quality=95)
    for number in range(1, 400):
        (many / f"{number}.jpg").hardlink_to(many / "0.jpg")
    job = worker.request("jobs/stitch", {"folder": str(many), "outputFolder": str(outputs)})

    def encoding() -> bool:
        statuses = [heard["status"] for heard in worker.heard("job/changed") if heard["id"] == job["id"]]
        return any(status.get("phase") == "stitching" and status["step"] > 0 for status in statuses)

    worker.wait_for(encoding, "the first frames")
    worker.request("jobs/cancel", {"id": job["id"]})
    cancelled = ended(worker, job["id"])
    assert cancelled["status"]["state"] == "cancelled"
    assert [path.name for path in Path(job["folder"]).iterdir()] == ["job.json"]
    for number in range(4, 400):
        (many / f"{number}.jpg").unlink()
    worker.request("jobs/resume", {"id": job["id"]})
    worker.wait_for(lambda: worker.request("jobs/get", {"id": job["id"]})["status"]["state"] == "done", "the rest")
    assert len(probe.decode(Path(job["folder"], "clip.mp4"))) == 4


@pytest.mark.parametrize(
    ("folder", "kind", "words"),
    [
        ("{tmp}/empty", "invalidParameters", "There are no pictures"),
        ("{tmp}/nowhere", "notFound", "There is no folder"),
        ("pictures", "invalidParameters", "not a whole path"),
        ("/\x00", "invalidParameters", "cannot be used"),
    ],
)
def test_what_cannot_be_stitched_is_refused_at_once(
    client: RpcClient, tmp_path: Path, folder: str, kind: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RpcError, match=words) as caught:
        client.request("jobs/stitch", {"folder": folder.format(tmp=tmp_path)})
    assert caught.value.data["kind"] == kind
    assert client.request("jobs/list")["jobs"] == []
