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

LEAST_CLIPS, MOST_CLIPS = 2, 16
"""That are shown side by side."""


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


class Codec(str, Enum):
    """How a clip's pictures are compressed: H.264 and H.265 go into MP4, VP9 and AV1 into WebM."""

    H264 = "h264"
    H265 = "h265"
    VP9 = "vp9"
    AV1 = "av1"


class Transition(str, Enum):
    """How one picture of a stitched clip becomes the next."""

    CUT = "cut"
    CROSSFADE = "crossfade"
    FADE = "fade"
    INTERPOLATE = "interpolate"


class Motion(str, Enum):
    """How the camera moves over a still picture."""

    STILL = "still"
    ZOOM_IN = "zoom-in"
    ZOOM_OUT = "zoom-out"
    PAN_LEFT = "pan-left"
    PAN_RIGHT = "pan-right"
    PAN_UP = "pan-up"
    PAN_DOWN = "pan-down"
    PAN_UP_LEFT = "pan-up-left"
    PAN_UP_RIGHT = "pan-up-right"
    PAN_DOWN_LEFT = "pan-down-left"
    PAN_DOWN_RIGHT = "pan-down-right"
    KEN_BURNS = "ken-burns"


class Easing(str, Enum):
    LINEAR = "linear"
    EASE_IN = "ease-in"
    EASE_OUT = "ease-out"
    EASE_IN_OUT = "ease-in-out"


class ErrorInfo(Wire):
    """What happened and what to do, one sentence each."""

    kind: ErrorKind
    message: str
    hint: str


class ClipRequest(Wire):
    """What every request for a clip may say about its files."""

    formats: tuple[ClipFormat, ...] = (ClipFormat.MP4,)
    codec: Codec | None = Field(None, description="None: H.264 in MP4, VP9 in WebM")
    crf: int | None = Field(None, ge=0, le=63, description="Constant rate factor: lower is better and larger")
    output_folder: str | None = None
    metadata: bool = True


class GenerateRequest(ClipRequest):
    """Make a clip (or an image) from a prompt. `parameters` are the family's own, checked against its schema."""

    kind: Literal["generate"] = "generate"
    model: str = "tiny"
    prompt: str = Field(max_length=10_000)
    negative_prompt: str = Field("", max_length=10_000)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    device: str = "auto"


class StoryboardRequest(ClipRequest):
    """Make the frames of a storyboard file that are not there yet, and a clip when all are there."""

    kind: Literal["storyboard"] = "storyboard"
    file: str
    text: str | None = Field(None, max_length=1_000_000, description="The file as an editor shows it; None: it is read")
    only: tuple[int, ...] | None = Field(None, description="Only these frames, counted from 0; None: all")
    reroll: tuple[int, ...] = Field((), description="Make these frames again, each with another seed")
    fresh: bool = Field(False, description="Begin in a new folder instead of going on in the storyboard's last one")
    adopt: str | None = Field(None, description="A folder with frame_*.png of another program to take as frames")
    settings: dict[str, JsonValue] = Field(
        default_factory=dict, description="Instead of what the front matter says, by its keys: model, seed, steps, ..."
    )
    batch: int | None = Field(None, ge=1, le=64, description="Frames drawn at once; None: as memory allows")
    free_text_encoders: bool = Field(False, description="Unload the text encoders before drawing")
    device: str = "auto"


class StitchRequest(ClipRequest):
    """Make a clip of pictures that exist: of a folder's, in the order of the numbers in their names, or a stopped
    job's finished frames, when the folder is that job's."""

    kind: Literal["stitch"] = "stitch"
    folder: str
    files: tuple[str, ...] = Field((), max_length=100_000, description="These pictures in this order, not the folder's")
    fps: float = Field(8.0, gt=0, le=120)
    hold: float | None = Field(None, gt=0, le=3600, description="Seconds each picture is shown; None: one frame")
    transition: Transition = Transition.CUT
    transition_seconds: float | None = Field(None, gt=0, le=60, description="None: half of the hold")
    fit: Literal["pad", "crop", "stretch"] = Field("pad", description="What is done to pictures of another size")


class Rectangle(Wire):
    """Part of a picture, in fractions of its width and height."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    width: float = Field(gt=0, le=1)
    height: float = Field(gt=0, le=1)


class AnimateRequest(ClipRequest):
    """Make a clip of one picture, over which the camera moves."""

    kind: Literal["animate"] = "animate"
    image: str
    motion: Motion = Motion.ZOOM_IN
    seconds: float = Field(5.0, gt=0, le=3600)
    fps: float = Field(24.0, gt=0, le=120)
    zoom: float = Field(1.25, gt=1, le=10, description="How much nearer the nearest view is than the farthest")
    easing: Easing = Easing.EASE_IN_OUT
    start: Rectangle | None = Field(None, description="What Ken Burns begins with; None: all of the picture")
    end: Rectangle | None = Field(None, description="What Ken Burns ends with; None: chosen by the zoom")
    fade_in: float = Field(0.0, ge=0, le=60, description="Seconds from black")
    fade_out: float = Field(0.0, ge=0, le=60, description="Seconds to black")
    width: int | None = Field(None, ge=16, le=8192, description="None: the picture's own")
    height: int | None = Field(None, ge=16, le=8192, description="None: the picture's own")


class CompareRequest(ClipRequest):
    """Show the clips of several jobs side by side, when these have ended, in one clip and on one sheet."""

    kind: Literal["compare"] = "compare"
    jobs: tuple[str, ...] = Field(min_length=LEAST_CLIPS, max_length=MOST_CLIPS)
    labels: tuple[str, ...] = Field(
        (), max_length=MOST_CLIPS, description="One for each job; none: what tells them apart"
    )
    columns: int | None = Field(None, ge=1, le=MOST_CLIPS, description="None: as near to a square as there are clips")


class ExperimentRequest(Wire):
    """The same clip with each combination of these values, and one more job that shows them side by side."""

    base: GenerateRequest
    vary: dict[str, tuple[JsonValue, ...]] = Field(
        min_length=1, description="Values by the name of a parameter, or of the prompt or negativePrompt"
    )


class ModelChoice(Wire):
    """A model with weights of its own, to be downloaded or removed."""

    model: str = Field(description="A family; also a checkpoint by its own id or its repository")
    checkpoint: str | None = Field(None, description="Which of the family's; None: its default")


class DownloadRequest(ModelChoice):
    """Fetch a model's files from Hugging Face's hub into its cache. The job's steps are bytes."""

    kind: Literal["download"] = "download"


JobRequest: TypeAlias = Annotated[
    GenerateRequest | StoryboardRequest | StitchRequest | AnimateRequest | CompareRequest | DownloadRequest,
    Field(discriminator="kind"),
]


class Queued(Wire):
    state: Literal["queued"] = "queued"
    waiting_for: str | None = Field(None, description="Whom the job waits for, when it is not simply its turn")


class Stall(Wire):
    """A job on Tenstorrent boards has not gone on for long: what is seen, and what helps."""

    message: str
    hint: str


class Running(Wire):
    state: Literal["running"] = "running"
    phase: Phase
    step: int = 0
    total: int = Field(0, description="Steps of this phase; 0 when not known")
    within: float = Field(0.0, description="How far the next step is, from 0 to 1")
    eta_seconds: float | None = Field(None, description="Learned from this machine's own runs; none until there is one")
    preview: str | None = Field(
        None, description="Path of an animated WebP of the emerging frames, replaced as it grows"
    )
    stall: Stall | None = Field(None, description="No step for much longer than this job's steps take")


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


ResetState: TypeAlias = Literal["refused", "reset_complete", "reset_unhealthy", "reset_unverified"]


class Reset(Wire):
    """A reset of the Tenstorrent boards: what it does now, or how it ended. The queue is paused meanwhile, and stays
    so unless it is complete or was refused."""

    state: Literal["running"] | ResetState
    message: str
    hint: str = ""
    jobs: tuple[str, ...] = Field((), description="Interrupted for it; they go on by themselves when it is complete")
    by: str = Field(description="Which process resets: its command and pid")
    started_at: float
    ended_at: float | None = None


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
    id: str = Field(description="The repository that it is published in, which may hold several")
    name: str = Field(description="What parameters and downloads call it")
    title: str
    license: str
    size_bytes: int = Field(description="Of what a download fetches")
    gated: bool
    installed: bool
    bundled: bool = Field(False, description="Part of the worker: nothing to download, and never removed")
    folder: str | None = Field(None, description="Where it is, or what has arrived of it")
    disk_bytes: int = Field(0, description="What it takes on this machine, half a download too")
    verified: dict[str, str] = Field(
        default_factory=dict, description="By backend, how it was tried there; of others nothing is known"
    )


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
    download_folder: str
    free_bytes: int = Field(description="On the disk of the folder that downloads go to")


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
    """Where videos can be made, and which models of this version can be made there."""

    id: Literal["cpu", "cuda", "tt"]
    available: bool
    detail: str = Field(description="What is there; or why it is not there and what to do")
    holder: str | None = Field(None, description="Who drives it now: command and pid")
    models: tuple[str, ...] = Field((), description="Titles of those that run there when it is available")
    other_models: tuple[str, ...] = Field((), description="Titles of those that do not")


class ChipHolder(Wire):
    """A process that has a chip open."""

    pid: int | None = Field(None, description="None: it cannot be seen from this container")
    command: str = Field("", description="Empty if it may not be read")
    title: str = Field(description="Command and pid in words")


class Chip(Wire):
    """A Tenstorrent chip. Readings are None where nothing was told."""

    name: str = Field(description="Such as /dev/tenstorrent/0")
    node: int | None = Field(description="N of /dev/tenstorrent/N; None: reached through another chip of its board")
    arch: str | None
    bus: str | None = Field(description="PCI address")
    answers: bool
    celsius: float | None
    watts: float | None
    megahertz: float | None = Field(description="Of the AI clock")
    firmware: str | None
    holders: tuple[ChipHolder, ...]


class Board(Wire):
    type: str = Field(description="Such as n300")
    serial: str | None
    chips: tuple[Chip, ...]


class Mesh(Wire):
    rows: int
    columns: int


class BoardSystem(Wire):
    """What the boards of a machine are together."""

    id: str
    title: str = Field(description="Such as T3K")
    arch: str = Field(description="Such as Wormhole")
    chips: int
    meshes: tuple[Mesh, ...] = Field(description="What it opens as, the first by MESH_DEVICE")
    dram_bytes: int | None = Field(description="Of all chips; None: not known")
    environment: tuple[str, ...] = Field(description="What tt-metal's demos want to be set, such as MESH_DEVICE=T3K")


class SystemName(Wire):
    id: str
    title: str


class BoardVersions(Wire):
    """None: it is not there, or does not say."""

    kmd: str | None
    ttnn: str | None
    metal: str | None = Field(description="Folder of TT_METAL_HOME, and its commit")
    smi: str | None


class BoardProblem(Wire):
    """What is wrong with the boards, one sentence, and what to do."""

    severity: Literal["error", "warning", "information"]
    message: str
    hint: str


class DeviceStatus(Wire):
    """What this machine can compute on, and all that is known of its Tenstorrent boards without asking tt-smi."""

    devices: tuple[Device, ...]
    title: str = Field(description="Such as 'T3K: 4 × n300, 8 chips', marked if it is simulated; empty without boards")
    simulated: bool = Field(description="The boards are those of TTVIDEO_BOARD")
    system: BoardSystem | None = Field(description="None without boards, and for a set of boards that is not known")
    boards: tuple[Board, ...]
    known_systems: tuple[SystemName, ...] = Field(description="All that there are, here or not, for a preflight")
    versions: BoardVersions
    problems: tuple[BoardProblem, ...]


class PreflightParams(Wire):
    """Whether a model fits a Tenstorrent board; `parameters` as for jobs/submit."""

    model: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    board: str | None = Field(None, description="Such as n150; None: that of this machine, else n150")


class PreflightNeeds(Wire):
    """What the model's denoising needs of one chip."""

    dram_loaded: int = Field(description="Bytes before the first step; convolutions put their weights there with it")
    dram_peak: int
    dram_total: int
    l1_peak: int = Field(description="Bytes of a core")
    l1_total: int
    programs: int = Field(description="That are compiled the first time")
    operations: int = Field(description="Of one step, on the board")
    transfers: int = Field(description="Of one step, between host and board")
    step_seconds: float = Field(description="Of one step; a lower bound, the roofline: no board is as fast")
    clip_seconds: float = Field(description="Of all steps; a lower bound as well")
    sources: str = Field(description="Of the numbers that the bounds are worked out with")


class Preflight(Wire):
    """One preflight: how far it is, or what came of it. A later one of this worker takes its place."""

    id: int = Field(description="Later ones have greater numbers")
    state: Literal["running", "fits", "too_large", "refused", "failed"]
    message: str = Field(description="A sentence for people, in every state")
    hint: str = ""
    model: str
    title: str = Field(description="Of the model")
    board: str
    board_title: str
    parameters: dict[str, JsonValue] = Field(description="As the model would be run with them")
    needs: PreflightNeeds | None = None
    ttnn: str | None = Field(None, description="Version of the ttnn that tried it")


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


class StoryboardText(Wire):
    """A storyboard file, with the text an editor shows of it."""

    file: str
    text: str | None = None
    output_folder: str | None = None


class StoryboardProblem(Wire):
    """What is wrong at a place within one line. Lines and columns count from 0; columns in UTF-16 units."""

    line: int
    column: int
    end_column: int
    severity: Literal["error", "warning", "information"]
    message: str


class StoryboardFrame(Wire):
    """One prompt of a storyboard, and what there is of its frame."""

    number: int
    line: int
    end_line: int
    prompt: str = Field(description="As written in the file, on one line")
    state: Literal["missing", "made", "changed"] = Field(
        description="changed: there is a frame, but of another prompt or other parameters"
    )
    picture: str | None = Field(None, description="Path of the frame's file")
    seed: int | None = Field(None, description="What the picture was made with")
    seconds: float | None = Field(None, description="How long the picture took")
    device: str | None = Field(None, description="What the picture was made on")


class Storyboard(Wire):
    """What a storyboard file says, what is wrong with it and what is made of it."""

    model: str
    frames: tuple[StoryboardFrame, ...]
    problems: tuple[StoryboardProblem, ...]
    folder: str | None = Field(None, description="Where its frames are, if there are any")
    adoptable: tuple[str, ...] = Field((), description="Pictures of other programs beside it, named like its frames")


class StoryboardPlace(Wire):
    text: str = Field(max_length=1_000_000)
    line: int = Field(ge=0)
    column: int = Field(ge=0)


class Completion(Wire):
    """What may be typed at a place: `insert` replaces the text from `column` to that place."""

    label: str
    insert: str
    column: int
    detail: str
    kind: Literal["key", "value"]


class Completions(Wire):
    items: tuple[Completion, ...]


class DeployParams(Wire):
    """Where the AnimateDiff project goes; what the user changed there is kept."""

    folder: str | None = Field(description="A whole path; None: ~/tt-scratchpad/tt-animatediff")


class Deployed(Wire):
    """Names of files are relative to the folder. Those that were there as they are now are in neither list."""

    folder: str
    copied: tuple[str, ...]
    kept: tuple[str, ...] = Field(description="That the user changed, and that therefore were not replaced")


class LogMessage(Wire):
    level: Literal["debug", "info", "warning", "error"]
    message: str


METHODS: dict[str, tuple[type[Wire], type[Wire]]] = {
    "worker/hello": (HelloParams, Hello),
    "models/list": (Nothing, Models),
    "jobs/submit": (GenerateRequest, Job),
    "jobs/storyboard": (StoryboardRequest, Job),
    "jobs/stitch": (StitchRequest, Job),
    "jobs/animate": (AnimateRequest, Job),
    "jobs/compare": (CompareRequest, Job),
    "jobs/experiment": (ExperimentRequest, Jobs),
    "models/download": (DownloadRequest, Job),
    "models/remove": (ModelChoice, Models),
    "jobs/cancel": (JobId, Job),
    "jobs/resume": (JobId, Job),
    "jobs/list": (ListParams, Jobs),
    "jobs/get": (JobId, Job),
    "jobs/remove": (RemoveParams, Nothing),
    "jobs/move": (MoveParams, Job),
    "queue/pause": (Nothing, QueueState),
    "queue/resume": (Nothing, QueueState),
    "device/status": (Nothing, DeviceStatus),
    "device/reset": (Nothing, Reset),
    "device/preflight": (PreflightParams, Preflight),
    "outputs/watch": (WatchParams, Outputs),
    "storyboard/check": (StoryboardText, Storyboard),
    "storyboard/complete": (StoryboardPlace, Completions),
    "package/deploy": (DeployParams, Deployed),
}

EVENTS: dict[str, type[Wire]] = {
    "job/changed": Job,
    "job/removed": JobId,
    "queue/changed": QueueState,
    "device/changed": DeviceStatus,
    "device/reset": Reset,
    "device/preflight": Preflight,
    "output/appeared": OutputAppeared,
    "log": LogMessage,
}
