from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.media.files import atomic, write_atomic


def test_file_appears_only_when_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    with atomic(target) as partial:
        partial.write_bytes(b"whole")
        assert not target.exists()
        assert partial.name.startswith(".")
        assert partial.parent == tmp_path
    assert target.read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt(), BrokenPipeError(errno.EPIPE, "Broken pipe")])
def test_exception_keeps_old_file_and_passes_through(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"old")

    def write_half() -> None:
        with atomic(target) as partial:
            partial.write_bytes(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        write_half()
    assert caught.value is error
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["clip.mp4"]


def test_leftover_of_a_killed_process_is_not_written_into(tmp_path: Path) -> None:
    leftover = tmp_path / ".clip.mp4.partial"
    with leftover.open("wb") as still_open_elsewhere:
        write_atomic(tmp_path / "clip.mp4", b"ours")
        still_open_elsewhere.write(b"theirs, and longer")
    assert (tmp_path / "clip.mp4").read_bytes() == b"ours"


def test_synced_before_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "f"
    there: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: there.append(target.exists()))
    write_atomic(target, b"x", sync=False)
    assert there == []
    target.unlink()
    write_atomic(target, b"x")
    assert there == [False]


def test_full_disk_is_a_disk_error(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(WorkerError) as caught, atomic(tmp_path / "clip.mp4"):
        full.write_bytes(b"x")
    assert caught.value.kind is ErrorKind.DISK
    assert "No space left" in caught.value.message
    assert str(tmp_path / "clip.mp4") in caught.value.message


def test_missing_folder_is_a_disk_error(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        write_atomic(tmp_path / "gone" / "clip.mp4", b"x")
    assert caught.value.kind is ErrorKind.DISK


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_forbidden_folder_is_a_disk_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WorkerError) as caught:
        write_atomic(tmp_path / "clip.mp4", b"x")
    tmp_path.chmod(0o700)
    assert caught.value.kind is ErrorKind.DISK
