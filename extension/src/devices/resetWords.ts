// What is said before boards are reset, and after. Pure.
import { isActive, jobTitle } from "../jobs/view";
import { RESET_WORDS, boardName, chipsOf } from "../shared/devices";
import type { DeviceStatus, Job, Reset } from "../worker/contract";

/** The worker's own process on the boards, which lets go of them. */
const ENGINE = "ttvideo.tt.engine";

export interface ResetQuestion {
  readonly message: string;
  readonly detail: string;
}

export function resetQuestion(status: DeviceStatus, jobs: readonly Job[]): ResetQuestion {
  const stopped = jobs.filter((job) => isActive(job) && job.device === "tt").map((job) => `“${jobTitle(job)}”`);
  const others = chipsOf(status)
    .flatMap(({ holders }) => holders)
    .filter(({ command }) => !command.includes(ENGINE))
    .map(({ title }) => title);
  const sentences = [
    "The chips that the worker uses are reset with tt-smi and looked at afterwards, which takes a minute or more. Meanwhile the queue is paused.",
    ...stopped.map((title) => `${title} is interrupted, and goes on where it stopped when all chips are back.`),
    ...(others.length === 0
      ? []
      : [`As long as other programs use them, they are not reset: ${[...new Set(others)].join(", ")}.`]),
  ];
  return {
    message: `Reset the Tenstorrent ${boardName(status) ?? "boards"}${status.simulated ? " (simulated)" : ""}?`,
    detail: sentences.join("\n\n"),
  };
}

export function resetEnding({ state, message, hint }: Reset): { readonly well: boolean; readonly text: string } {
  return { well: state === "reset_complete", text: [RESET_WORDS[state], message, hint].filter(Boolean).join(" ") };
}
