from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media import metadata
from ttvideo.media.encode import encode
from ttvideo.media.frames import save_frame, save_poster, save_preview
from ttvideo.media.timeline import one_each
from unit.media.conftest import picture

PICTURES = ("png", "jpg", "gif")
CLIPS = ("mp4", "webm")

awkward = st.sampled_from("=;#\\\n\r\t\"'[]{}%\x00\x7f\u2028\ufeff🙂é")
prompts = st.text(st.one_of(awkward, st.characters(codec="utf-8")), max_size=200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metadata")
    save_frame(picture(0, 16, 16), folder / "frame.png", None)
    return folder


def write(folder: Path, suffix: str, text: str | None) -> Path:
    path = folder / f"file.{suffix}"
    if suffix == "png":
        save_frame(picture(0, 16, 16), path, text)
    elif suffix == "jpg":
        save_poster(picture(0, 16, 16), path, text)
    else:
        encode(one_each([folder / "frame.png"], 8), path, suffix, text, lambda i: None)
    return path


def as_json(prompt: str, ascii_only: bool) -> str:
    return json.dumps({"prompt": prompt, "seed": 7}, ensure_ascii=ascii_only, indent=2)


@pytest.mark.parametrize("suffix", PICTURES)
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=prompts, ascii_only=st.booleans())
@example(prompt="\\" * 50 + "=;#\n" * 50, ascii_only=False)
def test_round_trip_in_pictures(folder: Path, suffix: str, prompt: str, ascii_only: bool) -> None:
    text = as_json(prompt, ascii_only)
    assert metadata.read(write(folder, suffix, text)) == text


@pytest.mark.parametrize("suffix", CLIPS)
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=prompts, ascii_only=st.booleans())
@example(prompt="\\" * 50 + "=;#\n" * 50, ascii_only=False)
@example(prompt="\n[STREAM]\ncomment={}\n", ascii_only=False)
def test_round_trip_in_clips(folder: Path, suffix: str, prompt: str, ascii_only: bool) -> None:
    text = as_json(prompt, ascii_only)
    assert metadata.read(write(folder, suffix, text)) == text


@pytest.mark.parametrize("suffix", PICTURES + CLIPS)
def test_longest_prompts_fit(folder: Path, suffix: str) -> None:
    text = json.dumps({"prompt": "🙂" * 10_000, "negativePrompt": "\\=é" * 3_333}, ensure_ascii=False)
    assert metadata.read(write(folder, suffix, text)) == text


@pytest.mark.parametrize("suffix", PICTURES + CLIPS)
def test_none_written_none_read(folder: Path, suffix: str) -> None:
    assert metadata.read(write(folder, suffix, None)) is None


def test_other_files_carry_none(tmp_path: Path) -> None:
    preview = tmp_path / "preview.webp"
    save_preview(np.stack([picture(0), picture(1)]), preview, 8)
    text = tmp_path / "clip.mp4"
    text.write_text("#EXTM3U\nfile:///etc/hostname\n")
    empty = tmp_path / "empty.png"
    empty.touch()
    assert [metadata.read(path) for path in (preview, text, empty)] == [None, None, None]


def test_comments_of_others_are_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gif"
    for comment in ("made elsewhere", "[1, 2]", "[" * 100_000):
        Image.fromarray(picture(0)).save(path, comment=comment.encode())
        assert metadata.read(path) is None
    # Ours is found after theirs.
    metadata.append_gif_comment(path, '{"seed": 7}')
    assert metadata.read(path) == '{"seed": 7}'


def test_kind_is_told_by_content(folder: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.png"
    renamed.write_bytes(write(folder, "jpg", '{"seed": 7}').read_bytes())
    assert metadata.read(renamed) == '{"seed": 7}'


@pytest.mark.parametrize("suffix", PICTURES)
def test_broken_pictures_never_fail(folder: Path, tmp_path: Path, suffix: str) -> None:
    whole = write(folder, suffix, '{"seed": 7}').read_bytes()
    broken = tmp_path / "broken"
    random = np.random.default_rng(0)
    for at in [*range(min(len(whole), 64)), *random.integers(0, len(whole), 100).tolist()]:
        for data in (whole[:at], whole[:at] + random.bytes(1) + whole[at + 1 :]):
            broken.write_bytes(data)
            found = metadata.read(broken)
            assert found is None or isinstance(json.loads(found), dict)


@pytest.mark.parametrize("suffix", CLIPS)
def test_broken_clips_never_fail(folder: Path, tmp_path: Path, suffix: str) -> None:
    whole = write(folder, suffix, '{"seed": 7}').read_bytes()
    broken = tmp_path / "broken"
    for at in np.random.default_rng(0).integers(12, len(whole), 8).tolist():
        broken.write_bytes(whole[:at])
        assert metadata.read(broken) in (None, '{"seed": 7}')


def test_errors_a_person_can_meet(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerError) as caught:
        metadata.read(tmp_path / "none.mp4")
    assert caught.value.kind is ErrorKind.NOT_FOUND
    with pytest.raises(WorkerError) as caught:
        metadata.read(tmp_path)
    assert caught.value.kind is ErrorKind.DISK
    clip = write(folder, "mp4", '{"seed": 7}')
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nothing"))
    with pytest.raises(WorkerError) as caught:
        metadata.read(clip)
    assert caught.value.kind is ErrorKind.ENCODER
