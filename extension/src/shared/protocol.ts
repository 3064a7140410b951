// What the webviews and the extension say to each other. Imported by both sides, so it knows neither.
import type { DeviceStatus, JsonValue, ModelInfo, Phase, Preflight, Reset } from "../worker/contract";

/** A request of a webview; each is answered once, by a Reply with its number. */
export interface Request<Message> {
  readonly number: number;
  readonly message: Message;
}

export interface Reply {
  readonly replyTo: number;
  /** What happened and what to do, when it was refused or failed */
  readonly error: { readonly message: string; readonly hint: string } | null;
}

/** What the host sends, besides replies: everything the view shows, each time as a whole. */
export interface StateMessage<State> {
  readonly state: State;
}

export type WorkerHealth =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting" }
  | { readonly kind: "ready" }
  | { readonly kind: "notSetUp"; readonly message: string; readonly hint: string }
  | { readonly kind: "crashed"; readonly message: string; readonly hint: string };

/** A job as the views show it. */
export interface JobView {
  readonly id: string;
  readonly title: string;
  readonly state: "queued" | "running" | "cancelling" | "done" | "failed" | "cancelled" | "interrupted";
  /** Such as "denoising 5 of 20", "waiting for …", or the error's sentence */
  readonly detail: string;
  readonly hint: string | null;
  readonly phase: Phase | null;
  /** 0 to 1 within the phase; none when not known */
  readonly progress: number | null;
  readonly etaSeconds: number | null;
  readonly previewUrl: string | null;
  readonly notes: readonly string[];
  readonly resumable: boolean;
}

/** A file that can be played or shown. Its id is its path. */
export interface OutputView {
  readonly id: string;
  readonly url: string;
  readonly name: string;
  readonly kind: "video" | "image";
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number | null;
  /** Milliseconds since 1970 */
  readonly at: number;
  /** Small picture for the strip; none for images, which are their own */
  readonly posterUrl: string | null;
  /** What made it; none for files of other programs */
  readonly job: {
    readonly id: string;
    /** The prompt, or what else it was made of */
    readonly title: string;
    readonly model: string | null;
    readonly prompt: string | null;
    readonly negativePrompt: string;
    readonly parameters: Readonly<Record<string, JsonValue>>;
    readonly device: string | null;
    readonly seconds: number | null;
    readonly notes: readonly string[];
    /** How it can be made once more */
    readonly again: readonly ("makeAgain" | "newSeed")[];
  } | null;
}

/** How many variations can be asked for at once */
export const MOST_VARIATIONS = 8;

/** What the form holds, and what a preset keeps. */
export interface FormValues {
  readonly model: string;
  readonly negativePrompt: string;
  /** Only those that differ from the model's defaults */
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** How many variations */
  readonly count: number;
}

export interface Preset {
  readonly name: string;
  readonly values: FormValues;
}

export interface PreviewState {
  readonly worker: WorkerHealth;
  readonly queue: { readonly paused: boolean; readonly reason: string | null };
  readonly models: readonly ModelInfo[];
  readonly defaultModel: string;
  readonly autoplay: boolean;
  readonly loop: boolean;
  /** Whether the view can be seen; a hidden one plays nothing */
  readonly visible: boolean;
  /** Jobs that wait or run, first the one that runs; and the last stopped one that can be resumed or failed */
  readonly jobs: readonly JobView[];
  /** The newest first */
  readonly outputs: readonly OutputView[];
  /** The output that is shown */
  readonly selected: string | null;
  /** Whether the prompt box is open */
  readonly interactive: boolean;
  /** Counts up when the prompt box should take the focus */
  readonly focusPrompt: number;
  /** The newest last */
  readonly history: readonly string[];
  readonly presets: readonly Preset[];
  /** The picture that the next clip begins with */
  readonly startImage: { readonly path: string; readonly url: string; readonly name: string } | null;
  /** The file that was chosen last for a parameter; the number counts up with each */
  readonly picked: { readonly key: string; readonly path: string; readonly number: number } | null;
  /** The storyboard that the prompt box works through, if any */
  readonly storyboard: StoryboardView | null;
}

/** A storyboard in the prompt box. Frames have the numbers of their files, from 0. */
export interface StoryboardView {
  readonly file: string;
  /** The file's name without its ending */
  readonly title: string;
  readonly model: string;
  /** How many of its frames are made */
  readonly made: number;
  readonly frames: number;
  /** The first frame that is still to be made; none when all are, or when it is not known yet */
  readonly next: {
    readonly number: number;
    readonly prompt: string;
    /** How far it is, such as "denoising 5 of 20"; none when nobody makes it */
    readonly making: string | null;
  } | null;
  /** Why it cannot be gone through at present */
  readonly problem: string | null;
}

export const JOB_ACTIONS = ["cancel", "resume", "makeAgain", "newSeed", "remove"] as const;
export const OUTPUT_ACTIONS = [
  "open",
  "openExternal",
  "saveAs",
  "reveal",
  "copyPath",
  "copyPrompt",
  "makeAgain",
  "newSeed",
  "animate",
  "delete",
] as const;
/** What a button may run where the worker does not work. */
export const HEALTH_COMMANDS = [
  "ttVideo.setUpWorker",
  "ttVideo.selectInterpreter",
  "ttVideo.restartWorker",
  "ttVideo.resumeQueue",
  "ttVideo.showLog",
] as const;
/** The commands that a button of the preview may run, and no others. */
export const PREVIEW_COMMANDS = [
  ...HEALTH_COMMANDS,
  "ttVideo.generateVideo",
  "ttVideo.startInteractiveGeneration",
  "ttVideo.interactiveStoryboard",
] as const;

export type JobAction = (typeof JOB_ACTIONS)[number];
export type OutputAction = (typeof OUTPUT_ACTIONS)[number];
export type HealthCommand = (typeof HEALTH_COMMANDS)[number];
export type PreviewCommand = (typeof PREVIEW_COMMANDS)[number];

export type PreviewMessage =
  | { readonly type: "ready" }
  | { readonly type: "submit"; readonly prompt: string; readonly values: FormValues }
  | { readonly type: "job"; readonly action: JobAction; readonly id: string }
  | { readonly type: "output"; readonly action: OutputAction; readonly id: string }
  | { readonly type: "select"; readonly id: string }
  /** Make a video of these two side by side */
  | { readonly type: "compare"; readonly ids: readonly [string, string] }
  | { readonly type: "command"; readonly command: PreviewCommand }
  | { readonly type: "interactive"; readonly open: boolean }
  /** Make this frame of the storyboard in the box, of this prompt */
  | { readonly type: "storyboardFrame"; readonly frame: number; readonly prompt: string }
  | { readonly type: "leaveStoryboard" }
  | { readonly type: "savePreset"; readonly values: FormValues }
  | { readonly type: "deletePreset"; readonly name: string }
  | { readonly type: "pickStartImage" }
  /** Choose a file for the parameter of this key; it arrives in the state as `picked` */
  | { readonly type: "pickFile"; readonly key: string; readonly video: boolean }
  /** A file dropped on the view: its name and its bytes as base64 */
  | { readonly type: "dropStartImage"; readonly name: string; readonly data: string }
  /** One frame of an output that a job of ours made */
  | { readonly type: "useFrame"; readonly id: string; readonly frame: number }
  | { readonly type: "clearStartImage" };

/** What the lesson page asks. */
export type LessonMessage =
  | { readonly type: "ready" }
  /** The button with this number in the lesson; what it does is read from the lesson, not from the page */
  | { readonly type: "press"; readonly button: number }
  | { readonly type: "cancel"; readonly button: number }
  | { readonly type: "copy"; readonly block: number }
  | { readonly type: "terminal"; readonly block: number }
  | { readonly type: "open"; readonly lesson: string }
  | { readonly type: "openExternal"; readonly link: number }
  /** The button beside the requirement with this number */
  | { readonly type: "fix"; readonly requirement: number }
  /** Forget what was done of the lesson */
  | { readonly type: "startOver" };

export interface LessonButtonState {
  readonly state: "idle" | "running" | "done" | "failed";
  /** Of the job it started: "denoising 5 of 20", the error's sentence */
  readonly detail: string;
  /** What to do */
  readonly hint: string | null;
  /** 0 to 1; none when not known */
  readonly progress: number | null;
  readonly cancellable: boolean;
}

/** Something that the lesson needs. */
export interface LessonRequirementState {
  readonly label: string;
  readonly state: "met" | "missing" | "unknown";
  readonly detail: string;
  /** What its button says; none when there is nothing to do */
  readonly fix: string | null;
}

export interface LessonState {
  /** By the requirements' numbers */
  readonly requirements: readonly LessonRequirementState[];
  /** By the buttons' numbers */
  readonly buttons: readonly LessonButtonState[];
  /** By the steps' numbers: whether it is done */
  readonly steps: readonly boolean[];
}

/** What the page Hardware shows. */
export interface DevicePageState {
  readonly worker: WorkerHealth;
  /** None while there is no worker to tell it */
  readonly status: DeviceStatus | null;
  /** The reset of the boards that goes on, or that ended since somebody last looked */
  readonly reset: Reset | null;
  /** Where new videos are made, as it is set */
  readonly chosen: string;
  readonly models: readonly ModelInfo[];
  /** The last preflight of this worker, under way or ended */
  readonly preflight: Preflight | null;
  /** Counts up when the form of the preflight should take the focus */
  readonly focusPreflight: number;
}

export const DEVICE_CHOICES = ["auto", "tt", "cuda", "cpu"] as const;
/** The commands that a button of the page Hardware may run, and no others. */
export const DEVICE_COMMANDS = [...HEALTH_COMMANDS, "ttVideo.generateVideo", "ttVideo.resetBoards"] as const;

export type DeviceChoice = (typeof DEVICE_CHOICES)[number];
export type DeviceCommand = (typeof DEVICE_COMMANDS)[number];

/** What the page Hardware asks. */
export type DeviceMessage =
  | { readonly type: "ready" }
  | { readonly type: "look" }
  | { readonly type: "choose"; readonly device: DeviceChoice }
  /** Whether a model fits a board; parameters that are not given have the model's defaults */
  | {
      readonly type: "preflight";
      readonly model: string;
      readonly board: string;
      readonly parameters: Readonly<Record<string, number>>;
    }
  /** The lines that set the boards' variables in a shell, into the clipboard */
  | { readonly type: "copyEnvironment" }
  | { readonly type: "command"; readonly command: DeviceCommand };
