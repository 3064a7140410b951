// How a job is told to people. Pure: the tree, the status bar, the preview and the lesson page all use it.
import { basename } from "node:path";
import { duration, sizeText, timeLeft } from "../shared/labels";
import { storyboardTitle } from "../storyboards/fileNames";
import type { Interrupted, Job, Output, Phase, Running } from "../worker/contract";

export type JobState = Job["status"]["state"];

export interface JobDescription {
  readonly title: string;
  readonly detail: string;
  readonly hint: string | null;
  readonly phase: Phase | null;
  /** 0 to 1 within the phase; none when not known */
  readonly progress: number | null;
  readonly etaSeconds: number | null;
  readonly resumable: boolean;
  readonly notes: readonly string[];
}

export function describeJob(job: Job): JobDescription {
  const running = job.status.state === "running" ? job.status : null;
  return {
    title: jobTitle(job),
    detail: detail(job),
    hint: hint(job),
    phase: running?.phase ?? null,
    progress: running === null || running.total <= 0 ? null : clamp((running.step + running.within) / running.total),
    etaSeconds: running?.etaSeconds ?? null,
    resumable: isResumable(job),
    notes: job.notes,
  };
}

export function jobTitle(job: Job): string {
  switch (job.request.kind) {
    case "generate":
      return job.request.prompt;
    case "storyboard":
      return storyboardTitle(job.request.file);
    case "stitch":
      return `Stitch ${basename(job.request.folder)}`;
    case "animate":
      return basename(job.request.image);
    case "compare":
      return `Compare ${job.request.labels.join(" · ")}`;
    case "download":
      return `Download ${job.request.checkpoint ?? job.request.model}`;
  }
}

export function isActive(job: Job): boolean {
  return job.status.state === "running" || job.status.state === "cancelling";
}

/** Whether nothing more will happen to it by itself. */
export function hasEnded(job: Job): boolean {
  return !isActive(job) && job.status.state !== "queued";
}

export function isResumable(job: Job): boolean {
  return ["interrupted", "cancelled", "failed"].includes(job.status.state);
}

/**
 * Whether the job can be submitted once more as it was; the frames of a storyboard are made again one by one, and a model
 * that is there is not fetched again.
 */
export function isRepeatable(job: Job): boolean {
  return hasEnded(job) && job.request.kind !== "storyboard" && job.request.kind !== "download";
}

/** What the preview shows of it: the clip, or else the last picture it made. */
export function mainOutput(job: Job): string | null {
  return shownOutput(job)?.path ?? null;
}

/** Such as "Video" or "Picture": what kind of thing the job made. */
export function nameOfResult(job: Job): string {
  return shownOutput(job)?.kind === "image" ? "Picture" : "Video";
}

function shownOutput(job: Job): Output | undefined {
  return job.outputs.find(({ kind }) => kind === "video") ?? job.outputs.findLast(({ kind }) => kind === "image");
}

/** Such as "denoising 5 of 12, 42 %, 4 s left". */
export function describeRunning(running: Running): string {
  const percent =
    running.total > 0 ? `, ${Math.round(100 * clamp((running.step + running.within) / running.total))} %` : "";
  const left = timeLeft(running.etaSeconds);
  return `${describeStep(running)}${percent}${left === null ? "" : `, ${left}`}`;
}

function describeStep(running: Running): string {
  if (running.phase === "downloading" && running.total > 0) {
    return `downloading ${sizeText(running.step)} of ${sizeText(running.total)}`;
  }
  return running.total > 0 ? `${running.phase} ${running.step} of ${running.total}` : running.phase;
}

function detail(job: Job): string {
  const status = job.status;
  switch (status.state) {
    case "queued":
      return status.waitingFor === null ? "waiting" : `waiting for ${status.waitingFor}`;
    case "running":
      return describeStep(status);
    case "cancelling":
      return "stopping";
    case "done":
      return describeResult(job);
    case "failed":
      return status.error.message;
    case "cancelled":
      return "cancelled";
    case "interrupted":
      return status.reason;
  }
}

function hint(job: Job): string | null {
  switch (job.status.state) {
    case "failed":
      return job.status.error.hint;
    case "interrupted":
    case "cancelled":
      return describeResuming(job);
    case "running":
      return job.status.stall && `${job.status.stall.message} ${job.status.stall.hint}`;
    case "queued":
    case "cancelling":
    case "done":
      return null;
  }
}

function describeResuming(job: Job): string {
  if (job.request.kind === "storyboard") {
    return "Resume makes the frames that are missing.";
  }
  if (job.request.kind === "download") {
    return "Resume fetches what is missing.";
  }
  if (job.framesDone > 0) {
    return `Resume keeps its ${plural(job.framesDone, "finished frame")}.`;
  }
  if (job.keptStep !== null) {
    return `Resume goes on after step ${job.keptStep}.`;
  }
  return "Resume starts it from the beginning.";
}

function describeResult(job: Job): string {
  const result = shownOutput(job);
  if (result === undefined) {
    return "done";
  }
  const spent = job.startedAt === null || job.endedAt === null ? null : job.endedAt - job.startedAt;
  const pictures = job.outputs.filter(({ kind }) => kind === "image").length;
  const frames = result.kind === "image" && pictures > 1 ? pictures : result.frames;
  const made = `${plural(frames, "frame")}, ${result.width}×${result.height}`;
  return spent === null ? made : `${made}, in ${duration(spent)}`;
}

/** The job as it is when the process that ran it is gone and nobody could write down so yet. */
export function asInterrupted(job: Job, reason: string): Job {
  const status: Interrupted = { state: "interrupted", reason };
  return { ...job, status };
}

export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
