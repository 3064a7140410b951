"""Pictures and videos that a job is given: copies in its folder, so that it can be made again when those are gone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from ttvideo import families
from ttvideo.contract import GenerateRequest, Job
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.media.files import write_atomic

LARGEST = 100_000_000
FINGERPRINT = "sha256:"


def take(job: Job, request: GenerateRequest) -> Job:
    """The job with copies of the files that its parameters name, in its folder; from now on it names those.

    Raises WorkerError: INVALID_PARAMETERS (a file that is missing, broken or too large), DISK.
    """
    family = families.find(request.model)
    kinds = families.inputs(family)
    given = {name: value for name in kinds if (value := job.parameters.get(name)) is not None}
    if not given:
        return job
    folder = Path(job.folder)
    copies: dict[Path, bytes] = {}
    named: dict[str, Any] = {}
    for name, value in given.items():
        original = folders.whole_path(str(value))
        what = kinds[name].removesuffix("/*").replace("image", "picture")
        if not original.is_file():
            raise _unusable(f"There is no {what} {original}.", what)
        if original.stat().st_size > LARGEST:
            raise _unusable(f"The {what} {original} is larger than {LARGEST // 1_000_000} MB.", what)
        copy = folder / f"{_file_name(name)}.{_ending(original, kinds[name])}"
        copies[copy], named[name] = original.read_bytes(), str(copy)
    # Parameters may be named either way.
    asked = {name: value for name, value in request.parameters.items() if to_camel(name) not in named}
    job = job.model_copy(
        update={
            "parameters": job.parameters | named,
            "request": request.model_copy(update={"parameters": asked | named}),
        }
    )
    folders.make(folder)
    # First the manifest: it says whose folder this is, to those who watch for files of other programs.
    prints = {name: _fingerprint(copies[Path(named[name])]) for name in named}
    folders.write_manifest(
        job, folders.recipe(job, family.revision(family.Params.model_validate(job.parameters)), prints)
    )
    for copy, data in copies.items():
        write_atomic(copy, data)
    return job


def fingerprints(job: Job) -> dict[str, str]:
    """What stands for the job's files in its recipe, by parameter. Raises WorkerError(INVALID_PARAMETERS)."""
    if not isinstance(job.request, GenerateRequest):
        return {}
    found = {}
    for name in families.inputs(families.find(job.request.model)):
        if (value := job.parameters.get(name)) is not None:
            try:
                found[name] = _fingerprint(Path(str(value)).read_bytes())
            except OSError as error:
                raise _unusable(f"The job's file {value} is missing.") from error
    return found


def found_again(parameters: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The parameters of a recipe that `file` carries, its pictures looked for in the job's folder around it.

    Raises WorkerError(NOT_FOUND).
    """
    found = dict(parameters)
    for name, value in parameters.items():
        if isinstance(value, str) and value.startswith(FINGERPRINT):
            around = [file, file.parent, file.parent.parent]
            beside = [path for folder in around if folder.is_dir() for path in folder.glob(f"{_file_name(name)}.*")]
            same = [path for path in beside if _fingerprint(path.read_bytes()) == value]
            if not same:
                raise WorkerError(
                    ErrorKind.NOT_FOUND,
                    f"{file} began with a file that is not in its folder any more.",
                    f"Name it with --{_file_name(name).replace('_', '-')}.",
                )
            found[name] = str(same[0].resolve())
    return found


def _file_name(parameter: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", parameter)


def _fingerprint(data: bytes) -> str:
    return FINGERPRINT + hashlib.sha256(data).hexdigest()


def _ending(path: Path, kind: str) -> str:
    """How the name of a file should end, by what is in it. Raises WorkerError(INVALID_PARAMETERS)."""
    if kind == "image/*":
        from ttvideo.media.frames import picture_ending

        return picture_ending(path)
    from ttvideo.media.footage import open_video

    return open_video(path).path.suffix.lower().removeprefix(".")


def _unusable(message: str, what: str = "file") -> WorkerError:
    return WorkerError(ErrorKind.INVALID_PARAMETERS, message, f"Choose another {what}, or leave it out.")
