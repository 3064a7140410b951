"""What is deleted with a model, and above all what is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.conftest import REPO, UNET
from support.hub_server import HubServer
from ttvideo import families
from ttvideo.contract import DownloadRequest, ModelChoice
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import sdxl
from ttvideo.families.weights import checkpoints
from ttvideo.jobs import removal
from ttvideo.jobs.queue import Queue, open_queue

MODEL = sdxl.MODEL.published
CHOICE = ModelChoice(model="sdxl")


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = open_queue("terminal")
    yield queue
    queue.close()


@pytest.fixture
def cached(hub: HubServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model as a download leaves it, in the cache."""
    monkeypatch.setenv("HF_HOME", str(home))
    for name in ("TTVIDEO_MODELS", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    folder = checkpoints.cache(MODEL)
    for name in checkpoints.needed(MODEL, hub.files):
        add(folder, hub.commit, name, hub.blob(name), hub.files[name])
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(hub.commit)
    assert checkpoints.checkpoint(MODEL).installed
    return folder


def add(folder: Path, commit: str, name: str, blob: str, data: bytes) -> Path:
    file, pointer = folder / "blobs" / blob, folder / "snapshots" / commit / name
    file.parent.mkdir(parents=True, exist_ok=True)
    pointer.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    pointer.symlink_to(os.path.relpath(file, pointer.parent))
    return file


def refused(queue: Queue) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        removal.remove(queue, CHOICE)
    return caught.value


def test_all_of_the_only_revision_goes_half_a_file_too(queue: Queue, cached: Path) -> None:
    (cached / "blobs" / "abc.incomplete").write_bytes(b"12345")
    size = checkpoints.disk_use(cached)
    assert removal.remove(queue, CHOICE) == size
    assert not cached.exists()
    assert refused(queue).kind == ErrorKind.MODEL_MISSING


def test_another_revision_keeps_its_files(queue: Queue, cached: Path, hub: HubServer) -> None:
    shared = cached / "blobs" / hub.blob("vae/config.json")
    pointer = cached / "snapshots" / ("b" * 40) / "vae" / "config.json"
    pointer.parent.mkdir(parents=True)
    pointer.symlink_to(os.path.relpath(shared, pointer.parent))
    own = add(cached, "b" * 40, "other.safetensors", "c" * 64, b"other")
    removal.remove(queue, CHOICE)
    assert pointer.read_bytes() == hub.files["vae/config.json"]
    assert own.read_bytes() == b"other"
    assert not (cached / "blobs" / hub.blob(UNET)).exists()
    assert not checkpoints.checkpoint(MODEL).installed


def test_a_model_that_a_job_needs_stays(queue: Queue, cached: Path) -> None:
    job = queue.submit(DownloadRequest(model=REPO))
    error = refused(queue)
    assert error.kind == ErrorKind.WRONG_STATE
    assert job.id in error.message
    queue.cancel(job.id)
    removal.remove(queue, CHOICE)


def test_removing_the_job_of_a_download_leaves_the_model(queue: Queue, cached: Path) -> None:
    job = queue.submit(DownloadRequest(model="sdxl"))
    assert job.folder == str(cached)
    queue.cancel(job.id)
    queue.remove(job.id, delete_files=True)
    assert checkpoints.checkpoint(MODEL).installed


def test_a_folder_of_ones_own_goes_only_if_it_is_a_model_and_really_there(
    queue: Queue, cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path / "own"))
    folder, elsewhere = tmp_path / "own" / "sdxl", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "model_index.json").write_text("{}")
    folder.parent.mkdir()
    folder.symlink_to(elsewhere)
    assert "leads to somewhere else" in refused(queue).message
    folder.unlink()
    folder.mkdir()
    assert "does not look like a model" in refused(queue).message
    (folder / "model_index.json").write_text("{}")
    removal.remove(queue, CHOICE)
    assert not folder.exists()
    assert list(elsewhere.iterdir())
    assert cached.exists()


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (ModelChoice(model="tiny"), "is part of ttvideo"),
        (ModelChoice(model="../../etc"), "There is no model"),
        (ModelChoice(model="sdxl", checkpoint="stabilityai/stable-diffusion-3.5-large"), "There is no model"),
    ],
)
def test_what_is_bundled_or_unknown_is_not_removed(queue: Queue, choice: ModelChoice, says: str) -> None:
    with pytest.raises(WorkerError, match=says):
        removal.remove(queue, choice)


def test_a_checkpoint_is_known_by_each_of_its_names() -> None:
    for names in (("sdxl", None), ("sdxl", REPO), (REPO, None), ("sdxl", "sdxl")):
        family, model = families.published(ModelChoice(model=names[0], checkpoint=names[1]))
        assert (family.id, model) == ("sdxl", MODEL)


def test_what_only_this_model_needed_goes_with_it_and_what_others_need_stays(
    queue: Queue, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, shared = (replace(MODEL, id=name, repo=f"makers/{name}", weights=()) for name in ("alone", "shared"))
    other = replace(MODEL, id="other", repo="makers/other", also=(shared,))
    for part in (alone, shared, other):
        add(checkpoints.cache(part), "d" * 40, "config.json", "e" * 64, b"{}")
        (checkpoints.cache(part) / "refs").mkdir()
        (checkpoints.cache(part) / "refs" / "main").write_text("d" * 40)
    family = replace(sdxl.FAMILY, published=(replace(MODEL, also=(alone, shared)), other))
    monkeypatch.setattr(families, "FAMILIES", (family,))
    removal.remove(queue, CHOICE)
    assert not cached.exists()
    assert not checkpoints.cache(alone).exists()
    assert checkpoints.cache(shared).exists()
    assert checkpoints.cache(other).exists()


def test_of_a_repository_with_several_models_only_one_goes(
    queue: Queue, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (replace(MODEL, id=id, repo="makers/steps", weights=(), files=(f"{id}.safetensors",)) for id in "ab")
    folder = checkpoints.cache(few)
    for number, model in enumerate((few, many)):
        add(folder, "d" * 40, model.files[0], str(number) * 64, b"weights")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("d" * 40)
    monkeypatch.setattr(families, "FAMILIES", (replace(sdxl.FAMILY, published=(few, many)),))
    removal.remove(queue, ModelChoice(model="a"))
    assert [path.name for path in (folder / "snapshots" / ("d" * 40)).iterdir()] == ["b.safetensors"]
    assert [path.name for path in (folder / "blobs").iterdir()] == ["1" * 64]
    removal.remove(queue, ModelChoice(model="b"))
    assert not folder.exists()
    job = queue.submit(DownloadRequest(model="b"))
    assert families.published(ModelChoice(**job.request.model_dump(exclude={"kind"})))[1] == many
