// Generated from worker/ttvideo/contract.py by worker/tools/write_contract.py; change it there.

export interface Backend {
  readonly id: "cpu" | "cuda" | "tt";
  readonly available: boolean;
  /** What is there; or why it is not there and what to do */
  readonly detail: string;
}

export interface CancelledState {
  readonly state: "cancelled";
}

export interface Cancelling {
  readonly state: "cancelling";
}

export interface Checkpoint {
  readonly id: string;
  readonly title: string;
  readonly license: string;
  readonly sizeBytes: number;
  readonly gated: boolean;
  readonly installed: boolean;
}

export type ClipFormat = "mp4" | "gif" | "webm";

export interface Device {
  readonly id: string;
  readonly title: string;
  /** Who drives it now: command and pid */
  readonly holder: string | null;
}

export interface DeviceStatus {
  readonly devices: readonly Device[];
}

export interface Done {
  readonly state: "done";
}

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
  | "unsupported"
  | "noDevice"
  | "deviceBusy"
  | "outOfMemory"
  | "badOutput"
  | "disk"
  | "encoder"
  | "internal";

export interface Failed {
  readonly state: "failed";
  readonly error: ErrorInfo;
}

/** Make a clip (or an image) from a prompt. `parameters` are the family's own, checked against its schema. */
export interface GenerateRequestInput {
  readonly kind?: "generate";
  readonly model?: string;
  readonly prompt: string;
  readonly negativePrompt?: string;
  readonly parameters?: Readonly<Record<string, JsonValue>>;
  readonly device?: string;
  readonly formats?: readonly ClipFormat[];
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
}

/** Make a clip (or an image) from a prompt. `parameters` are the family's own, checked against its schema. */
export interface GenerateRequest {
  readonly kind: "generate";
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly parameters: Readonly<Record<string, JsonValue>>;
  readonly device: string;
  readonly formats: readonly ClipFormat[];
  readonly outputFolder: string | null;
  readonly metadata: boolean;
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
}

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

export interface QueueState {
  readonly paused: boolean;
  readonly reason: string | null;
}

export interface Queued {
  readonly state: "queued";
  /** Whom the job waits for, when it is not simply its turn */
  readonly waitingFor: string | null;
}

export interface RemoveParams {
  readonly id: string;
  readonly deleteFiles?: boolean;
}

export interface Running {
  readonly state: "running";
  readonly phase: Phase;
  readonly step: number;
  /** Steps of this phase; 0 when not known */
  readonly total: number;
  /** Learned from this machine's own runs; none until there is one */
  readonly etaSeconds: number | null;
  /** Path of an animated WebP of the emerging frames, replaced as it grows */
  readonly preview: string | null;
}

/**
 * Make a clip of pictures that exist: of a folder's, in the order of the numbers in their names, or a stopped
 * job's finished frames, when the folder is that job's.
 */
export interface StitchRequestInput {
  readonly kind?: "stitch";
  readonly folder: string;
  readonly fps?: number;
  readonly formats?: readonly ClipFormat[];
  readonly outputFolder?: string | null;
  readonly metadata?: boolean;
}

/**
 * Make a clip of pictures that exist: of a folder's, in the order of the numbers in their names, or a stopped
 * job's finished frames, when the folder is that job's.
 */
export interface StitchRequest {
  readonly kind: "stitch";
  readonly folder: string;
  readonly fps: number;
  readonly formats: readonly ClipFormat[];
  readonly outputFolder: string | null;
  readonly metadata: boolean;
}

/** The folders to watch from now on, instead of those of the last call. */
export interface WatchParams {
  readonly folders: readonly string[];
}

export type JobRequest = GenerateRequest | StitchRequest;

export type JobStatus = Queued | Running | Cancelling | Done | Failed | CancelledState | Interrupted;

/** Each request's parameters and result. */
export interface Methods {
  "worker/hello": { params: HelloParams; result: Hello };
  "models/list": { params: Nothing; result: Models };
  "jobs/submit": { params: GenerateRequestInput; result: Job };
  "jobs/stitch": { params: StitchRequestInput; result: Job };
  "jobs/cancel": { params: JobId; result: Job };
  "jobs/resume": { params: JobId; result: Job };
  "jobs/list": { params: ListParams; result: Jobs };
  "jobs/get": { params: JobId; result: Job };
  "jobs/remove": { params: RemoveParams; result: Nothing };
  "jobs/move": { params: MoveParams; result: Job };
  "queue/pause": { params: Nothing; result: QueueState };
  "queue/resume": { params: Nothing; result: QueueState };
  "device/status": { params: Nothing; result: DeviceStatus };
  "outputs/watch": { params: WatchParams; result: Outputs };
}

/** What the worker tells unasked. */
export interface Events {
  "job/changed": Job;
  "job/removed": JobId;
  "queue/changed": QueueState;
  "output/appeared": OutputAppeared;
  log: LogMessage;
}
