"""`ttvideo deploy`: the project in a folder of the user's, whose changes are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.rpc_client import RpcClient
from ttvideo import cli, projects
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.projects import RECORD, animatediff_project, deploy

EXAMPLE = "examples/generate_2frame_video.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "my videos" / "tt-animatediff"


def test_the_project_is_copied_whole(folder: Path) -> None:
    made = deploy(str(folder))
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert names == {*made.copied, RECORD}
    assert {"pyproject.toml", "README.md", EXAMPLE, "animatediff_ttnn/layers/temporal.py"} <= names
    assert not any("__pycache__" in name for name in names)
    assert all((folder / name).read_bytes() == (animatediff_project() / name).read_bytes() for name in made.copied)
    again = deploy(str(folder))
    assert again.copied == again.kept == ()


def test_what_the_user_changed_is_kept_and_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "ours"
    (source / "examples").mkdir(parents=True)
    for name in ("changed.py", "old.py", "examples/gone.py"):
        (source / name).write_text("1")
    monkeypatch.setattr(projects, "animatediff_project", lambda: source)
    deploy(str(folder))
    (folder / "changed.py").write_text("mine")
    (folder / "examples" / "gone.py").unlink()
    (source / "old.py").write_text("2")
    made = deploy(str(folder))
    assert made.copied == ("examples/gone.py", "old.py")
    assert made.kept == ("changed.py",)
    assert (folder / "changed.py").read_text() == "mine"
    assert (folder / "old.py").read_text() == "2"
    # Changed back, it is ours again.
    (folder / "changed.py").write_text("1")
    (source / "changed.py").write_text("3")
    assert deploy(str(folder)).copied == ("changed.py",)


def test_nothing_is_written_through_a_link_that_leads_out(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes.md").write_text("mine")
    folder.mkdir(parents=True)
    (folder / "README.md").symlink_to(outside / "notes.md")
    (folder / "examples").symlink_to(outside)
    made = deploy(str(folder))
    assert {"README.md", EXAMPLE} <= set(made.kept)
    assert [file.name for file in outside.iterdir()] == ["notes.md"]
    assert (outside / "notes.md").read_text() == "mine"


@pytest.mark.parametrize("record", ["{", "[]"])
def test_with_a_broken_record_whatever_differs_is_kept(record: str, folder: Path) -> None:
    deploy(str(folder))
    (folder / RECORD).write_text(record)
    (folder / EXAMPLE).write_text("mine")
    made = deploy(str(folder))
    assert (made.copied, made.kept) == ((), (EXAMPLE,))


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as error:
        deploy("my/videos")
    assert error.value.kind == ErrorKind.INVALID_PARAMETERS
    (tmp_path / "file").touch()
    with pytest.raises(WorkerError, match="could not be copied") as error:
        deploy(str(tmp_path / "file"))
    assert error.value.kind == ErrorKind.DISK


def test_the_command_says_what_it_did_and_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ada's"))
    assert cli.main(["deploy"]) == 0
    folder = tmp_path / "ada's" / "tt-scratchpad" / "tt-animatediff"
    (folder / EXAMPLE).write_text("mine")
    capsys.readouterr()
    assert cli.main(["deploy"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f"0 files copied to {folder}", f"Kept as you changed it: {EXAMPLE}"]
    assert said[3].startswith("  python3 -m venv ")
    assert said[4].endswith("[video]'")


def test_the_editor_asks_for_the_same(folder: Path, tmp_path: Path) -> None:
    with RpcClient(tmp_path / "log") as client:
        client.request("worker/hello", {"clientVersion": "test"})
        made = client.request("package/deploy", {"folder": str(folder)})
    assert made["folder"] == str(folder)
    assert EXAMPLE in made["copied"]
    assert made["kept"] == []


def test_a_folder_given_to_the_command_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["deploy", "here"]) == 0
    assert (tmp_path / "here" / "pyproject.toml").is_file()
