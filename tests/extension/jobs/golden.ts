// The jobs that the worker's own tests hold, one in each state.
import { readFileSync } from "node:fs";
import type { Job } from "../../../extension/src/worker/contract";
import type { JobState } from "../../../extension/src/jobs/view";

export const STATES: readonly JobState[] = [
  "queued",
  "running",
  "cancelling",
  "done",
  "failed",
  "cancelled",
  "interrupted",
];

export function golden(state: JobState, change: Partial<Job> = {}): Job {
  const file = new URL(`../../contract/golden/job.${state}.json`, import.meta.url);
  return { ...(JSON.parse(readFileSync(file, "utf8")) as Job), ...change };
}

/** The golden job as it would be had it been stitched of a folder's pictures. */
export function stitched(state: JobState, change: Partial<Job> = {}): Job {
  return golden(state, {
    request: {
      kind: "stitch",
      folder: "/home/ada/pictures/sunset",
      fps: 8,
      formats: ["mp4"],
      outputFolder: null,
      metadata: true,
    },
    parameters: {},
    notes: [],
    ...change,
  });
}
