"""Codec and quality that were asked for, and those that cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ttvideo.contract import Codec
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media import ffmpeg
from ttvideo.media.encode import encode
from ttvideo.media.frames import load_frame
from ttvideo.media.timeline import one_each
from unit.media import probe
from unit.media.conftest import FrameMaker

CODECS = [
    ("mp4", Codec.H264, "libx264", "h264"),
    ("mp4", Codec.H264, "libopenh264", "h264"),
    ("mp4", Codec.H265, "libx265", "hevc"),
    ("webm", Codec.VP9, "libvpx-vp9", "vp9"),
    ("webm", Codec.AV1, "libsvtav1", "av1"),
    ("webm", Codec.AV1, "libaom-av1", "av1"),
]


def ignore(_: int) -> None:
    pass


@pytest.mark.parametrize(("format", "codec", "encoder", "stream"), CODECS, ids=[row[2] for row in CODECS])
def test_each_codec_shows_every_frame_and_is_repeatable(
    make_frames: FrameMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format: str,
    codec: Codec,
    encoder: str,
    stream: str,
) -> None:
    if encoder not in ffmpeg.encoders():
        pytest.skip(f"this ffmpeg has no {encoder}")
    monkeypatch.setattr(ffmpeg, "encoders", lambda: frozenset([encoder]))
    frames = one_each(make_frames(10, 96, 64), 12.5)
    clip, again = tmp_path / f"clip.{format}", tmp_path / f"again.{format}"
    encoded = encode(frames, clip, format, '{"seed": 7}', ignore, codec)
    assert (encoded.encoder, encoded.frames) == (encoder, 10)
    assert f"Video: {stream}" in probe.stream(clip)
    assert "yuv420p(tv, bt709" in probe.stream(clip)
    shown = probe.decode(clip).astype(float)
    assert len(shown) == 10
    for i, still in enumerate(frames.stills):
        distance = np.abs(shown - load_frame(still.picture)).mean(axis=(1, 2, 3))
        assert distance.argmin() == i
        assert distance[i] < 6
    encode(frames, again, format, '{"seed": 7}', ignore, codec)
    assert clip.read_bytes() == again.read_bytes()


def test_h265_can_be_played_by_apples_and_not_by_everybody(make_frames: FrameMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    encoded = encode(one_each(make_frames(3), 8), clip, "mp4", None, ignore, Codec.H265)
    assert "(hvc1" in probe.stream(clip)
    assert encoded.note == "Browsers and VS Code may not play H.265."


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libvpx-vp9", "libvpx", "libsvtav1", "libaom-av1"])
def test_a_lower_crf_is_better_and_larger(
    make_frames: FrameMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str
) -> None:
    if encoder not in ffmpeg.encoders():
        pytest.skip(f"this ffmpeg has no {encoder}")
    monkeypatch.setattr(ffmpeg, "encoders", lambda: frozenset([encoder]))
    format, codec = next(((f, c) for f, c, e, _ in CODECS if e == encoder), ("webm", None))
    frames = one_each(make_frames(6, 96, 64), 8)
    pictures = np.stack([*frames.frames()]).astype(float)
    sizes, distances = [], []
    for crf in (5, 30, 50):
        clip = tmp_path / f"{crf}.{format}"
        encode(frames, clip, format, None, ignore, codec, crf)
        sizes.append(clip.stat().st_size)
        distances.append(np.abs(probe.decode(clip) - pictures).mean())
    assert sizes == sorted(sizes, reverse=True)
    assert distances == sorted(distances)


def test_the_usual_quality_is_that_of_no_crf(make_frames: FrameMaker, tmp_path: Path) -> None:
    frames = one_each(make_frames(3), 8)
    encode(frames, tmp_path / "a.mp4", "mp4", None, ignore)
    encode(frames, tmp_path / "b.mp4", "mp4", None, ignore, Codec.H264, 18)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("format", "codec", "crf", "words"),
    [
        ("webm", Codec.H265, None, r"H\.265 does not go into a clip of the format webm"),
        ("mp4", Codec.AV1, None, "AV1 does not go into a clip of the format mp4"),
        ("gif", Codec.H264, None, r"H\.264 does not go into a clip of the format gif"),
        ("gif", None, 18, "The format gif has no constant rate factor"),
        ("mp4", None, 52, "of the format mp4 is at most 51, not 52"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_made(
    make_frames: FrameMaker, tmp_path: Path, format: str, codec: Codec | None, crf: int | None, words: str
) -> None:
    frames = one_each(make_frames(2), 8)
    with pytest.raises(WorkerError, match=words) as caught:
        encode(frames, tmp_path / f"clip.{format}", format, None, ignore, codec, crf)
    assert caught.value.kind is ErrorKind.INVALID_PARAMETERS
    assert not (tmp_path / f"clip.{format}").exists()


@pytest.mark.parametrize(("format", "codec"), [("mp4", Codec.H265), ("webm", Codec.AV1)])
def test_the_smallest_size_works_and_what_is_smaller_is_refused(
    make_frames: FrameMaker, tmp_path: Path, format: str, codec: Codec
) -> None:
    clip = tmp_path / f"clip.{format}"
    encode(one_each(make_frames(3, 16, 16), 8), clip, format, None, ignore, codec)
    assert len(probe.decode(clip)) == 3
    with pytest.raises(WorkerError, match=r"16x12, and lib.* needs 16 pixels a side"):
        encode(one_each(make_frames(3, 16, 12), 8), clip, format, None, ignore, codec)


def test_an_encoder_that_this_ffmpeg_lacks_is_named(fake_ffmpeg: Callable[..., Path]) -> None:
    fake_ffmpeg("libx264", "mpeg4", "libvpx-vp9")
    for format, codec, name in (("mp4", Codec.H265, r"H\.265"), ("webm", Codec.AV1, "AV1")):
        with pytest.raises(WorkerError, match=f"has no encoder for {name}") as caught:
            ffmpeg.choose(format, codec)
        assert caught.value.kind is ErrorKind.ENCODER


def test_mpeg4_is_not_taken_for_h264(fake_ffmpeg: Callable[..., Path]) -> None:
    fake_ffmpeg("mpeg4")
    assert ffmpeg.choose("mp4").encoder == "mpeg4"
    with pytest.raises(WorkerError, match=r"no encoder for H\.264"):
        ffmpeg.choose("mp4", Codec.H264)


def test_an_encoder_without_crf_says_so(fake_ffmpeg: Callable[..., Path]) -> None:
    fake_ffmpeg("libopenh264")
    assert ffmpeg.choose("mp4").note is None
    assert "libopenh264 has no such quality (crf)" in (ffmpeg.choose("mp4", Codec.H264, 20).note or "")
