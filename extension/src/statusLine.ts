// What the status bar says. Pure.
import { describeJob, isActive, jobTitle, plural } from "./jobs/view";
import { timeLeft } from "./shared/labels";
import type { WorkerHealth } from "./shared/protocol";
import type { Job, QueueState } from "./worker/contract";

export interface StatusLine {
  readonly text: string;
  /** For the tooltip: plain sentences, other people's text among them */
  readonly lines: readonly string[];
  /** Whether nothing can be made until somebody acts */
  readonly blocked: boolean;
  readonly command: string;
}

export interface StatusSources {
  readonly health: WorkerHealth;
  readonly jobs: readonly Job[];
  readonly queue: QueueState;
  /** Where a new video would be made */
  readonly device: string | null;
}

const ICON = "$(device-camera-video)";
const SHOW_JOBS = "ttVideo.jobs.focus";
const SHOW_PREVIEW = "ttVideo.preview.focus";

export function statusLine({ health, jobs, queue, device }: StatusSources): StatusLine {
  const line = (text: string, ...lines: string[]): StatusLine => ({ text, lines, blocked: false, command: SHOW_JOBS });
  switch (health.kind) {
    case "notSetUp":
      return { ...line(`${ICON} TT Video: Set Up`, health.message, health.hint), command: "ttVideo.setUpWorker" };
    case "crashed":
      return { ...line("$(error) TT Video: Worker Ended", health.message, health.hint), blocked: true };
    case "starting":
      return line("$(loading~spin) TT Video: Starting", "The worker is starting.");
    case "stopped":
      return line(`${ICON} TT Video`, "The worker starts when it is first needed.");
    case "ready":
      return readyLine(jobs, queue, device, line);
  }
}

function readyLine(
  jobs: readonly Job[],
  queue: QueueState,
  device: string | null,
  line: (text: string, ...lines: string[]) => StatusLine,
): StatusLine {
  const where = device ?? "No Device";
  const waiting = jobs.filter((job) => job.status.state === "queued").length;
  const rest = waiting === 0 ? [] : [`${plural(waiting, "job")} waiting.`];
  const running = jobs.find(isActive);
  if (running !== undefined) {
    const { title, detail, phase, progress, etaSeconds } = describeJob(running);
    const percent = progress === null ? "" : ` ${Math.round(100 * progress)}%`;
    const left = timeLeft(etaSeconds);
    const text = `$(loading~spin) ${capitalized(phase ?? detail)}${percent}`;
    return {
      ...line(
        text,
        `“${title}” on ${running.device ?? where}: ${detail}.${left === null ? "" : ` ${capitalized(left)}.`}`,
        ...rest,
      ),
      command: SHOW_PREVIEW,
    };
  }
  if (queue.paused) {
    return line("$(debug-pause) TT Video: Paused", queue.reason ?? "The queue is paused.", ...rest);
  }
  const last = jobs[0];
  const before = last?.status.state === "done" ? [`The last video: “${jobTitle(last)}”.`] : [];
  return line(
    `${ICON} TT Video: ${where}`,
    `The worker is ready. New videos are made on: ${where}.`,
    ...before,
    ...rest,
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
