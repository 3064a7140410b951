"""Projects of their own that come with ttvideo, and how they get into a folder of the user's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from ttvideo.contract import Deployed
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders
from ttvideo.media.files import write_atomic

NAME = "tt-animatediff"
DEFAULT_FOLDER = f"{folders.DEFAULT_OUTPUT}/{NAME}"
RECORD = ".deployed.json"
"""In the folder: file -> SHA-256 of what was copied, which tells the user's changes from an older version of ours."""
LEFT_OUT = {"__pycache__", ".venv", "build", "output"}


def animatediff_project() -> Path:
    """The folder of the project with the package animatediff_ttnn: the installed copy, else the repository's."""
    installed = Path(__file__).parent / NAME
    return installed if installed.is_dir() else Path(__file__).parents[2] / NAME


def deploy(asked: str | None) -> Deployed:
    """Copy that project into a folder, by default DEFAULT_FOLDER; what the user changed there is kept.

    Raises WorkerError: INVALID_PARAMETERS for what is no whole path, DISK when it cannot be written.
    """
    folder, source = folders.whole_path(asked or DEFAULT_FOLDER), animatediff_project()
    copied, kept = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record = _read_record(folder)
        for name in _files(source):
            target, ours = folder / name, _digest(source / name)
            there = _there(target, folder)
            if there is None or there == record.get(name) != ours:
                target.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(target, (source / name).read_bytes())
                target.chmod((source / name).stat().st_mode & 0o777)
                copied.append(name)
            elif there != ours:
                kept.append(name)
                continue
            record[name] = ours
        write_atomic(folder / RECORD, json.dumps(record, indent=1).encode())
    except OSError as error:
        raise WorkerError(
            ErrorKind.DISK,
            f"The project could not be copied to {folder}: {error.strerror}.",
            "Check that you may write there and that its disk has free space, or name another folder.",
        ) from error
    return Deployed(folder=str(folder), copied=tuple(copied), kept=tuple(kept))


def _files(source: Path) -> Iterator[str]:
    for file in sorted(source.rglob("*")):
        name = file.relative_to(source)
        if file.is_file() and not LEFT_OUT.intersection(name.parts) and not name.parts[0].endswith(".egg-info"):
            yield name.as_posix()


def _read_record(folder: Path) -> dict[str, str]:
    """Empty for a folder of another origin, or with a broken record: then every file that differs is the user's."""
    try:
        record = json.loads((folder / RECORD).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _there(target: Path, folder: Path) -> str | None:
    """The digest of the file at a place; None without one, empty for what must not be written to."""
    # A link may lead out of the folder, to what is nobody's to change.
    if target.is_symlink() or target.is_dir() or not target.resolve().is_relative_to(folder):
        return ""
    return _digest(target) if target.exists() else None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
