from __future__ import annotations

import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.media import ffmpeg
from ttvideo.media.encode import encode
from ttvideo.media.frames import Pixels, load_frame, save_frame
from ttvideo.media.timeline import one_each
from unit.media import probe
from unit.media.conftest import FrameMaker, picture

FORMATS = ("mp4", "webm", "gif")
ENCODERS = [
    ("mp4", "libx264"),
    ("mp4", "libopenh264"),
    ("mp4", "mpeg4"),
    ("webm", "libvpx-vp9"),
    ("webm", "libvpx"),
    ("gif", "gif"),
]


def ignore(_: int) -> None:
    pass


@pytest.mark.parametrize(("format", "encoder"), ENCODERS)
def test_clip_shows_every_frame_and_is_repeatable(
    make_frames: FrameMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, encoder: str
) -> None:
    if encoder not in ffmpeg.encoders():
        pytest.skip(f"this ffmpeg has no {encoder}")
    monkeypatch.setattr(ffmpeg, "encoders", lambda: frozenset([encoder]))
    frames = make_frames(10)
    clip, again = tmp_path / f"clip.{format}", tmp_path / f"again.{format}"
    encoded = encode(one_each(frames, 12.5), clip, format, '{"seed": 7}', ignore)
    assert (encoded.encoder, encoded.width, encoded.height, encoded.frames) == (encoder, 64, 48, 10)
    assert encoded.note == ffmpeg.choose(format).note
    shown = probe.decode(clip).astype(float)
    assert shown.shape == (10, 48, 64, 3)
    for i, path in enumerate(frames):
        distance = np.abs(shown - load_frame(path)).mean(axis=(1, 2, 3))
        assert distance.argmin() == i
        assert distance[i] < 6
    assert probe.rate(clip) == 12.5
    encode(one_each(frames, 12.5), again, format, '{"seed": 7}', ignore)
    assert clip.read_bytes() == again.read_bytes()


def test_mp4_plays_everywhere(make_frames: FrameMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    encode(one_each(make_frames(6), 8), clip, "mp4", None, ignore)
    names = probe.boxes(clip)
    assert names.index("moov") < names.index("mdat")
    stream = probe.stream(clip)
    assert "h264" in stream
    assert "avc1" in stream
    assert "yuv420p(tv, bt709," in stream


def test_webm_is_tagged(make_frames: FrameMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.webm"
    encode(one_each(make_frames(6), 8), clip, "webm", None, ignore)
    assert "vp9" in probe.stream(clip)
    assert "yuv420p(tv, bt709," in probe.stream(clip)


def test_gif_loops_for_ever(make_frames: FrameMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.gif"
    encode(one_each(make_frames(3), 8), clip, "gif", None, ignore)
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in clip.read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_colors_come_back(tmp_path: Path, format: str) -> None:
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128), (230, 120, 40)]
    patches = np.repeat(np.repeat(np.array([colors], np.uint8), 32, axis=0), 32, axis=1)
    save_frame(patches, tmp_path / "frame.png", None)
    clip = tmp_path / f"clip.{format}"
    encode(one_each([tmp_path / "frame.png"] * 4, 8), clip, format, None, ignore)
    for shown in probe.decode(clip).astype(int):
        inner = np.stack(
            [shown[8:24, 32 * k + 8 : 32 * k + 24].reshape(-1, 3).mean(axis=0) for k in range(len(colors))]
        )
        assert np.abs(inner - np.array(colors)).max() <= 4


@pytest.mark.parametrize(("format", "size"), [("mp4", (36, 28)), ("webm", (36, 28)), ("gif", (35, 27))], ids=FORMATS)
def test_odd_sizes_repeat_the_last_row_and_column(
    make_frames: FrameMaker, tmp_path: Path, format: str, size: tuple[int, int]
) -> None:
    clip = tmp_path / f"clip.{format}"
    encoded = encode(one_each(make_frames(3, 35, 27), 8), clip, format, None, ignore)
    assert (encoded.width, encoded.height) == size == probe.size(clip)
    shown = probe.decode(clip).astype(int)
    assert np.abs(shown[0, :27, :35] - picture(0, 35, 27)).mean() < 6
    assert np.abs(shown[0, -1] - shown[0, -2]).mean() < 6


@pytest.mark.parametrize("format", FORMATS)
def test_progress_covers_every_frame(make_frames: FrameMaker, tmp_path: Path, format: str) -> None:
    seen: list[int] = []
    encode(one_each(make_frames(7), 8), tmp_path / f"clip.{format}", format, None, seen.append)
    assert seen == sorted(list(range(7)) * (2 if format == "gif" else 1))


@pytest.mark.parametrize("fps", [1, 23.976, 60])
def test_rate_is_kept(make_frames: FrameMaker, tmp_path: Path, fps: float) -> None:
    clip = tmp_path / "clip.mp4"
    encode(one_each(make_frames(2), fps), clip, "mp4", None, ignore)
    assert probe.rate(clip) == pytest.approx(fps, abs=0.01)


def test_gif_slower_than_asked_is_said(make_frames: FrameMaker, tmp_path: Path) -> None:
    encoded = encode(one_each(make_frames(4), 60), tmp_path / "clip.gif", "gif", None, ignore)
    assert "60" in (encoded.note or "")
    assert probe.rate(tmp_path / "clip.gif") == 50


@pytest.mark.parametrize("name", ["-y.mp4", "a:b c%03d 'ü🙂\".mp4"])
def test_any_file_name_works(
    make_frames: FrameMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    frames = make_frames(2)
    monkeypatch.chdir(tmp_path)
    encode(one_each(frames, 8), Path(name), "mp4", '{"seed": 7}', ignore)
    assert sorted(os.listdir(tmp_path)) == sorted([name, "frames"])


@pytest.mark.parametrize("format", FORMATS)
def test_never_holds_the_clip(make_frames: FrameMaker, tmp_path: Path, format: str) -> None:
    loaded: list[weakref.ref[Pixels]] = []
    alive: list[int] = []

    def load(path: Path) -> Pixels:
        pixels = load_frame(path)
        loaded.append(weakref.ref(pixels))
        return pixels

    encode(
        one_each(make_frames(12), 8, load),
        tmp_path / f"clip.{format}",
        format,
        None,
        lambda i: alive.append(sum(pixels() is not None for pixels in loaded)),
    )
    assert len(loaded) >= 12
    assert max(alive) == 1


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("last", [0, 5])
def test_cancel_leaves_nothing_behind(make_frames: FrameMaker, tmp_path: Path, format: str, last: int) -> None:
    frames = make_frames(6)
    target = tmp_path / f"clip.{format}"
    target.write_bytes(b"an earlier clip")

    def stop(i: int) -> None:
        if i >= last:
            raise Cancelled

    with pytest.raises(Cancelled):
        encode(one_each(frames, 8), target, format, None, stop)
    assert target.read_bytes() == b"an earlier clip"
    assert sorted(os.listdir(tmp_path)) == sorted([target.name, "frames"])
    assert probe.ffmpegs() == []


def test_cancel_does_not_wait_for_a_stuck_ffmpeg(
    make_frames: FrameMaker, fake_ffmpeg: Callable[..., Path], tmp_path: Path
) -> None:
    frames = make_frames(2)
    fake_ffmpeg("libx264", body="exec sleep 60")

    def stop(i: int) -> None:
        raise Cancelled

    started = time.monotonic()
    with pytest.raises(Cancelled):
        encode(one_each(frames, 8), tmp_path / "clip.mp4", "mp4", None, stop)
    assert time.monotonic() - started < 30


def test_killed_ffmpeg_is_an_encoder_error(make_frames: FrameMaker, tmp_path: Path) -> None:
    frames = make_frames(6)

    def kill(i: int) -> None:
        for child in probe.ffmpegs():
            child.kill()

    with pytest.raises(WorkerError, match="signal 9") as caught:
        encode(one_each(frames, 8), tmp_path / "clip.mp4", "mp4", None, kill)
    assert caught.value.kind is ErrorKind.ENCODER
    assert os.listdir(tmp_path) == ["frames"]


CHILD = """
import sys
import time
from pathlib import Path
from ttvideo.media.encode import encode
from ttvideo.media.timeline import one_each
def block(i):
    if i == 3:
        print("encoding", flush=True)
        sys.stdin.read()
encode(one_each(sorted(Path(sys.argv[1]).iterdir()), 8), Path(sys.argv[2]), "mp4", None, block)
"""


def test_kill_minus_9_leaves_no_half_clip(make_frames: FrameMaker, tmp_path: Path) -> None:
    frames = make_frames(6)
    target = tmp_path / "clip.mp4"
    argv = [sys.executable, "-c", CHILD, str(frames[0].parent), str(target)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"encoding\n"
        (encoder,) = psutil.Process(worker.pid).children()
        worker.kill()
    probe.wait_until(lambda: not encoder.is_running(), "ffmpeg ends after its parent")
    assert not target.exists()
    encode(one_each(frames, 8), target, "mp4", None, ignore)
    assert len(probe.decode(target)) == 6
    assert sorted(os.listdir(tmp_path)) == ["clip.mp4", "frames"]


@pytest.mark.parametrize("noise", [0, 300_000], ids=["quiet", "chatty"])
def test_ffmpeg_that_gives_up_says_why(
    make_frames: FrameMaker, fake_ffmpeg: Callable[..., Path], tmp_path: Path, noise: int
) -> None:
    frames = make_frames(6, 256, 256)
    fake_ffmpeg("libx264", body=f"head -c {noise} /dev/zero | tr '\\0' x >&2; echo >&2; echo 'the reason' >&2; exit 3")
    with pytest.raises(WorkerError, match="the reason") as caught:
        encode(one_each(frames, 8), tmp_path / "clip.mp4", "mp4", None, ignore)
    assert caught.value.kind is ErrorKind.ENCODER
    assert not (tmp_path / "clip.mp4").exists()


def test_full_disk_is_a_disk_error(make_frames: FrameMaker, fake_ffmpeg: Callable[..., Path], tmp_path: Path) -> None:
    frames = make_frames(2)
    fake_ffmpeg(
        "libx264", body="cat >/dev/null; echo '[out#0/mp4 @ 0x5f] Error closing: No space left on device' >&2; exit 228"
    )
    with pytest.raises(WorkerError, match="full: Error closing") as caught:
        encode(one_each(frames, 8), tmp_path / "clip.mp4", "mp4", None, ignore)
    assert caught.value.kind is ErrorKind.DISK


def test_ffmpeg_that_reads_only_a_part_is_an_error(
    make_frames: FrameMaker, fake_ffmpeg: Callable[..., Path], tmp_path: Path
) -> None:
    frames = make_frames(6, 256, 256)
    fake_ffmpeg("libx264", body="head -c 1000 >/dev/null; exit 0")
    with pytest.raises(WorkerError) as caught:
        encode(one_each(frames, 8), tmp_path / "clip.mp4", "mp4", None, ignore)
    assert caught.value.kind is ErrorKind.ENCODER


def test_missing_folder_is_a_disk_error(make_frames: FrameMaker, tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        encode(one_each(make_frames(2), 8), tmp_path / "gone" / "clip.mp4", "mp4", None, ignore)
    assert caught.value.kind is ErrorKind.DISK


def test_frames_must_be_there_whole_and_of_one_size(make_frames: FrameMaker, tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    with pytest.raises(WorkerError) as caught:
        encode(one_each([], 8), target, "mp4", None, ignore)
    assert caught.value.kind is ErrorKind.ENCODER
    frames = make_frames(3)
    save_frame(picture(0, 62, 48), frames[2], None)
    with pytest.raises(WorkerError, match="62x48") as caught:
        encode(one_each(frames, 8), target, "mp4", None, ignore)
    assert caught.value.kind is ErrorKind.DISK
    frames[1].write_bytes(frames[1].read_bytes()[:200])
    with pytest.raises(WorkerError, match=r"frame_001\.png") as caught:
        encode(one_each(frames, 8), target, "mp4", None, ignore)
    assert os.listdir(tmp_path) == ["frames"]
