// What can be done to a job, as more than one request to the worker. Knows no VS Code.
import type { Job, QueueState } from "../worker/contract";
import type { Worker } from "../worker/worker";

type Calls = Pick<Worker, "call">;

/** Let the job go on. A queue that a crash left paused goes on with it; one that a person paused stays so. */
export async function resumeJob(worker: Calls, id: string): Promise<Job> {
  const job = await worker.call("jobs/resume", { id });
  const { queue } = await worker.call("jobs/list", { limit: 1 });
  if (pausedByCrash(queue)) {
    await worker.call("queue/resume", {});
  }
  return job;
}

/** As `resumeJob`, and before what waits already: it had its turn. What the new worker began meanwhile goes on. */
export async function resumeFirst(worker: Calls, id: string): Promise<Job> {
  const job = await worker.call("jobs/resume", { id });
  const { jobs, queue } = await worker.call("jobs/list", {});
  const next = jobs.find((each) => each.status.state === "queued");
  if (next !== undefined && next.id !== id) {
    await worker.call("jobs/move", { id, before: next.id });
  }
  if (pausedByCrash(queue)) {
    await worker.call("queue/resume", {});
  }
  return job;
}

/** The worker gives a reason when it pauses the queue itself; a person needs none. */
function pausedByCrash(queue: QueueState): boolean {
  return queue.paused && queue.reason !== null;
}
