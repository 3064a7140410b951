// What a screen reader is told when jobs change: that they start, are done or stop; never each step.
import type { JobView, PreviewState } from "../../shared/protocol";

type Known = Pick<PreviewState, "jobs" | "outputs">;

/** One or more sentences; "" when nothing of note happened. */
export function announcement(before: Known, now: Known): string {
  const sentences: string[] = [];
  for (const job of now.jobs) {
    const sentence = changeOf(stateOf(before, job.id), job);
    if (sentence) {
      sentences.push(sentence);
    }
  }
  for (const output of now.outputs) {
    if (!before.outputs.some((other) => other.id === output.id)) {
      sentences.push(output.job ? `Done: ${output.job.title || output.name}.` : `New file: ${output.name}.`);
    }
  }
  return sentences.join(" ");
}

function stateOf(state: Known, id: string): JobView["state"] | undefined {
  return state.jobs.find((job) => job.id === id)?.state;
}

function changeOf(before: JobView["state"] | undefined, job: JobView): string | null {
  if (before === job.state) {
    return null;
  }
  switch (job.state) {
    case "running":
      return `Started: ${job.title}.`;
    case "queued":
      return before === undefined ? `Waiting: ${job.title}.` : null;
    case "cancelled":
      return `Cancelled: ${job.title}.`;
    case "failed":
    case "interrupted":
      return `${job.title}: ${[job.detail, job.hint].filter(Boolean).join(" ")}`;
    case "cancelling":
    case "done":
      return null;
  }
}
