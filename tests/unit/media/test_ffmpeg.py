from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media import ffmpeg

FakeFfmpeg = Callable[..., Path]


def test_the_installed_one_makes_every_format_its_usual_way() -> None:
    assert ffmpeg.version() in imageio_ffmpeg.get_ffmpeg_version()
    chosen = {format: ffmpeg.choose(format) for format in ("mp4", "webm", "gif")}
    assert {format: choice.encoder for format, choice in chosen.items()} == {
        "mp4": "libx264",
        "webm": "libvpx-vp9",
        "gif": "gif",
    }
    assert all(choice.note is None for choice in chosen.values())


@pytest.mark.parametrize(
    ("format", "has", "expected", "noted"),
    [
        ("mp4", ["mpeg4", "libopenh264", "libx264", "h264_nvenc"], "libx264", None),
        ("mp4", ["mpeg4", "libopenh264", "h264_nvenc"], "libopenh264", None),
        ("mp4", ["h264_nvenc", "h264_vaapi", "mpeg4"], "mpeg4", "may not play"),
        ("webm", ["libvpx", "libvpx-vp9"], "libvpx-vp9", None),
        ("webm", ["vp9_vaapi", "libvpx"], "libvpx", "VP8"),
    ],
)
def test_falls_back_in_the_stated_order(
    fake_ffmpeg: FakeFfmpeg, format: str, has: list[str], expected: str, noted: str | None
) -> None:
    fake_ffmpeg(*has)
    assert ffmpeg.encoders() == frozenset(has)
    choice = ffmpeg.choose(format)
    assert choice.encoder == expected
    assert choice.note is None if noted is None else noted in (choice.note or "")


def test_no_encoder_at_all_says_so(fake_ffmpeg: FakeFfmpeg) -> None:
    fake_ffmpeg("gif", "h264_nvenc")
    with pytest.raises(WorkerError, match="no encoder for mp4") as caught:
        ffmpeg.choose("mp4")
    assert caught.value.kind is ErrorKind.ENCODER


def test_encoders_are_asked_for_once(fake_ffmpeg: FakeFfmpeg) -> None:
    program = fake_ffmpeg("gif")
    ffmpeg.choose("gif")
    program.unlink()
    assert ffmpeg.choose("gif").encoder == "gif"


def test_missing_program_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nothing"))
    with pytest.raises(WorkerError, match="nothing") as caught:
        ffmpeg.encoders()
    assert caught.value.kind is ErrorKind.ENCODER
    assert "imageio-ffmpeg" in caught.value.hint

    def none_found() -> str:
        raise RuntimeError

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none_found)
    with pytest.raises(WorkerError) as caught:
        ffmpeg.version()
    assert caught.value.kind is ErrorKind.ENCODER
