"""What files of other programs are told to be, whole and cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ttvideo.media import ffmpeg
from ttvideo.media.encode import encode
from ttvideo.media.probe import Probed, is_media, probe
from ttvideo.media.timeline import one_each
from unit.media.conftest import FrameMaker

ANIMATED = (".gif", ".apng", ".webp")


def ignore(_: int) -> None:
    pass


def make(folder: Path, name: str, size: tuple[int, int] = (64, 48), moves: bool = False) -> Path:
    """A picture of a colour that changes from frame to frame, 100 ms each."""
    path = folder / name
    first, *rest = (Image.new("RGB", size, (60 * i, 200, 90)) for i in range(4 if moves else 1))
    kind = {".jpg": "JPEG", ".apng": "PNG"}.get(path.suffix, path.suffix[1:].upper())
    first.save(path, kind, **({"save_all": True, "append_images": rest, "duration": 100} if moves else {}))
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.jpeg", "a.gif", "a.webp", "a.apng"])
@pytest.mark.parametrize("decode", [True, False])
def test_still_pictures(tmp_path: Path, name: str, decode: bool) -> None:
    assert probe(make(tmp_path, name), decode=decode) == Probed("image", 64, 48)


@pytest.mark.parametrize("suffix", ANIMATED)
def test_pictures_that_move(tmp_path: Path, suffix: str) -> None:
    assert probe(make(tmp_path, f"a{suffix}", moves=True), decode=True) == Probed("video", 64, 48, 4, 10.0)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_videos(make_frames: FrameMaker, tmp_path: Path, suffix: str) -> None:
    clip = tmp_path / f"clip{suffix}"
    encode(one_each(make_frames(10), 12.5), clip, suffix[1:], None, ignore)
    assert probe(clip, decode=True) == Probed("video", 64, 48, 10, 12.5)


def test_a_quicktime_file(make_frames: FrameMaker, tmp_path: Path) -> None:
    make_frames(4)
    clip = tmp_path / "clip.mov"
    source = ["-framerate", "8", "-i", f"{tmp_path}/frames/frame_%03d.png"]
    ffmpeg.output([*source, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", f"file:{clip}"])
    assert probe(clip, decode=True) == Probed("video", 64, 48, 4, 8.0)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_picture_cut_off_is_none(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    Image.effect_noise((200, 200), 90).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert probe(path, decode=True) is None


@pytest.mark.parametrize("suffix", [".gif", ".apng"])
def test_an_animation_cut_off_between_frames_is_none(tmp_path: Path, suffix: str) -> None:
    path = make(tmp_path, f"a{suffix}", moves=True)
    whole = path.read_bytes()
    mark = b"\x21\xf9" if suffix == ".gif" else b"fcTL"
    path.write_bytes(whole[: whole.rindex(mark) - (0 if suffix == ".gif" else 4)])
    assert probe(path, decode=True) is None


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_video_cut_off_anywhere_is_none(make_frames: FrameMaker, tmp_path: Path, suffix: str) -> None:
    clip = tmp_path / f"clip{suffix}"
    encode(one_each(make_frames(10), 8), clip, suffix[1:], None, ignore)
    whole = clip.read_bytes()
    for length in {*range(64), *range(64, len(whole), 97), len(whole) - 1}:
        clip.write_bytes(whole[:length])
        assert probe(clip, decode=True) is None, length


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.mp4", "a.mov", "a.webm"])
@pytest.mark.parametrize("data", [b"", b"\0" * 4096, b"#EXTM3U\nfile:///etc/passwd\n", b"\xff" * 4096])
def test_what_is_no_picture_or_video_is_none(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert probe(path, decode=True) is None
    assert probe(path, decode=False) is None


def test_a_picture_that_is_turned_is_told_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(path, exif=exif)
    assert probe(path, decode=True) == Probed("image", 48, 64)


@pytest.mark.parametrize(
    ("name", "known"),
    [("a.MP4", True), ("b.apng", True), (".c.png", False), (".clip.mp4.partial", False), ("x.txt", False)],
)
def test_what_could_be_media_is_told_by_the_name(name: str, known: bool) -> None:
    assert is_media(name) == known
