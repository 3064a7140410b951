// After a window was reloaded or came back: jobs of it that were running go on at their kept step. Knows no VS Code.
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { resumeFirst } from "./jobActions";
import type { JobList } from "./jobList";
import type { OwnJobs } from "./ownJobs";
import { isActive, jobTitle } from "./view";

/** The worker of the window that went away ends within two seconds; what runs for longer is somebody else's. */
const PATIENCE_MS = 30_000;

/** Returns the jobs that go on. Rejects with a Failure when the worker cannot be had. */
export async function resumeLeft(
  worker: Pick<Worker, "start" | "call">,
  jobs: Pick<JobList, "get" | "onDidChange">,
  own: Pick<OwnJobs, "leftRunning" | "forget">,
): Promise<readonly Job[]> {
  if (own.leftRunning.length === 0) {
    return [];
  }
  await worker.start();
  const resumed: Job[] = [];
  for (const id of own.leftRunning) {
    const known = await worker.call("jobs/list", {});
    const job = known.jobs.find((each) => each.id === id);
    const now = job !== undefined && isActive(job) ? await stopped(jobs, id) : job;
    if (now?.status.state === "interrupted") {
      resumed.push({ ...(await resumeFirst(worker, id)), keptStep: now.keptStep, framesDone: now.framesDone });
    } else {
      own.forget(id);
    }
  }
  return resumed;
}

/** What is told then, in one message. */
export function describeResumed(resumed: readonly Job[]): string {
  const [first] = resumed;
  if (first === undefined || resumed.length > 1) {
    return `${resumed.length} videos were interrupted when the window closed. They go on where they stopped.`;
  }
  const where =
    first.framesDone > 0
      ? `with ${first.framesDone} finished frames`
      : first.keptStep === null
        ? "from the beginning"
        : `after step ${first.keptStep}`;
  return `“${jobTitle(first)}” was interrupted when the window closed. It goes on ${where}.`;
}

/** Waits until the job does not run any more; undefined when it does for long. */
function stopped(jobs: Pick<JobList, "get" | "onDidChange">, id: string): Promise<Job | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      const job = jobs.get(id);
      if (job !== undefined && !isActive(job)) {
        finish(job);
      }
    };
    const finish = (job: Job | undefined): void => {
      clearTimeout(timer);
      subscription.dispose();
      resolve(job);
    };
    const timer = setTimeout(() => {
      finish(undefined);
    }, PATIENCE_MS);
    const subscription = jobs.onDidChange(look);
    look();
  });
}
