"""Where a job's files lie, and its manifest `job.json`: everything needed to make it again."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ttvideo import __version__
from ttvideo.contract import GenerateRequest, Job
from ttvideo.media.files import disk_error, write_atomic

DEFAULT_OUTPUT = "~/tt-scratchpad"
MANIFEST = "job.json"
FRAMES = "frames"
STATE = "denoising.state"
PREVIEW = "preview.webp"


def output_folder(asked: str | None) -> Path:
    return Path(asked or DEFAULT_OUTPUT).expanduser().resolve()


def job_folder(request: GenerateRequest, id: str, created: float) -> Path:
    slug = re.sub(r"[^a-z0-9]+", "-", request.prompt.lower())[:40].strip("-") or "clip"
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
    return output_folder(request.output_folder) / f"{stamp}-{slug}-{id}"


def is_job_folder(folder: Path, id: str) -> bool:
    """Whether the folder is this job's own: what is deleted must be ours."""
    manifest = read_manifest(folder)
    return folder.name.endswith(f"-{id}") and manifest is not None and manifest.get("id") == id


def make(folder: Path) -> None:
    """Raises WorkerError(DISK)."""
    try:
        (folder / FRAMES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(f"The folder {folder} could not be made", error) from error


def frame_path(folder: Path, index: int) -> Path:
    return folder / FRAMES / f"frame_{index:03d}.png"


def recipe(job: Job, revision: str) -> dict[str, Any]:
    """What decides the pixels, and nothing else: the same recipe gives the same frames."""
    request = job.request
    return {
        "ttvideo": __version__,
        "model": request.model,
        "revision": revision,
        "prompt": request.prompt,
        "negativePrompt": request.negative_prompt,
        "parameters": job.parameters,
    }


def recipe_key(recipe: dict[str, Any]) -> str:
    """A hash of the recipe but for what changes no frame: the frame rate and our own version."""
    parameters = {k: v for k, v in recipe["parameters"].items() if k != "fps"}
    core = {**recipe, "parameters": parameters, "ttvideo": None}
    return hashlib.sha256(json.dumps(core, sort_keys=True).encode()).hexdigest()


def write_manifest(job: Job, recipe: dict[str, Any], versions: dict[str, str]) -> None:
    manifest = {
        "schema": 1,
        "id": job.id,
        "key": recipe_key(recipe),
        "recipe": recipe,
        "versions": versions,
        "job": job.model_dump(mode="json", by_alias=True),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    write_atomic(Path(job.folder) / MANIFEST, text.encode())


def read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def job_of(folder: Path) -> Job | None:
    """The job a folder belongs to, as its manifest has it; it may have been moved since."""
    manifest = read_manifest(folder)
    try:
        job = Job.model_validate(manifest["job"]) if manifest else None
    except (KeyError, ValidationError):
        return None
    if job is None:
        return None
    moved = tuple(output.model_copy(update={"path": str(folder / Path(output.path).name)}) for output in job.outputs)
    return job.model_copy(update={"folder": str(folder), "outputs": moved})


def embedded(recipe: dict[str, Any]) -> str:
    """What goes into the files themselves, so that `ttvideo again FILE` works without our history."""
    return json.dumps(recipe, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Kept:
    """What an earlier try of a job left that can be used: whole frames by index, and the denoising state."""

    frames: frozenset[int]
    state: bytes | None

    def step(self, job: Job) -> int | None:
        return job.kept_step if self.state else None


def kept(job: Job, recipe: dict[str, Any]) -> Kept:
    """Frames count only if the manifest says they come from the same recipe and the files decode whole."""
    from ttvideo.media.frames import is_whole

    folder = Path(job.folder)
    manifest = read_manifest(folder)
    if manifest is None or manifest.get("key") != recipe_key(recipe):
        return Kept(frozenset(), None)
    total = int(job.parameters.get("frames") or 1)  # type: ignore[arg-type]
    frames = frozenset(index for index in range(total) if is_whole(frame_path(folder, index)))
    state = folder / STATE
    return Kept(frames, state.read_bytes() if state.exists() else None)


def discard_working_files(folder: Path) -> None:
    for name in (STATE, PREVIEW):
        (folder / name).unlink(missing_ok=True)
