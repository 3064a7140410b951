"""Files of other programs in the watched folders, told by the real process."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.rpc_client import Message, RpcClient, RpcError
from ttvideo.contract import Done, GenerateRequest, Job, Output, OutputAppeared
from ttvideo.jobs import folders
from ttvideo.jobs.outputs import BURST, LISTED, OF_A_SEQUENCE
from ttvideo.jobs.queue import open_queue
from ttvideo.media import ffmpeg

pytestmark = pytest.mark.alone
COLORS = "testsrc=size=64x48:rate=8:duration=2"


def picture(path: Path, shade: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), (shade, 200, 90)).save(path)
    return path


def video(path: Path) -> Path:
    ffmpeg.output(["-f", "lavfi", "-i", COLORS, "-pix_fmt", "yuv420p", "-y", f"file:{path}"])
    return path


def watch(client: RpcClient, *roots: Path) -> list[OutputAppeared]:
    answer = client.request("outputs/watch", {"folders": list(map(str, roots))})
    return [OutputAppeared.model_validate(output) for output in answer["outputs"]]


def appeared(client: RpcClient) -> list[str]:
    return [Path(heard["output"]["path"]).name for heard in client.heard("output/appeared")]


def wait_for(client: RpcClient, name: str) -> Message:
    """The event of a file of this name."""
    client.wait_for(lambda: name in appeared(client), f"{name}; heard {appeared(client)}")
    return next(heard for heard in client.heard("output/appeared") if Path(heard["output"]["path"]).name == name)


def finished_job(outputs: Path, *clips: str) -> Job:
    """A job that is done, with a poster and these clips, as another process leaves it on disk and in the database."""
    queue = open_queue("terminal")
    queue.pause()
    job = queue.submit(GenerateRequest(prompt="a red ball", output_folder=str(outputs)))
    folder = Path(job.folder)
    picture(folders.frame_path(folder, 0))
    picture(folder / "poster.jpg")
    made = [Output(path=str(folder / "poster.jpg"), kind="poster", width=64, height=48)]
    about: dict[str, Any] = {"kind": "video", "width": 64, "height": 48, "frames": 16, "fps": 8}
    made += [Output(path=str(video(folder / name)), **about) for name in clips]
    job = queue.update(job.id, lambda job: job.model_copy(update={"status": Done(), "outputs": tuple(made)}))
    folders.write_manifest(job, folders.recipe(job, "revision"))
    queue.close()
    return job


def test_a_video_written_slowly_appears_once_when_it_is_whole(client: RpcClient, outputs: Path, tmp_path: Path) -> None:
    assert watch(client, outputs) == []
    whole = video(tmp_path / "whole.mp4").read_bytes()
    slow = outputs / "slow.mp4"
    for part in range(6):
        # Closed after each part, as a download that goes on does.
        with slow.open("ab") as file:
            file.write(whole[part * len(whole) // 6 : (part + 1) * len(whole) // 6])
        picture(outputs / f"after {part}.png")
        wait_for(client, f"after {part}.png")
        assert ("slow.mp4" in appeared(client)) <= (part == 5)
    shown = OutputAppeared.model_validate(wait_for(client, "slow.mp4"))
    assert shown.job_id is None
    assert shown.output == Output(path=str(slow), kind="video", width=64, height=48, frames=16, fps=8.0)
    assert shown.at == pytest.approx(slow.stat().st_mtime, abs=1e-3)
    picture(outputs / "last.png")
    wait_for(client, "last.png")
    assert appeared(client).count("slow.mp4") == 1


def test_a_file_with_new_content_appears_again(client: RpcClient, outputs: Path) -> None:
    watch(client, outputs)
    picture(outputs / "a.png")
    first = wait_for(client, "a.png")
    picture(outputs / "a.png", shade=30)
    client.wait_for(lambda: len(appeared(client)) == 2, "the second time")
    again = client.heard("output/appeared")[1]
    assert again["at"] > first["at"]
    assert again["output"] == first["output"]


def test_what_belongs_to_jobs_or_is_no_media_does_not_appear(client: RpcClient, outputs: Path, tmp_path: Path) -> None:
    watch(client, outputs)
    job = finished_job(outputs, "clip.mp4")
    picture(Path(job.folder, "preview.webp"))
    picture(Path(job.folder, "added by hand.png"))
    outside = tmp_path / "outside"
    picture(outside / "secret.png")
    (outputs / "link").symlink_to(outside)
    (outputs / "link.png").symlink_to(outside / "secret.png")
    picture(outputs / ".hidden" / "b.png")
    picture(outputs / ".c.png")
    (outputs / "half.png").write_bytes(picture(tmp_path / "whole.png").read_bytes()[:60])
    (outputs / "text.mp4").write_text("no video")
    (outputs / "notes.txt").write_text("a")
    picture(outputs / "last.png")
    wait_for(client, "last.png")
    wait_for(client, "clip.mp4")
    assert {name: appeared(client).count(name) for name in appeared(client)} == {
        "clip.mp4": 1,
        "poster.jpg": 1,
        "last.png": 1,
    }
    assert {heard["jobId"] for heard in client.heard("output/appeared")} == {job.id, None}


def test_a_flood_of_frames_is_told_by_its_newest(client: RpcClient, outputs: Path, tmp_path: Path) -> None:
    watch(client, outputs)
    frame = picture(tmp_path / "frame.png")
    (outputs / "frames").mkdir()
    begin = time.monotonic()
    for number in range(1000):
        shutil.copyfile(frame, outputs / "frames" / f"frame_{number}.png")
    wait_for(client, "frame_999.png")
    seconds = time.monotonic() - begin
    assert len(appeared(client)) <= BURST + seconds + 1
    assert len(set(appeared(client))) == len(appeared(client))
    listed = [Path(shown.output.path).name for shown in watch(client, outputs)]
    assert len(listed) == OF_A_SEQUENCE
    assert listed[0] == "frame_999.png"


def test_what_is_there_is_listed_newest_first(client: RpcClient, outputs: Path, tmp_path: Path) -> None:
    job = finished_job(outputs, "clip.mp4", "clip.gif")
    foreign = [picture(outputs / "deep" / "er" / "old.png"), video(outputs / "b.mp4"), video(outputs / "a.webm")]
    (outputs / "text.mp4").write_text("no video")
    listed = watch(client, outputs, tmp_path / "made" / "when missing")
    assert [(Path(shown.output.path), shown.job_id) for shown in listed] == [
        *((path, None) for path in reversed(foreign)),
        (Path(job.folder, "clip.gif"), job.id),
        (Path(job.folder, "clip.mp4"), job.id),
    ]
    assert listed[-1].output == job.outputs[1]
    assert [shown.at for shown in listed] == sorted((shown.at for shown in listed), reverse=True)
    assert (tmp_path / "made" / "when missing").is_dir()
    assert watch(client, outputs) == listed
    picture(outputs / "last.png")
    wait_for(client, "last.png")
    foreign_heard = [heard["output"]["path"] for heard in client.heard("output/appeared") if heard["jobId"] is None]
    assert foreign_heard == [str(outputs / "last.png")]


def test_clips_of_jobs_that_only_the_files_know_are_listed(
    client: RpcClient, outputs: Path, own_state: Path, tmp_path: Path
) -> None:
    job = finished_job(outputs, "clip.mp4")
    queue = open_queue("terminal")
    queue.remove(job.id)
    queue.close()
    moved = outputs / "elsewhere" / "my best clip"
    moved.parent.mkdir()
    shutil.move(job.folder, moved)
    (shown,) = watch(client, outputs)
    assert (shown.job_id, shown.output.path) == (job.id, str(moved / "clip.mp4"))


def test_at_most_fifty_are_listed_and_quickly(client: RpcClient, outputs: Path, tmp_path: Path) -> None:
    frame = picture(tmp_path / "frame.png")
    for number in range(5000):
        target = outputs / f"run {number % 100}" / f"{number}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(frame, target)
    begin = time.monotonic()
    listed = watch(client, outputs)
    assert time.monotonic() - begin < 5
    assert len(listed) == LISTED


def test_another_call_replaces_the_folders(client: RpcClient, outputs: Path, tmp_path: Path) -> None:
    watch(client, outputs)
    watch(client, tmp_path / "other", tmp_path / "other" / "inside", tmp_path / "other")
    picture(outputs / "a.png")
    picture(tmp_path / "other" / "inside" / "b.png")
    wait_for(client, "b.png")
    assert appeared(client) == ["b.png"]
    watch(client)
    picture(tmp_path / "other" / "c.png")
    watch(client, outputs)
    picture(outputs / "d.png")
    wait_for(client, "d.png")
    assert appeared(client) == ["b.png", "d.png"]


def test_a_folder_that_cannot_be_made_is_said_and_the_others_are_watched(client: RpcClient, outputs: Path) -> None:
    assert watch(client, Path("/proc/nowhere"), outputs) == []
    warning = "The folder /proc/nowhere cannot be watched"
    client.wait_for(lambda: any(line["message"].startswith(warning) for line in client.heard("log")), "the warning")
    picture(outputs / "a.png")
    wait_for(client, "a.png")


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("", "not a whole path"),
        ("clips", "not a whole path"),
        ("../clips", "not a whole path"),
        ("/\x00", "cannot be used"),
        ("/" + "x" * 5000, "cannot be used"),
        ("~nobody-of-this-name/x", "cannot be used"),
    ],
)
def test_impossible_folders_are_refused(client: RpcClient, folder: str, words: str) -> None:
    with pytest.raises(RpcError, match=words) as caught:
        client.request("outputs/watch", {"folders": [folder]})
    assert caught.value.data["kind"] == "invalidParameters"


def test_the_worker_ends_in_time_while_it_watches(client: RpcClient, outputs: Path) -> None:
    watch(client, outputs)
    for number in range(50):
        video(outputs / f"{number}.mp4") if number == 0 else shutil.copyfile(
            outputs / "0.mp4", outputs / f"{number}.mp4"
        )
    code, seconds = client.close()
    assert code == 0
    assert seconds < 2
