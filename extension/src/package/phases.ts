// What the commands for AnimateDiff's two phases ask for, and what was made with it. Pure.
import { mainOutput } from "../jobs/view";
import { isInside } from "../preview/outputs";
import type { FormValues } from "../shared/protocol";
import type { Job, OutputAppeared } from "../worker/contract";

const MODEL = "animatediff";

export interface Phase {
  readonly prompt: string;
  readonly values: FormValues;
  /** None for the one that the settings choose */
  readonly device: string | null;
}

/** Of Tenstorrent's lesson on AnimateDiff, as are the frames and the steps. */
const PROMPT =
  "1939 World's Fair imagined from the year 2099, art deco spires at golden dusk, retro-futurist optimism, cinematic 4K";
const ASKED = { frames: 8, steps: 25 };

/** All frames together, with temporal attention. */
export const PHASE_1: Phase = {
  prompt: PROMPT,
  values: { model: MODEL, negativePrompt: "", parameters: ASKED, count: 1 },
  device: null,
};

/**
 * One frame after the other on a board, without temporal attention: they have most of their noise in common. Its
 * scheduler is the checkpoint's own, PNDM.
 */
export const PHASE_2: Phase = {
  prompt: PROMPT,
  values: {
    model: MODEL,
    negativePrompt: "",
    parameters: { ...ASKED, framesApart: true },
    count: 1,
  },
  device: "tt",
};

/** The path of what was made last: by a job with AnimateDiff, or by the package in its folder. */
export function newestOutput(
  jobs: readonly Job[],
  outputs: readonly OutputAppeared[],
  packageFolder: string,
): string | null {
  const byJobs = jobs.flatMap((job) => {
    const path = job.request.kind === "generate" && job.request.model === MODEL ? mainOutput(job) : null;
    return path === null ? [] : [{ path, at: job.endedAt ?? Infinity }];
  });
  const byPackage = outputs
    .filter(({ output }) => isInside([packageFolder], output.path))
    .map(({ output, at }) => ({ path: output.path, at }));
  return [...byJobs, ...byPackage].sort((a, b) => b.at - a.at)[0]?.path ?? null;
}
