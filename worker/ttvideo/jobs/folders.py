"""Where a job's files lie, and its manifest `job.json`: everything needed to make it again."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from ttvideo import __version__
from ttvideo.backends import installed
from ttvideo.contract import (
    AnimateRequest,
    ClipRequest,
    CompareRequest,
    DownloadRequest,
    GenerateRequest,
    Job,
    JobRequest,
    StoryboardRequest,
)
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.media.files import disk_error, write_atomic

DEFAULT_OUTPUT = "~/tt-scratchpad"
MANIFEST = "job.json"
STORYBOARD = "storyboard.json"
FRAMES = "frames"
STATE = "denoising.state"
PREVIEW = "preview.webp"
NAME = re.compile(r"\d{8}-\d{6}-(?P<slug>.*)-(?P<id>[0-9a-f]{8})")


def output_folder(asked: str | None) -> Path:
    """Raises WorkerError(INVALID_PARAMETERS)."""
    return _resolved(asked or DEFAULT_OUTPUT)


def whole_path(asked: str) -> Path:
    """A path that means the same in every process. Raises WorkerError(INVALID_PARAMETERS)."""
    if not asked.startswith(("/", "~")):
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"'{asked[:80]}' is not a whole path.", "Begin it with / or ~.")
    return _resolved(asked)


def _resolved(asked: str) -> Path:
    try:
        path = Path(asked).expanduser().resolve()
        path.exists()
        return path
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, an unknown user or links in a ring
        reason = getattr(error, "strerror", None) or error
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"The path '{asked[:80]}' cannot be used: {reason}.", "Check the path."
        ) from error


def job_folder(request: JobRequest, id: str, created: float) -> Path:
    """Of a job that makes something of its own."""
    assert isinstance(request, ClipRequest)
    slug = re.sub(r"[^a-z0-9]+", "-", title(request).lower())[:40].strip("-") or "clip"
    if not isinstance(request, GenerateRequest):
        slug = f"{request.kind}-{slug}"
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
    return output_folder(request.output_folder) / f"{stamp}-{slug}-{id}"


def title(request: JobRequest) -> str:
    """What tells people one job from another: the prompt, the file, the model, or whose pictures are stitched."""
    if isinstance(request, GenerateRequest):
        return request.prompt
    if isinstance(request, StoryboardRequest):
        return Path(request.file).name.partition(".")[0].replace("_", " ")
    if isinstance(request, AnimateRequest):
        return Path(request.image).stem
    if isinstance(request, CompareRequest):
        return ", ".join(request.labels)
    if isinstance(request, DownloadRequest):
        return request.checkpoint or request.model
    folder = Path(request.folder)
    ours = NAME.fullmatch(folder.name)
    return ours["slug"].replace("-", " ") if ours else folder.name


def is_job_folder(folder: Path, id: str) -> bool:
    """Whether the folder is this job's own, or its storyboard's: what is deleted must be ours."""
    if NAME.fullmatch(folder.name) and (folder / STORYBOARD).is_file():
        return True
    manifest = read_manifest(folder)
    return folder.name.endswith(f"-{id}") and manifest is not None and manifest.get("id") == id


def make(folder: Path) -> None:
    """Raises WorkerError(DISK)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(f"The folder {folder} could not be made", error) from error


def frame_path(folder: Path, index: int) -> Path:
    return folder / FRAMES / f"frame_{index:03d}.png"


def recipe(job: Job, revision: str, prints: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """What decides the pixels, and nothing else: the same recipe gives the same frames.

    `prints` stand for the pictures among the parameters, whose paths tell nobody anything.
    Stitched pictures are not part of it: where they lie is nobody's business who gets the clip.
    """
    request = job.request
    if isinstance(request, StoryboardRequest):
        about = {"kind": "storyboard", "revision": revision, "text": request.text, "settings": request.settings}
        return {"ttvideo": __version__, **about, "parameters": job.parameters}
    if not isinstance(request, GenerateRequest):
        return {"ttvideo": __version__, "kind": request.kind, "parameters": job.parameters}
    return {
        "ttvideo": __version__,
        "model": request.model,
        "revision": revision,
        "prompt": request.prompt,
        "negativePrompt": request.negative_prompt,
        "parameters": job.parameters | dict(prints),
    }


def recipe_key(recipe: dict[str, Any]) -> str:
    """A hash of the recipe but for what changes no frame: the frame rate and our own version."""
    parameters = {k: v for k, v in recipe["parameters"].items() if k != "fps"}
    core = {**recipe, "parameters": parameters, "ttvideo": None}
    return hashlib.sha256(json.dumps(core, sort_keys=True).encode()).hexdigest()


def write_manifest(job: Job, recipe: dict[str, Any]) -> None:
    manifest = {
        "schema": 1,
        "id": job.id,
        "key": recipe_key(recipe),
        "recipe": recipe,
        "versions": _versions(),
        "job": job.model_dump(mode="json", by_alias=True),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    write_atomic(Path(job.folder) / MANIFEST, text.encode())


def _versions() -> dict[str, str]:
    found = {name: installed(name) for name in ("torch", "diffusers", "transformers")}
    return {"ttvideo": __version__, **{name: version for name, version in found.items() if version}}


def read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def holds_job(folder: Path) -> bool:
    """Whether the folder is a job's, of whichever database."""
    if not (folder / MANIFEST).is_file():
        return False
    if NAME.fullmatch(folder.name):
        return True
    manifest = read_manifest(folder)
    return manifest is not None and manifest.keys() >= {"schema", "id", "recipe", "job"}


def job_of(folder: Path) -> Job | None:
    """The job a folder belongs to, as its manifest has it; it may have been moved since."""
    manifest = read_manifest(folder)
    try:
        job = Job.model_validate(manifest["job"]) if manifest else None
    except (KeyError, ValidationError):
        return None
    if job is None:
        return None
    if job.folder == str(folder):
        return job
    moved = tuple(output.model_copy(update={"path": str(folder / Path(output.path).name)}) for output in job.outputs)
    request = job.request
    if isinstance(request, GenerateRequest):
        request = request.model_copy(update={"parameters": _moved(request.parameters, job.folder, folder)})
    parameters = _moved(job.parameters, job.folder, folder)
    update = {"folder": str(folder), "outputs": moved, "parameters": parameters, "request": request}
    return job.model_copy(update=update)


def _moved(parameters: dict[str, Any], old: str, new: Path) -> dict[str, Any]:
    """The parameters, their paths into the old folder become such into the new one."""
    inside = {name: Path(value) for name, value in parameters.items() if str(value).startswith(f"{old}/")}
    return parameters | {name: str(new / path.name) for name, path in inside.items()}


def embedded(recipe: dict[str, Any]) -> str:
    """What goes into the files themselves, so that `ttvideo again FILE` works without our history.

    Of models and LoRAs that lie in a folder of somebody's it has the names: where they lie is in the manifest only.
    """
    parameters = {name: _names(value) for name, value in recipe["parameters"].items()}
    return json.dumps({**recipe, "parameters": parameters}, sort_keys=True, ensure_ascii=False)


def _names(value: Any) -> Any:
    """Of a path, or of several behind commas, the last part of each."""
    if not isinstance(value, str) or not value.startswith(("/", "~")):
        return value
    return ", ".join(Path(part.strip()).name for part in value.split(","))


def recipe_around(file: Path, text: str) -> dict[str, Any] | None:
    """The whole recipe of a file that carries `text`, if the file is still in its job's folder."""
    for folder in (file.parent, file.parent.parent):
        recipe = (read_manifest(folder) or {}).get("recipe")
        if isinstance(recipe, dict) and isinstance(recipe.get("parameters"), dict) and embedded(recipe) == text:
            return recipe
    return None


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


def discard_state(folder: Path) -> None:
    """What resuming needs, a done job does not. The preview stays: whoever shows it may be reading it right now."""
    (folder / STATE).unlink(missing_ok=True)
