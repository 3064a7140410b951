"""The contract between worker and clients, written once: every request, event and value on the wire.

`worker/tools/write_contract.py` turns this file into `extension/src/worker/contract.ts`. Names on the wire are
camelCase. Messages are few and snapshots whole: `job/changed` carries the entire `Job`.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from ttvideo.errors import ErrorKind


class Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True, extra="forbid", frozen=True
    )


class Phase(str, Enum):
    DOWNLOADING = "downloading"
    LOADING = "loading"
    COMPILING = "compiling"
    ENCODING = "encoding"
    DENOISING = "denoising"
    DECODING = "decoding"
    SAVING = "saving"
    STITCHING = "stitching"


class ClipFormat(str, Enum):
    MP4 = "mp4"
    GIF = "gif"
    WEBM = "webm"


class ErrorInfo(Wire):
    """What happened and what to do, one sentence each."""

    kind: ErrorKind
    message: str
    hint: str


class GenerateRequest(Wire):
    """Make a clip (or an image) from a prompt. `parameters` are the family's own, checked against its schema."""

    kind: Literal["generate"] = "generate"
    model: str = "tiny"
    prompt: str = Field(max_length=10_000)
    negative_prompt: str = Field("", max_length=10_000)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    device: str = "auto"
    formats: tuple[ClipFormat, ...] = (ClipFormat.MP4,)
    output_folder: str | None = None
    metadata: bool = True


class StitchRequest(Wire):
    """Make a clip of pictures that exist: of a folder's, in the order of the numbers in their names, or a stopped
    job's finished frames, when the folder is that job's."""

    kind: Literal["stitch"] = "stitch"
    folder: str
    fps: float = Field(8.0, gt=0, le=120)
    formats: tuple[ClipFormat, ...] = (ClipFormat.MP4,)
    output_folder: str | None = None
    metadata: bool = True


JobRequest: TypeAlias = Annotated[GenerateRequest | StitchRequest, Field(discriminator="kind")]


class Queued(Wire):
    state: Literal["queued"] = "queued"
    waiting_for: str | None = Field(None, description="Whom the job waits for, when it is not simply its turn")


class Running(Wire):
    state: Literal["running"] = "running"
    phase: Phase
    step: int = 0
    total: int = Field(0, description="Steps of this phase; 0 when not known")
    eta_seconds: float | None = Field(None, description="Learned from this machine's own runs; none until there is one")
    preview: str | None = Field(
        None, description="Path of an animated WebP of the emerging frames, replaced as it grows"
    )


class Cancelling(Wire):
    state: Literal["cancelling"] = "cancelling"


class Done(Wire):
    state: Literal["done"] = "done"


class Failed(Wire):
    state: Literal["failed"] = "failed"
    error: ErrorInfo


class CancelledState(Wire):
    state: Literal["cancelled"] = "cancelled"


class Interrupted(Wire):
    """The process that ran the job died; `jobs/resume` goes on at the last kept step."""

    state: Literal["interrupted"] = "interrupted"
    reason: str


JobStatus: TypeAlias = Annotated[
    Queued | Running | Cancelling | Done | Failed | CancelledState | Interrupted, Field(discriminator="state")
]


class Output(Wire):
    """A finished file of a job."""

    path: str
    kind: Literal["video", "image", "poster", "frame"]
    width: int
    height: int
    frames: int = 1
    fps: float | None = None


class Job(Wire):
    id: str
    request: JobRequest
    parameters: dict[str, JsonValue] = Field(description="The effective parameters, the drawn seed included")
    notes: tuple[str, ...] = Field((), description="What was rounded, or is not known to the model, in sentences")
    status: JobStatus
    folder: str
    outputs: tuple[Output, ...] = ()
    frames_done: int = 0
    kept_step: int | None = Field(None, description="Denoising steps kept on disk; a resumed job goes on there")
    device: str | None = None
    submitted_by: str
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    seconds: dict[Phase, float] = Field(default_factory=dict, description="Time spent in each phase")


class Backend(Wire):
    id: Literal["cpu", "cuda", "tt"]
    available: bool
    detail: str = Field(description="What is there; or why it is not there and what to do")


class QueueState(Wire):
    paused: bool
    reason: str | None = None


class HelloParams(Wire):
    client_version: str


class Hello(Wire):
    version: str
    python: str
    pid: int
    database: str
    backends: tuple[Backend, ...]
    queue: QueueState


class Checkpoint(Wire):
    id: str
    title: str
    license: str
    size_bytes: int
    gated: bool
    installed: bool


class ModelInfo(Wire):
    id: str
    title: str
    makes: Literal["clip", "image"]
    checkpoints: tuple[Checkpoint, ...]
    parameters_schema: dict[str, JsonValue] = Field(description="JSON Schema the parameter form is drawn from")
    vocabulary: tuple[str, ...] | None = Field(None, description="All words the model knows, if it knows few")
    backends: tuple[Backend, ...]


class Models(Wire):
    models: tuple[ModelInfo, ...]


class Nothing(Wire):
    pass


class JobId(Wire):
    id: str


class ListParams(Wire):
    limit: int = Field(200, ge=1, le=10_000)


class Jobs(Wire):
    jobs: tuple[Job, ...]
    queue: QueueState


class RemoveParams(Wire):
    id: str
    delete_files: bool = False


class MoveParams(Wire):
    """Put a queued job before another, or at the end."""

    id: str
    before: str | None = None


class Device(Wire):
    id: str
    title: str
    holder: str | None = Field(None, description="Who drives it now: command and pid")


class DeviceStatus(Wire):
    devices: tuple[Device, ...]


class OutputAppeared(Wire):
    """A finished file: of a job, or one that some other program put into a watched folder."""

    job_id: str | None
    output: Output
    at: float = Field(description="When it was last written, in seconds since 1970")


class WatchParams(Wire):
    """The folders to watch from now on, instead of those of the last call."""

    folders: tuple[str, ...]


class Outputs(Wire):
    """The newest first; of a job's folder the clips, of other folders every image and video."""

    outputs: tuple[OutputAppeared, ...]


class LogMessage(Wire):
    level: Literal["debug", "info", "warning", "error"]
    message: str


METHODS: dict[str, tuple[type[Wire], type[Wire]]] = {
    "worker/hello": (HelloParams, Hello),
    "models/list": (Nothing, Models),
    "jobs/submit": (GenerateRequest, Job),
    "jobs/stitch": (StitchRequest, Job),
    "jobs/cancel": (JobId, Job),
    "jobs/resume": (JobId, Job),
    "jobs/list": (ListParams, Jobs),
    "jobs/get": (JobId, Job),
    "jobs/remove": (RemoveParams, Nothing),
    "jobs/move": (MoveParams, Job),
    "queue/pause": (Nothing, QueueState),
    "queue/resume": (Nothing, QueueState),
    "device/status": (Nothing, DeviceStatus),
    "outputs/watch": (WatchParams, Outputs),
}

EVENTS: dict[str, type[Wire]] = {
    "job/changed": Job,
    "job/removed": JobId,
    "queue/changed": QueueState,
    "output/appeared": OutputAppeared,
    "log": LogMessage,
}
