// Which jobs make frames of a storyboard, and how far they are. Pure.
import { hasEnded, isActive } from "../jobs/view";
import type { Job, Storyboard, StoryboardRequest } from "../worker/contract";
import { frameOfFile } from "./fileNames";

/** The file as it is asked about, and what was answered. */
export interface Board {
  readonly file: string;
  readonly storyboard: Storyboard;
}

export interface Making {
  /** The job that runs, or the one that comes next; none when nobody makes anything of this storyboard */
  readonly job: Job | null;
  /** By the frames' numbers, how far each is: "waiting", or "making, 5 of 20" */
  readonly frames: ReadonlyMap<number, string>;
}

type StoryboardJob = Job & { readonly request: StoryboardRequest };

export function making({ file, storyboard }: Board, jobs: readonly Job[]): Making {
  const own = jobs
    .filter((job): job is StoryboardJob => isOf(job, file, storyboard.folder) && !hasEnded(job))
    .sort((a, b) => Number(isActive(b)) - Number(isActive(a)) || a.createdAt - b.createdAt);
  const frames = new Map<number, string>();
  for (const job of own) {
    const missing = missingOf(job, storyboard);
    for (const [index, number] of missing.entries()) {
      if (!frames.has(number)) {
        frames.set(number, index === 0 && isActive(job) ? howFar(job, missing.length) : "waiting");
      }
    }
  }
  return { job: own[0] ?? null, frames };
}

/** What must change for the frames' states to be asked for again. */
export function signatureOf(file: string, folder: string | null, jobs: readonly Job[]): string {
  const own = jobs.filter((job) => isOf(job, file, folder));
  return own.map((job) => `${job.id} ${job.status.state} ${job.framesDone} ${job.outputs.length}`).join(", ");
}

function isOf(job: Job, file: string, folder: string | null): boolean {
  return job.request.kind === "storyboard" && (job.request.file === file || job.folder === folder);
}

/** The frames that the job still has to draw, in their order. */
function missingOf({ request, outputs }: StoryboardJob, { frames }: Storyboard): readonly number[] {
  const drawn = new Set(outputs.map(({ path }) => frameOfFile(path)));
  const again = new Set(request.reroll);
  const only = request.only === null ? null : new Set(request.only);
  return frames
    .filter(({ number, state }) => {
      const isWanted = only === null || only.has(number) || again.has(number);
      return isWanted && !drawn.has(number) && (state !== "made" || again.has(number));
    })
    .map(({ number }) => number);
}

/** A job counts the steps of all its frames together, so only of its last one they are this frame's. */
function howFar({ status, outputs }: Job, missing: number): string {
  const isCounted = status.state === "running" && status.phase === "denoising" && status.total > 0;
  return isCounted && missing === 1 && outputs.length === 0 ? `making, ${status.step} of ${status.total}` : "making";
}
