// Of what a video can be stitched, and how fast it may run. Pure.
import { isResumable } from "../jobs/view";
import type { Job } from "../worker/contract";

/** As the contract has it. */
const MOST_FPS = 120;

/** Stopped jobs that left finished frames, the newest first. `jobs` has the oldest first, as the worker lists them. */
export function jobsWithFrames(jobs: readonly Job[]): readonly Job[] {
  return [...jobs].reverse().filter((job) => isResumable(job) && job.framesDone > 0);
}

export function framesPerSecond(text: string): number {
  return Number(text.trim().replace(",", "."));
}

/** Why the text is no frame rate, or null. */
export function problemOfRate(text: string): string | null {
  const rate = framesPerSecond(text);
  return text.trim() !== "" && rate > 0 && rate <= MOST_FPS ? null : `A number above 0, up to ${MOST_FPS}, is needed.`;
}
