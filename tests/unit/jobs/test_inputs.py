"""The pictures a job is given: copied, told by what is in them, found again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ttvideo.contract import GenerateRequest, Job
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders, inputs
from ttvideo.jobs.submission import new_job


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "My Picture.PNG"
    Image.new("RGB", (60, 40), "red").save(path)
    return path


def submit(outputs: Path, picture: object, name: str = "startImage") -> Job:
    request = GenerateRequest(prompt="a ball", output_folder=str(outputs), parameters={name: str(picture)})
    return new_job(request, "test")


def recipe(job: Job) -> dict[str, Any]:
    return folders.recipe(job, "revision", inputs.fingerprints(job))


@pytest.mark.parametrize("name", ["startImage", "start_image"])
def test_a_copy_lies_in_the_jobs_folder_and_the_job_names_it(outputs: Path, original: Path, name: str) -> None:
    job = submit(outputs, original, name)
    copy = Path(job.folder, "start_image.png")
    assert copy.read_bytes() == original.read_bytes()
    assert isinstance(job.request, GenerateRequest)
    assert job.request.parameters == {"startImage": str(copy)}
    assert job.parameters["startImage"] == str(copy)
    assert folders.is_job_folder(Path(job.folder), job.id)


def test_the_recipe_knows_the_picture_and_not_its_place(outputs: Path, original: Path, tmp_path: Path) -> None:
    first, second = submit(outputs, original), submit(outputs, shutil.copyfile(original, tmp_path / "other.png"))
    assert recipe(first)["parameters"] == recipe(second)["parameters"] | {"seed": first.parameters["seed"]}
    assert str(recipe(first)["parameters"]["startImage"]).startswith("sha256:")
    assert str(outputs) not in str(recipe(first))
    Image.new("RGB", (60, 40), "blue").save(original)
    third = submit(outputs, original)
    assert recipe(third)["parameters"]["startImage"] != recipe(first)["parameters"]["startImage"]


def test_without_a_picture_nothing_is_made(outputs: Path) -> None:
    job = new_job(GenerateRequest(prompt="a ball", output_folder=str(outputs), parameters={"startImage": None}), "test")
    assert job.parameters["startImage"] is None
    assert not outputs.exists()
    assert inputs.fingerprints(job) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.png", "There is no picture"),
        ("folder", "There is no picture"),
        ("half.png", "missing or broken"),
        ("text.png", "missing or broken"),
        ("huge.png", "larger than"),
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(
    outputs: Path, original: Path, tmp_path: Path, name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "half.png").write_bytes(original.read_bytes()[:70])
    (tmp_path / "text.png").write_text("no picture")
    shutil.copyfile(original, tmp_path / "huge.png")
    monkeypatch.setattr(inputs, "LARGEST", 100 if name == "huge.png" else inputs.LARGEST)
    with pytest.raises(WorkerError, match=words) as caught:
        submit(outputs, tmp_path / name)
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS
    assert not outputs.exists()


@pytest.mark.parametrize("picture", ["picture.png", "", "/\x00"])
def test_a_picture_must_be_named_whole(outputs: Path, picture: str) -> None:
    with pytest.raises(WorkerError, match=r"not a whole path|cannot be used"):
        submit(outputs, picture)


def test_a_pipe_that_nobody_writes_to_is_no_picture(outputs: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(WorkerError, match="There is no picture"):
        submit(outputs, tmp_path / "pipe.png")


def test_the_picture_of_a_recipe_is_found_around_its_files(outputs: Path, original: Path) -> None:
    job = submit(outputs, original)
    made = recipe(job)["parameters"]
    copy = Path(job.folder, "start_image.png")
    for file in (Path(job.folder), Path(job.folder, "clip.mp4"), folders.frame_path(Path(job.folder), 0)):
        assert inputs.found_again(made, file)["startImage"] == str(copy)
    Image.new("RGB", (60, 40), "blue").save(copy)
    with pytest.raises(WorkerError, match="not in its folder any more") as caught:
        inputs.found_again(made, Path(job.folder))
    assert caught.value.kind == ErrorKind.NOT_FOUND


def test_a_folder_that_was_moved_takes_its_picture_along(outputs: Path, original: Path) -> None:
    job = submit(outputs, original)
    moved = outputs / "elsewhere"
    shutil.move(job.folder, moved)
    found = folders.job_of(moved)
    assert found is not None
    assert isinstance(found.request, GenerateRequest)
    assert found.parameters["startImage"] == found.request.parameters["startImage"] == str(moved / "start_image.png")
    assert recipe(found) == {**recipe(found), "parameters": job.parameters | inputs.fingerprints(found)}


def test_a_picture_that_is_gone_is_said(outputs: Path, original: Path) -> None:
    job = submit(outputs, original)
    Path(job.folder, "start_image.png").unlink()
    with pytest.raises(WorkerError, match="is missing"):
        inputs.fingerprints(job)
