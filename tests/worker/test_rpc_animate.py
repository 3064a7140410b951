"""Clips over a still picture, made by the real process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.rpc_client import Message, RpcClient, RpcError
from ttvideo.contract import Job, Motion
from ttvideo.jobs import folders
from ttvideo.media.frames import load_frame
from unit.media import probe
from worker.test_rpc_stitch import ended


@pytest.fixture
def worker(client: RpcClient) -> RpcClient:
    client.request("queue/resume")
    return client


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Brighter from left to right, and from top to bottom."""
    y, x = np.mgrid[0:96, 0:128]
    path = tmp_path / "My Picture.png"
    Image.fromarray(np.repeat((x + y)[..., None], 3, axis=2).astype(np.uint8)).save(path)
    return path


def animate(client: RpcClient, image: Path, outputs: Path, **about: Any) -> Message:
    """The job as it ended."""
    job = client.request("jobs/animate", {"image": str(image), "outputFolder": str(outputs), **about})
    return ended(client, job["id"])


def test_a_picture_becomes_a_clip(worker: RpcClient, image: Path, outputs: Path) -> None:
    job = animate(worker, image, outputs, motion="pan-right", seconds=1, fps=12, formats=["mp4", "webm"])
    assert job["status"]["state"] == "done", job
    assert (job["request"]["kind"], job["framesDone"], job["notes"]) == ("animate", 12, [])
    assert job["parameters"] == {
        "motion": "pan-right",
        "seconds": 1,
        "fps": 12,
        "frames": 12,
        "width": 128,
        "height": 96,
        "easing": "ease-in-out",
        "zoom": 1.25,
    }
    folder = Path(job["folder"])
    assert "-animate-my-picture-" in folder.name
    assert sorted(path.name for path in folder.iterdir()) == ["clip.mp4", "clip.webm", "job.json", "poster.jpg"]
    for clip in (folder / "clip.mp4", folder / "clip.webm"):
        light = probe.decode(clip).mean(axis=(1, 2, 3))
        assert len(light) == 12
        assert list(light) == sorted(light)
    kinds = [(output["kind"], output["frames"], output["fps"]) for output in job["outputs"]]
    assert kinds == [("video", 12, 12), ("video", 12, 12), ("poster", 1, None)]
    manifest = folders.read_manifest(folder)
    assert manifest is not None
    assert Job.model_validate(manifest["job"]).status.state == "done"
    assert str(image) not in str(manifest["recipe"])


def test_every_motion_is_made(worker: RpcClient, image: Path, outputs: Path) -> None:
    for motion in Motion:
        job = animate(worker, image, outputs, motion=motion.value, seconds=0.5, fps=8)
        assert job["status"]["state"] == "done", job
        frames = probe.decode(Path(job["folder"], "clip.mp4"))
        assert len(frames) == 4
        moved = np.abs(frames[-1].astype(int) - frames[0]).mean()
        assert (moved < 0.5) == (motion is Motion.STILL)


def test_rectangles_fades_size_and_codec(worker: RpcClient, image: Path, outputs: Path) -> None:
    part = {"x": 0.5, "y": 0.5, "width": 0.5, "height": 0.5}
    about = {"motion": "ken-burns", "easing": "linear", "end": part, "seconds": 1, "fps": 10, "width": 64, "height": 64}
    about |= {"fadeIn": 0.5, "fadeOut": 0.2, "codec": "h265", "crf": 20}
    job = animate(worker, image, outputs, **about)
    assert job["status"]["state"] == "done", job
    assert job["parameters"] == about | {"frames": 10}
    assert job["notes"] == [
        "The picture, 128x96, has another shape than the clip: it fills it, and is cut.",
        "Browsers and VS Code may not play H.265.",
    ]
    clip = Path(job["folder"], "clip.mp4")
    assert "hevc" in probe.stream(clip)
    light = probe.decode(clip).mean(axis=(1, 2, 3))
    assert (light[0], light[-1]) == pytest.approx((0, 0), abs=2)
    assert light.argmax() == 7
    assert load_frame(Path(job["folder"], "poster.jpg")).mean() > 100


def test_a_running_one_is_cancelled_and_goes_on(worker: RpcClient, image: Path, outputs: Path) -> None:
    about = {"image": str(image), "outputFolder": str(outputs), "seconds": 3600, "width": 640}
    job = worker.request("jobs/animate", about)

    def encoding() -> bool:
        statuses = [heard["status"] for heard in worker.heard("job/changed") if heard["id"] == job["id"]]
        return any(status.get("phase") == "stitching" and 0 < status["step"] < status["total"] for status in statuses)

    worker.wait_for(encoding, "the first frames")
    worker.request("jobs/cancel", {"id": job["id"]})
    assert ended(worker, job["id"])["status"]["state"] == "cancelled"
    assert [path.name for path in Path(job["folder"]).iterdir()] == ["job.json"]


def test_a_picture_that_is_gone_is_named(client: RpcClient, image: Path, outputs: Path) -> None:
    job = client.request("jobs/animate", {"image": str(image), "outputFolder": str(outputs)})
    image.unlink()
    client.request("queue/resume")
    error = ended(client, job["id"])["status"]["error"]
    assert error["kind"] == "notFound"
    assert str(image) in error["message"]


@pytest.mark.parametrize(
    ("about", "kind", "words"),
    [
        ({"image": "{tmp}/none.png"}, "notFound", "There is no picture"),
        ({"image": "picture.png"}, "invalidParameters", "not a whole path"),
        ({"image": "{tmp}/broken.png"}, "invalidParameters", "missing or broken"),
        ({"codec": "av1"}, "invalidParameters", "AV1 does not go into"),
        ({"formats": ["gif"], "crf": 18}, "invalidParameters", "has no constant rate factor"),
        ({"seconds": 0.01, "fps": 10}, "invalidParameters", "less than a frame"),
        ({"seconds": 2, "fadeIn": 1.5, "fadeOut": 1}, "invalidParameters", "fades are longer"),
        ({"end": {"x": 0, "y": 0, "width": 0.5, "height": 0.5}}, "invalidParameters", "zoom-in has no end"),
        (
            {"motion": "ken-burns", "start": {"x": 0.6, "y": 0, "width": 0.5, "height": 0.5}},
            "invalidParameters",
            "start of the motion reaches beyond",
        ),
    ],
)
def test_what_cannot_be_animated_is_refused_at_once(
    client: RpcClient, tmp_path: Path, image: Path, about: dict[str, Any], kind: str, words: str
) -> None:
    (tmp_path / "broken.png").write_bytes(image.read_bytes()[:40])
    named = str(about.get("image", image)).format(tmp=tmp_path)
    with pytest.raises(RpcError, match=words) as caught:
        client.request("jobs/animate", {**about, "image": named})
    assert caught.value.data["kind"] == kind
    assert client.request("jobs/list")["jobs"] == []
