"""Folders that are watched, with the real inotify (or what the system has)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from watchdog.events import FileSystemEventHandler
from watchdog.observers.api import BaseObserver, ObservedWatch

from support.waiting import wait_until
from ttvideo.media import watch as watch_module
from ttvideo.media.watch import FolderWatch, walk

Names = list[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "watched"
    folder.mkdir()
    return folder


def collect(names: Names, root: Path) -> Callable[[Sequence[Path]], bool]:
    """Puts the files told of into `names`, as paths from `root`."""

    def tell(paths: Sequence[Path]) -> bool:
        names.extend(os.path.relpath(path, root) for path in paths)
        return False

    return tell


@pytest.fixture
def told(root: Path) -> Iterator[Names]:
    """The files told of, as paths below the watched folder."""
    names: Names = []
    watch = FolderWatch(lambda name: name.endswith(".png"), collect(names, root))
    watch.watch([root])
    yield names
    watch.stop(10)
    assert not watch._thread.is_alive()


def in_place(path: Path) -> None:
    path.write_bytes(b"x")


def renamed_inside(path: Path) -> None:
    path.with_suffix(".part").write_bytes(b"x")
    path.with_suffix(".part").rename(path)


def moved_from_elsewhere(path: Path) -> None:
    other = path.parents[len(path.parents) - 1 - path.parts.index("watched") + 1] / "other.png"
    other.write_bytes(b"x")
    other.rename(path)


def linked(path: Path) -> None:
    path.with_suffix(".old").write_bytes(b"x")
    os.link(path.with_suffix(".old"), path)


@pytest.mark.parametrize("write", [in_place, renamed_inside, moved_from_elsewhere, linked])
def test_a_file_is_told_once_however_it_is_written(root: Path, told: Names, write: Callable[[Path], None]) -> None:
    (root / "notes.txt").write_text("of no matter")
    write(root / "a.png")
    wait_until(lambda: "a.png" in told, "the file")
    in_place(root / "b.png")
    wait_until(lambda: "b.png" in told, "the next file")
    assert told == ["a.png", "b.png"]


def test_new_folders_and_what_they_hold_are_told(root: Path, told: Names, tmp_path: Path) -> None:
    deep = root / "one" / "two"
    deep.mkdir(parents=True)
    in_place(deep / "a.png")
    outside = tmp_path / "three"
    outside.mkdir()
    in_place(outside / "b.png")
    outside.rename(root / "three")
    wait_until(lambda: set(told) == {"one/two/a.png", "three/b.png"}, "both files")


def test_a_file_that_is_closed_need_not_be_quiet_for_long(
    root: Path, told: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_place(root / "first.png")
    wait_until(lambda: told, "the first file, which shows that watching has begun")
    monkeypatch.setattr(watch_module, "QUIET_SECONDS", 1000)
    with (root / "a.png").open("wb") as file:
        file.write(b"x")
        file.flush()
        in_place(root / "b.png")
        wait_until(lambda: "b.png" in told, "the other file")
        assert "a.png" not in told
    wait_until(lambda: "a.png" in told, "the file")
    assert told == ["first.png", "b.png", "a.png"]


def test_links_lead_nowhere(root: Path, told: Names, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "link").symlink_to(outside)
    in_place(outside / "secret.png")
    in_place(root / "last.png")
    wait_until(lambda: "last.png" in told, "the last file")
    assert told == ["last.png"]
    assert [str(folder) for folder, _, _ in walk(root)] == [str(root)]


def test_a_folder_made_anew_is_watched_again(root: Path, told: Names) -> None:
    in_place(root / "a.png")
    wait_until(lambda: told, "the file")
    shutil.rmtree(root)
    root.mkdir()
    in_place(root / "b.png")
    wait_until(lambda: told == ["a.png", "b.png"], "the file in the new folder")


def test_a_file_written_while_watching_begins_is_not_missed(root: Path) -> None:
    names: Names = []
    watch = FolderWatch(lambda name: True, collect(names, root))
    for number in range(20):
        watch.watch([root])
        in_place(root / f"{number}.png")
        wait_until(lambda number=number: f"{number}.png" in names, f"file {number}")  # type: ignore[misc]
    watch.stop(10)


def test_another_call_replaces_the_folders(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    names: Names = []

    watch = FolderWatch(lambda name: True, collect(names, root))
    watch.watch([root])
    in_place(root / "a.png")
    wait_until(lambda: names, "the first file")
    watch.watch([other])
    in_place(other / "b.png")
    wait_until(lambda: len(names) == 2, "the file in the other folder")
    in_place(root / "c.png")
    in_place(other / "d.png")
    wait_until(lambda: len(names) == 3, "the last file")
    assert names == ["a.png", "../other/b.png", "../other/d.png"]
    watch.stop(10)


def test_a_folder_that_is_refused_is_said_and_the_others_are_watched(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused = tmp_path / "refused"
    refused.mkdir()
    names: Names = []
    schedule = BaseObserver.schedule

    def limited(observer: BaseObserver, handler: FileSystemEventHandler, path: str, **about: Any) -> ObservedWatch:
        if path == str(refused):
            raise OSError(28, "inotify watch limit reached")
        return schedule(observer, handler, path, **about)

    monkeypatch.setattr(BaseObserver, "schedule", limited)

    watch = FolderWatch(lambda name: True, collect(names, root))
    watch.watch([refused, root])
    in_place(root / "a.png")
    wait_until(lambda: names, "the file")
    watch.stop(10)
    assert caplog.messages == [f"The folder {refused} cannot be watched: inotify watch limit reached."]


def test_a_huge_folder_is_watched_at_its_top_only(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch_module, "MOST_FOLDERS", 3)
    for number in range(4):
        (root / str(number)).mkdir()
    names: Names = []

    watch = FolderWatch(lambda name: True, collect(names, root))
    watch.watch([root])
    wait_until(lambda: caplog.messages, "the warning")
    in_place(root / "1" / "deep.png")
    in_place(root / "a.png")
    wait_until(lambda: "a.png" in names, "the file at the top")
    watch.stop(10)
    assert names == ["a.png"]
    assert "too many folders" in caplog.messages[0]


def test_walking_is_bounded_and_begins_with_the_newest_folder(root: Path) -> None:
    for number, name in enumerate(["old", "new"]):
        folder = root / name
        folder.mkdir()
        for file in range(10):
            in_place(folder / f"{file}.png")
        os.utime(folder, (number, number))
    (root / ".hidden").mkdir()
    assert [folder.name for folder, _, _ in walk(root)] == ["watched", "new", "old"]
    walked = list(walk(root, limit=8))
    assert [folder.name for folder, _, _ in walked] == ["watched", "new"]
    assert len(walked[1][1]) == 5
