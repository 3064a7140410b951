// From what the extension knows to everything the Output Preview shows. Pure.
import { basename, extname } from "node:path";
import { describeJob, hasEnded, isActive, isResumable, jobTitle } from "../jobs/view";
import type { JobView, OutputView, Preset, PreviewState, StoryboardView, WorkerHealth } from "../shared/protocol";
import { frameOfFile } from "../storyboards/fileNames";
import type { Job, ModelInfo, OutputAppeared, QueueState } from "../worker/contract";

/** Formats that a page shows as a picture, whether or not they move */
const PICTURES = new Set([".png", ".apng", ".jpg", ".jpeg", ".gif", ".webp"]);

/** A file that may be replaced under the same name; the version changes with what is in it. */
export interface FileVersion {
  readonly path: string;
  readonly version: number;
}

export interface Sources {
  readonly worker: WorkerHealth;
  readonly queue: QueueState;
  readonly jobs: readonly Job[];
  readonly outputs: readonly OutputAppeared[];
  readonly models: readonly ModelInfo[];
  readonly defaultModel: string;
  readonly autoplay: boolean;
  readonly loop: boolean;
  readonly visible: boolean;
  readonly selected: string | null;
  readonly interactive: boolean;
  readonly focusPrompt: number;
  readonly history: readonly string[];
  readonly presets: readonly Preset[];
  readonly startImage: FileVersion | null;
  readonly picked: PreviewState["picked"];
  readonly storyboard: StoryboardView | null;
  /** The emerging pictures of the running jobs */
  readonly emerging: readonly FileVersion[];
  /** The address under which the page may load a file */
  readonly url: (file: FileVersion) => string;
}

export function previewState(sources: Sources): PreviewState {
  const { worker, queue, models, defaultModel, autoplay, loop, visible, interactive, focusPrompt, history } = sources;
  return {
    worker,
    queue,
    models,
    defaultModel,
    autoplay,
    loop,
    visible,
    interactive,
    focusPrompt,
    history,
    presets: sources.presets,
    jobs: shownJobs(sources.jobs).map((job) => viewJob(job, sources)),
    outputs: sources.outputs.map((entry) => viewOutput(entry, sources)),
    selected: selectedOf(sources.outputs, sources.selected),
    startImage: sources.startImage && {
      path: sources.startImage.path,
      url: sources.url(sources.startImage),
      name: basename(sources.startImage.path),
    },
    picked: sources.picked,
    storyboard: sources.storyboard,
  };
}

/** The output that is shown: the chosen one as long as it is there, else the newest. */
export function selectedOf(outputs: readonly OutputAppeared[], chosen: string | null): string | null {
  const isThere = outputs.some((entry) => entry.output.path === chosen);
  return isThere ? chosen : (outputs[0]?.output.path ?? null);
}

/**
 * What runs, then what waits, the longest waiting first; then the job that stopped last, if it can be resumed: an
 * older one is behind the person, and is in the list of jobs.
 */
export function shownJobs(jobs: readonly Job[]): readonly Job[] {
  const waiting = jobs.filter((job) => job.status.state === "queued").sort((a, b) => a.createdAt - b.createdAt);
  const last = jobs.filter(hasEnded).sort((a, b) => (b.endedAt ?? b.createdAt) - (a.endedAt ?? a.createdAt))[0];
  return [...jobs.filter(isActive), ...waiting, ...(last !== undefined && isResumable(last) ? [last] : [])];
}

function viewJob(job: Job, { emerging, url }: Sources): JobView {
  const picture = job.status.state === "running" ? job.status.preview : null;
  const file = emerging.find(({ path }) => path === picture);
  return { ...describeJob(job), id: job.id, state: job.status.state, previewUrl: file ? url(file) : null };
}

function viewOutput({ output, jobId, at }: OutputAppeared, { jobs, url }: Sources): OutputView {
  const version = Math.round(at * 1000);
  const job = jobs.find(({ id }) => id === jobId);
  const isPicture = output.kind === "image" || PICTURES.has(extname(output.path).toLowerCase());
  const poster = isPicture ? undefined : job?.outputs.find(({ kind }) => kind === "poster");
  return {
    id: output.path,
    url: url({ path: output.path, version }),
    name: basename(output.path),
    kind: isPicture ? "image" : "video",
    width: output.width,
    height: output.height,
    frames: output.frames,
    fps: output.fps,
    at: version,
    posterUrl: poster ? url({ path: poster.path, version }) : null,
    job: job ? maker(job, output.path) : null,
  };
}

/** How it was made. Only what was made of one prompt has one. */
function maker(job: Job, path: string): OutputView["job"] {
  const { request } = job;
  const isGenerated = request.kind === "generate";
  const frame = request.kind === "storyboard" ? frameOfFile(path) : null;
  const phases = Object.values(job.seconds);
  return {
    id: job.id,
    title: frame === null ? jobTitle(job) : `${jobTitle(job)}, frame ${frame}`,
    model: isGenerated ? request.model : null,
    prompt: isGenerated ? request.prompt : null,
    negativePrompt: isGenerated ? request.negativePrompt : "",
    parameters: job.parameters,
    device: job.device,
    // Of a storyboard, the phases are those of all frames.
    seconds: phases.length === 0 || frame !== null ? null : phases.reduce((sum, seconds) => sum + seconds, 0),
    notes: job.notes,
    again: waysAgain(request.kind, frame),
  };
}

function waysAgain(kind: Job["request"]["kind"], frame: number | null): ("makeAgain" | "newSeed")[] {
  switch (kind) {
    case "generate":
      return ["makeAgain", "newSeed"];
    case "stitch":
    case "animate":
    case "compare":
      return ["makeAgain"];
    case "storyboard":
      return frame === null ? [] : ["newSeed"];
    case "download":
      return [];
  }
}
