"""Taking a downloaded model away again, and nothing else with it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ttvideo import families
from ttvideo.contract import GenerateRequest, Job, ModelChoice
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published
from ttvideo.jobs.queue import ACTIVE, Queue
from ttvideo.media.files import disk_error


def remove(queue: Queue, choice: ModelChoice) -> int:
    """Delete the model's folder below $TTVIDEO_MODELS, or else what Hugging Face's cache has of it; the bytes freed.

    Of the cache's files those stay that another revision has, too. Raises WorkerError: INVALID_PARAMETERS (bundled, or
    no such model), MODEL_MISSING, WRONG_STATE (a job needs it), UNSUPPORTED (not ours to delete), DISK.
    """
    _, model = families.published(choice)
    theirs = {family.id for family in families.FAMILIES if any(each.repo == model.repo for each in family.published)}
    user = next((job for job in queue.list(10_000) if _uses(job, theirs)), None)
    if user is not None:
        raise WorkerError(
            ErrorKind.WRONG_STATE,
            f"{model.title} is needed by job {user.id}, which is {user.status.state}.",
            f"Wait for it, or cancel it: ttvideo cancel {user.id}",
        )
    freed = _delete(model)
    for part in _of_no_other(model):
        freed += _delete(part)
    return freed + checkpoints.forget_prepared(model)


def place(model: Published) -> Path:
    """The folder that `remove` deletes, or deletes from. Raises WorkerError(MODEL_MISSING)."""
    own = checkpoints.own_folder(model)
    folder = own or checkpoints.cache(model)
    # A download that was refused at once leaves an empty folder in the cache.
    if own is None and not checkpoints.disk_use(folder):
        raise WorkerError(
            ErrorKind.MODEL_MISSING, f"{model.title} is not installed.", "`ttvideo models` shows what is."
        )
    return folder


def _of_no_other(model: Published) -> list[Published]:
    """What was downloaded because this model needs it, and no other model that is here does."""
    others = [each for family in families.FAMILIES for each in family.published if each.repo != model.repo]
    here = [each for each in others if checkpoints.cache(each).is_dir() or checkpoints.own_folder(each) is not None]
    needed = {part.repo for each in here for part in (each, *each.also)}
    beside = [each for each in model.also if each.repo not in needed and checkpoints.own_folder(each) is None]
    return [each for each in beside if checkpoints.cache(each).is_dir()]


def _delete(model: Published) -> int:
    own, folder = checkpoints.own_folder(model), place(model)
    before = checkpoints.disk_use(folder)
    try:
        _delete_own(model, own) if own is not None else _delete_cached(model)
    except OSError as error:
        raise disk_error(f"{model.title} could not be removed from {folder}", error) from error
    return before - checkpoints.disk_use(folder)


def _uses(job: Job, families: set[str]) -> bool:
    if job.status.state not in (*ACTIVE, "queued"):
        return False
    return (job.request.model if isinstance(job.request, GenerateRequest) else job.parameters.get("model")) in families


def _delete_own(model: Published, folder: Path) -> None:
    if folder.is_symlink() or not (folder / "model_index.json").is_file():
        what = "leads to somewhere else" if folder.is_symlink() else "does not look like a model"
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"The folder {folder} {what}, so {model.title} is not removed.",
            "Delete it yourself if it is of no more use.",
        )
    shutil.rmtree(folder)


def _delete_cached(model: Published) -> None:
    from huggingface_hub import scan_cache_dir

    folder = checkpoints.cache(model)
    commit = checkpoints.commit_here(model)
    if commit is not None and _delete_what_is_not_shared(model, folder / "snapshots" / commit):
        return
    snapshots = [path.name for path in folder.glob("snapshots/*")]
    if set(snapshots) - {commit}:
        # Another revision is there, which somebody else may use.
        scan_cache_dir(checkpoints.hub_cache()).delete_revisions(*({commit} & set(snapshots))).execute()
        for begun in folder.glob("blobs/*.incomplete"):
            begun.unlink()
    else:
        shutil.rmtree(folder)


def _delete_what_is_not_shared(model: Published, snapshot: Path) -> bool:
    """Where one repository holds several models and another of them is here, too, delete this one's files only.

    Whether that was so.
    """
    others = [each for family in families.FAMILIES for each in family.published if each.repo == model.repo]
    names = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]
    read = {each.id: set(checkpoints.needed(each, names)) for each in others}
    kept = set().union(*(read[each.id] for each in others if each.id != model.id))
    if not any(name.endswith(".safetensors") for name in kept):
        return False
    still_read = {_blob(snapshot / name) for name in kept}
    for name in read[model.id] - kept:
        if (blob := _blob(snapshot / name)) not in still_read:
            blob.unlink()
        (snapshot / name).unlink(missing_ok=True)
    return True


def _blob(pointer: Path) -> Path:
    """Where the link of a snapshot leads; no further, for what a blob is a link to may be everybody's."""
    return Path(os.path.normpath(pointer.parent / os.readlink(pointer))) if pointer.is_symlink() else pointer
