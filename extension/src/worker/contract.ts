// Generated from worker/ttvideo/contract.py by worker/tools/write_contract.py; change it there.

/** Make a clip of one picture, over which the camera moves. */
export interface AnimateRequestInput {
  readonly formats?: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec?: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf?: number | null;
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
  readonly kind?: "animate";
  readonly image: string;
  readonly motion?: Motion;
  readonly seconds?: number;
  readonly fps?: number;
  /** How much nearer the nearest view is than the farthest */
  readonly zoom?: number;
  readonly easing?: Easing;
  /** What Ken Burns begins with; None: all of the picture */
  readonly start?: Rectangle | null;
  /** What Ken Burns ends with; None: chosen by the zoom */
  readonly end?: Rectangle | null;
  /** Seconds from black */
  readonly fadeIn?: number;
  /** Seconds to black */
  readonly fadeOut?: number;
  /** None: the picture's own */
  readonly width?: number | null;
  /** None: the picture's own */
  readonly height?: number | null;
}

/** Make a clip of one picture, over which the camera moves. */
export interface AnimateRequest {
  readonly formats: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf: number | null;
  readonly outputFolder: string | null;
  readonly metadata: boolean;
  readonly kind: "animate";
  readonly image: string;
  readonly motion: Motion;
  readonly seconds: number;
  readonly fps: number;
  /** How much nearer the nearest view is than the farthest */
  readonly zoom: number;
  readonly easing: Easing;
  /** What Ken Burns begins with; None: all of the picture */
  readonly start: Rectangle | null;
  /** What Ken Burns ends with; None: chosen by the zoom */
  readonly end: Rectangle | null;
  /** Seconds from black */
  readonly fadeIn: number;
  /** Seconds to black */
  readonly fadeOut: number;
  /** None: the picture's own */
  readonly width: number | null;
  /** None: the picture's own */
  readonly height: number | null;
}

export interface Backend {
  readonly id: "cpu" | "cuda" | "tt";
  readonly available: boolean;
  /** What is there; or why it is not there and what to do */
  readonly detail: string;
}

export interface Board {
  /** Such as n300 */
  readonly type: string;
  readonly serial: string | null;
  readonly chips: readonly Chip[];
}

/** What is wrong with the boards, one sentence, and what to do. */
export interface BoardProblem {
  readonly severity: "error" | "warning" | "information";
  readonly message: string;
  readonly hint: string;
}

/** What the boards of a machine are together. */
export interface BoardSystem {
  readonly id: string;
  /** Such as T3K */
  readonly title: string;
  /** Such as Wormhole */
  readonly arch: string;
  readonly chips: number;
  /** What it opens as, the first by MESH_DEVICE */
  readonly meshes: readonly Mesh[];
  /** Of all chips; None: not known */
  readonly dramBytes: number | null;
  /** What tt-metal's demos want to be set, such as MESH_DEVICE=T3K */
  readonly environment: readonly string[];
}

/** None: it is not there, or does not say. */
export interface BoardVersions {
  readonly kmd: string | null;
  readonly ttnn: string | null;
  /** Folder of TT_METAL_HOME, and its commit */
  readonly metal: string | null;
  readonly smi: string | null;
}

export interface CancelledState {
  readonly state: "cancelled";
}

export interface Cancelling {
  readonly state: "cancelling";
}

export interface Checkpoint {
  /** The repository that it is published in, which may hold several */
  readonly id: string;
  /** What parameters and downloads call it */
  readonly name: string;
  readonly title: string;
  readonly license: string;
  /** Of what a download fetches */
  readonly sizeBytes: number;
  readonly gated: boolean;
  readonly installed: boolean;
  /** Part of the worker: nothing to download, and never removed */
  readonly bundled: boolean;
  /** Where it is, or what has arrived of it */
  readonly folder: string | null;
  /** What it takes on this machine, half a download too */
  readonly diskBytes: number;
  /** By backend, how it was tried there; of others nothing is known */
  readonly verified: Readonly<Record<string, string>>;
}

/** A Tenstorrent chip. Readings are None where nothing was told. */
export interface Chip {
  /** Such as /dev/tenstorrent/0 */
  readonly name: string;
  /** N of /dev/tenstorrent/N; None: reached through another chip of its board */
  readonly node: number | null;
  readonly arch: string | null;
  /** PCI address */
  readonly bus: string | null;
  readonly answers: boolean;
  readonly celsius: number | null;
  readonly watts: number | null;
  /** Of the AI clock */
  readonly megahertz: number | null;
  readonly firmware: string | null;
  readonly holders: readonly ChipHolder[];
}

/** A process that has a chip open. */
export interface ChipHolder {
  /** None: it cannot be seen from this container */
  readonly pid: number | null;
  /** Empty if it may not be read */
  readonly command: string;
  /** Command and pid in words */
  readonly title: string;
}

export type ClipFormat = "mp4" | "gif" | "webm";

/** How a clip's pictures are compressed: H.264 and H.265 go into MP4, VP9 and AV1 into WebM. */
export type Codec = "h264" | "h265" | "vp9" | "av1";

/** Show the clips of several jobs side by side, when these have ended, in one clip and on one sheet. */
export interface CompareRequestInput {
  readonly formats?: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec?: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf?: number | null;
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
  readonly kind?: "compare";
  readonly jobs: readonly string[];
  /** One for each job; none: what tells them apart */
  readonly labels?: readonly string[];
  /** None: as near to a square as there are clips */
  readonly columns?: number | null;
}

/** Show the clips of several jobs side by side, when these have ended, in one clip and on one sheet. */
export interface CompareRequest {
  readonly formats: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf: number | null;
  readonly outputFolder: string | null;
  readonly metadata: boolean;
  readonly kind: "compare";
  readonly jobs: readonly string[];
  /** One for each job; none: what tells them apart */
  readonly labels: readonly string[];
  /** None: as near to a square as there are clips */
  readonly columns: number | null;
}

/** What may be typed at a place: `insert` replaces the text from `column` to that place. */
export interface Completion {
  readonly label: string;
  readonly insert: string;
  readonly column: number;
  readonly detail: string;
  readonly kind: "key" | "value";
}

export interface Completions {
  readonly items: readonly Completion[];
}

/** Where the AnimateDiff project goes; what the user changed there is kept. */
export interface DeployParams {
  /** A whole path; None: ~/tt-scratchpad/tt-animatediff */
  readonly folder: string | null;
}

/** Names of files are relative to the folder. Those that were there as they are now are in neither list. */
export interface Deployed {
  readonly folder: string;
  readonly copied: readonly string[];
  /** That the user changed, and that therefore were not replaced */
  readonly kept: readonly string[];
}

/** Where videos can be made, and which models of this version can be made there. */
export interface Device {
  readonly id: "cpu" | "cuda" | "tt";
  readonly available: boolean;
  /** What is there; or why it is not there and what to do */
  readonly detail: string;
  /** Who drives it now: command and pid */
  readonly holder: string | null;
  /** Titles of those that run there when it is available */
  readonly models: readonly string[];
  /** Titles of those that do not */
  readonly otherModels: readonly string[];
}

/** What this machine can compute on, and all that is known of its Tenstorrent boards without asking tt-smi. */
export interface DeviceStatus {
  readonly devices: readonly Device[];
  /** Such as 'T3K: 4 × n300, 8 chips', marked if it is simulated; empty without boards */
  readonly title: string;
  /** The boards are those of TTVIDEO_BOARD */
  readonly simulated: boolean;
  /** None without boards, and for a set of boards that is not known */
  readonly system: BoardSystem | null;
  readonly boards: readonly Board[];
  /** All that there are, here or not, for a preflight */
  readonly knownSystems: readonly SystemName[];
  readonly versions: BoardVersions;
  readonly problems: readonly BoardProblem[];
}

export interface Done {
  readonly state: "done";
}

/** Fetch a model's files from Hugging Face's hub into its cache. The job's steps are bytes. */
export interface DownloadRequestInput {
  /** A family; also a checkpoint by its own id or its repository */
  readonly model: string;
  /** Which of the family's; None: its default */
  readonly checkpoint?: string | null;
  readonly kind?: "download";
}

/** Fetch a model's files from Hugging Face's hub into its cache. The job's steps are bytes. */
export interface DownloadRequest {
  /** A family; also a checkpoint by its own id or its repository */
  readonly model: string;
  /** Which of the family's; None: its default */
  readonly checkpoint: string | null;
  readonly kind: "download";
}

export type Easing = "linear" | "ease-in" | "ease-out" | "ease-in-out";

/** What happened and what to do, one sentence each. */
export interface ErrorInfo {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly hint: string;
}

/** The closed set of what can go wrong; the editor chooses its buttons by it. */
export type ErrorKind =
  | "invalidParameters"
  | "notFound"
  | "wrongState"
  | "modelMissing"
  | "modelBroken"
  | "network"
  | "accessDenied"
  | "unsupported"
  | "noDevice"
  | "deviceBusy"
  | "deviceFailed"
  | "outOfMemory"
  | "badOutput"
  | "disk"
  | "encoder"
  | "internal";

/** The same clip with each combination of these values, and one more job that shows them side by side. */
export interface ExperimentRequest {
  readonly base: GenerateRequestInput;
  /** Values by the name of a parameter, or of the prompt or negativePrompt */
  readonly vary: Readonly<Record<string, readonly JsonValue[]>>;
}

export interface Failed {
  readonly state: "failed";
  readonly error: ErrorInfo;
}

/** Make a clip (or an image) from a prompt. `parameters` are the family's own, checked against its schema. */
export interface GenerateRequestInput {
  readonly formats?: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec?: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf?: number | null;
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
  readonly kind?: "generate";
  readonly model?: string;
  readonly prompt: string;
  readonly negativePrompt?: string;
  readonly parameters?: Readonly<Record<string, JsonValue>>;
  readonly device?: string;
}

/** Make a clip (or an image) from a prompt. `parameters` are the family's own, checked against its schema. */
export interface GenerateRequest {
  readonly formats: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf: number | null;
  readonly outputFolder: string | null;
  readonly metadata: boolean;
  readonly kind: "generate";
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly parameters: Readonly<Record<string, JsonValue>>;
  readonly device: string;
}

export interface Hello {
  readonly version: string;
  readonly python: string;
  readonly pid: number;
  readonly database: string;
  readonly backends: readonly Backend[];
  readonly queue: QueueState;
}

export interface HelloParams {
  readonly clientVersion: string;
}

/** The process that ran the job died; `jobs/resume` goes on at the last kept step. */
export interface Interrupted {
  readonly state: "interrupted";
  readonly reason: string;
}

export interface Job {
  readonly id: string;
  readonly request: JobRequest;
  /** The effective parameters, the drawn seed included */
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** What was rounded, or is not known to the model, in sentences */
  readonly notes: readonly string[];
  readonly status: JobStatus;
  readonly folder: string;
  readonly outputs: readonly Output[];
  readonly framesDone: number;
  /** Denoising steps kept on disk; a resumed job goes on there */
  readonly keptStep: number | null;
  readonly device: string | null;
  readonly submittedBy: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Time spent in each phase */
  readonly seconds: Readonly<Partial<Record<Phase, number>>>;
}

export interface JobId {
  readonly id: string;
}

export interface Jobs {
  readonly jobs: readonly Job[];
  readonly queue: QueueState;
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface ListParams {
  readonly limit?: number;
}

export interface LogMessage {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly message: string;
}

export interface Mesh {
  readonly rows: number;
  readonly columns: number;
}

/** A model with weights of its own, to be downloaded or removed. */
export interface ModelChoice {
  /** A family; also a checkpoint by its own id or its repository */
  readonly model: string;
  /** Which of the family's; None: its default */
  readonly checkpoint?: string | null;
}

export interface ModelInfo {
  readonly id: string;
  readonly title: string;
  readonly makes: "clip" | "image";
  readonly checkpoints: readonly Checkpoint[];
  /** JSON Schema the parameter form is drawn from */
  readonly parametersSchema: Readonly<Record<string, JsonValue>>;
  /** All words the model knows, if it knows few */
  readonly vocabulary: readonly string[] | null;
  readonly backends: readonly Backend[];
}

export interface Models {
  readonly models: readonly ModelInfo[];
  readonly downloadFolder: string;
  /** On the disk of the folder that downloads go to */
  readonly freeBytes: number;
}

/** How the camera moves over a still picture. */
export type Motion =
  | "still"
  | "zoom-in"
  | "zoom-out"
  | "pan-left"
  | "pan-right"
  | "pan-up"
  | "pan-down"
  | "pan-up-left"
  | "pan-up-right"
  | "pan-down-left"
  | "pan-down-right"
  | "ken-burns";

/** Put a queued job before another, or at the end. */
export interface MoveParams {
  readonly id: string;
  readonly before?: string | null;
}

export type Nothing = Record<string, never>;

/** A finished file of a job. */
export interface Output {
  readonly path: string;
  readonly kind: "video" | "image" | "poster" | "frame";
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number | null;
}

/** A finished file: of a job, or one that some other program put into a watched folder. */
export interface OutputAppeared {
  readonly jobId: string | null;
  readonly output: Output;
  /** When it was last written, in seconds since 1970 */
  readonly at: number;
}

/** The newest first; of a job's folder the clips, of other folders every image and video. */
export interface Outputs {
  readonly outputs: readonly OutputAppeared[];
}

export type Phase =
  "downloading" | "loading" | "compiling" | "encoding" | "denoising" | "decoding" | "saving" | "stitching";

/** One preflight: how far it is, or what came of it. A later one of this worker takes its place. */
export interface Preflight {
  /** Later ones have greater numbers */
  readonly id: number;
  readonly state: "running" | "fits" | "too_large" | "refused" | "failed";
  /** A sentence for people, in every state */
  readonly message: string;
  readonly hint: string;
  readonly model: string;
  /** Of the model */
  readonly title: string;
  readonly board: string;
  readonly boardTitle: string;
  /** As the model would be run with them */
  readonly parameters: Readonly<Record<string, JsonValue>>;
  readonly needs: PreflightNeeds | null;
  /** Version of the ttnn that tried it */
  readonly ttnn: string | null;
}

/** What the model's denoising needs of one chip. */
export interface PreflightNeeds {
  /** Bytes before the first step; convolutions put their weights there with it */
  readonly dramLoaded: number;
  readonly dramPeak: number;
  readonly dramTotal: number;
  /** Bytes of a core */
  readonly l1Peak: number;
  readonly l1Total: number;
  /** That are compiled the first time */
  readonly programs: number;
  /** Of one step, on the board */
  readonly operations: number;
  /** Of one step, between host and board */
  readonly transfers: number;
  /** Of one step; a lower bound, the roofline: no board is as fast */
  readonly stepSeconds: number;
  /** Of all steps; a lower bound as well */
  readonly clipSeconds: number;
  /** Of the numbers that the bounds are worked out with */
  readonly sources: string;
}

/** Whether a model fits a Tenstorrent board; `parameters` as for jobs/submit. */
export interface PreflightParams {
  readonly model: string;
  readonly parameters?: Readonly<Record<string, JsonValue>>;
  /** Such as n150; None: that of this machine, else n150 */
  readonly board?: string | null;
}

export interface QueueState {
  readonly paused: boolean;
  readonly reason: string | null;
}

export interface Queued {
  readonly state: "queued";
  /** Whom the job waits for, when it is not simply its turn */
  readonly waitingFor: string | null;
}

/** Part of a picture, in fractions of its width and height. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface RemoveParams {
  readonly id: string;
  readonly deleteFiles?: boolean;
}

/**
 * A reset of the Tenstorrent boards: what it does now, or how it ended. The queue is paused meanwhile, and stays
 * so unless it is complete or was refused.
 */
export interface Reset {
  readonly state: "running" | "refused" | "reset_complete" | "reset_unhealthy" | "reset_unverified";
  readonly message: string;
  readonly hint: string;
  /** Interrupted for it; they go on by themselves when it is complete */
  readonly jobs: readonly string[];
  /** Which process resets: its command and pid */
  readonly by: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

export interface Running {
  readonly state: "running";
  readonly phase: Phase;
  readonly step: number;
  /** Steps of this phase; 0 when not known */
  readonly total: number;
  /** How far the next step is, from 0 to 1 */
  readonly within: number;
  /** Learned from this machine's own runs; none until there is one */
  readonly etaSeconds: number | null;
  /** Path of an animated WebP of the emerging frames, replaced as it grows */
  readonly preview: string | null;
  /** No step for much longer than this job's steps take */
  readonly stall: Stall | null;
}

/** A job on Tenstorrent boards has not gone on for long: what is seen, and what helps. */
export interface Stall {
  readonly message: string;
  readonly hint: string;
}

/**
 * Make a clip of pictures that exist: of a folder's, in the order of the numbers in their names, or a stopped
 * job's finished frames, when the folder is that job's.
 */
export interface StitchRequestInput {
  readonly formats?: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec?: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf?: number | null;
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
  readonly kind?: "stitch";
  readonly folder: string;
  /** These pictures in this order, not the folder's */
  readonly files?: readonly string[];
  readonly fps?: number;
  /** Seconds each picture is shown; None: one frame */
  readonly hold?: number | null;
  readonly transition?: Transition;
  /** None: half of the hold */
  readonly transitionSeconds?: number | null;
  /** What is done to pictures of another size */
  readonly fit?: "pad" | "crop" | "stretch";
}

/**
 * Make a clip of pictures that exist: of a folder's, in the order of the numbers in their names, or a stopped
 * job's finished frames, when the folder is that job's.
 */
export interface StitchRequest {
  readonly formats: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf: number | null;
  readonly outputFolder: string | null;
  readonly metadata: boolean;
  readonly kind: "stitch";
  readonly folder: string;
  /** These pictures in this order, not the folder's */
  readonly files: readonly string[];
  readonly fps: number;
  /** Seconds each picture is shown; None: one frame */
  readonly hold: number | null;
  readonly transition: Transition;
  /** None: half of the hold */
  readonly transitionSeconds: number | null;
  /** What is done to pictures of another size */
  readonly fit: "pad" | "crop" | "stretch";
}

/** What a storyboard file says, what is wrong with it and what is made of it. */
export interface Storyboard {
  readonly model: string;
  readonly frames: readonly StoryboardFrame[];
  readonly problems: readonly StoryboardProblem[];
  /** Where its frames are, if there are any */
  readonly folder: string | null;
  /** Pictures of other programs beside it, named like its frames */
  readonly adoptable: readonly string[];
}

/** One prompt of a storyboard, and what there is of its frame. */
export interface StoryboardFrame {
  readonly number: number;
  readonly line: number;
  readonly endLine: number;
  /** As written in the file, on one line */
  readonly prompt: string;
  /** changed: there is a frame, but of another prompt or other parameters */
  readonly state: "missing" | "made" | "changed";
  /** Path of the frame's file */
  readonly picture: string | null;
  /** What the picture was made with */
  readonly seed: number | null;
  /** How long the picture took */
  readonly seconds: number | null;
  /** What the picture was made on */
  readonly device: string | null;
}

export interface StoryboardPlace {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** What is wrong at a place within one line. Lines and columns count from 0; columns in UTF-16 units. */
export interface StoryboardProblem {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  readonly severity: "error" | "warning" | "information";
  readonly message: string;
}

/** Make the frames of a storyboard file that are not there yet, and a clip when all are there. */
export interface StoryboardRequestInput {
  readonly formats?: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec?: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf?: number | null;
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
  readonly kind?: "storyboard";
  readonly file: string;
  /** The file as an editor shows it; None: it is read */
  readonly text?: string | null;
  /** Only these frames, counted from 0; None: all */
  readonly only?: readonly number[] | null;
  /** Make these frames again, each with another seed */
  readonly reroll?: readonly number[];
  /** Begin in a new folder instead of going on in the storyboard's last one */
  readonly fresh?: boolean;
  /** A folder with frame_*.png of another program to take as frames */
  readonly adopt?: string | null;
  /** Instead of what the front matter says, by its keys: model, seed, steps, ... */
  readonly settings?: Readonly<Record<string, JsonValue>>;
  /** Frames drawn at once; None: as memory allows */
  readonly batch?: number | null;
  /** Unload the text encoders before drawing */
  readonly freeTextEncoders?: boolean;
  readonly device?: string;
}

/** Make the frames of a storyboard file that are not there yet, and a clip when all are there. */
export interface StoryboardRequest {
  readonly formats: readonly ClipFormat[];
  /** None: H.264 in MP4, VP9 in WebM */
  readonly codec: Codec | null;
  /** Constant rate factor: lower is better and larger */
  readonly crf: number | null;
  readonly outputFolder: string | null;
  readonly metadata: boolean;
  readonly kind: "storyboard";
  readonly file: string;
  /** The file as an editor shows it; None: it is read */
  readonly text: string | null;
  /** Only these frames, counted from 0; None: all */
  readonly only: readonly number[] | null;
  /** Make these frames again, each with another seed */
  readonly reroll: readonly number[];
  /** Begin in a new folder instead of going on in the storyboard's last one */
  readonly fresh: boolean;
  /** A folder with frame_*.png of another program to take as frames */
  readonly adopt: string | null;
  /** Instead of what the front matter says, by its keys: model, seed, steps, ... */
  readonly settings: Readonly<Record<string, JsonValue>>;
  /** Frames drawn at once; None: as memory allows */
  readonly batch: number | null;
  /** Unload the text encoders before drawing */
  readonly freeTextEncoders: boolean;
  readonly device: string;
}

/** A storyboard file, with the text an editor shows of it. */
export interface StoryboardText {
  readonly file: string;
  readonly text?: string | null;
  readonly outputFolder?: string | null;
}

export interface SystemName {
  readonly id: string;
  readonly title: string;
}

/** How one picture of a stitched clip becomes the next. */
export type Transition = "cut" | "crossfade" | "fade" | "interpolate";

/** The folders to watch from now on, instead of those of the last call. */
export interface WatchParams {
  readonly folders: readonly string[];
}

export type JobRequest =
  GenerateRequest | StoryboardRequest | StitchRequest | AnimateRequest | CompareRequest | DownloadRequest;

export type JobStatus = Queued | Running | Cancelling | Done | Failed | CancelledState | Interrupted;

/** Each request's parameters and result. */
export interface Methods {
  "worker/hello": { params: HelloParams; result: Hello };
  "models/list": { params: Nothing; result: Models };
  "jobs/submit": { params: GenerateRequestInput; result: Job };
  "jobs/storyboard": { params: StoryboardRequestInput; result: Job };
  "jobs/stitch": { params: StitchRequestInput; result: Job };
  "jobs/animate": { params: AnimateRequestInput; result: Job };
  "jobs/compare": { params: CompareRequestInput; result: Job };
  "jobs/experiment": { params: ExperimentRequest; result: Jobs };
  "models/download": { params: DownloadRequestInput; result: Job };
  "models/remove": { params: ModelChoice; result: Models };
  "jobs/cancel": { params: JobId; result: Job };
  "jobs/resume": { params: JobId; result: Job };
  "jobs/list": { params: ListParams; result: Jobs };
  "jobs/get": { params: JobId; result: Job };
  "jobs/remove": { params: RemoveParams; result: Nothing };
  "jobs/move": { params: MoveParams; result: Job };
  "queue/pause": { params: Nothing; result: QueueState };
  "queue/resume": { params: Nothing; result: QueueState };
  "device/status": { params: Nothing; result: DeviceStatus };
  "device/reset": { params: Nothing; result: Reset };
  "device/preflight": { params: PreflightParams; result: Preflight };
  "outputs/watch": { params: WatchParams; result: Outputs };
  "storyboard/check": { params: StoryboardText; result: Storyboard };
  "storyboard/complete": { params: StoryboardPlace; result: Completions };
  "package/deploy": { params: DeployParams; result: Deployed };
}

/** What the worker tells unasked. */
export interface Events {
  "job/changed": Job;
  "job/removed": JobId;
  "queue/changed": QueueState;
  "device/changed": DeviceStatus;
  "device/reset": Reset;
  "device/preflight": Preflight;
  "output/appeared": OutputAppeared;
  log: LogMessage;
}
