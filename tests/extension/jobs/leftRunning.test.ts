// A window that goes away with a job running, and comes back: against the real worker and the bundled model.
import { expect, test, vi } from "vitest";
import { resumeFirst, resumeJob } from "../../../extension/src/jobs/jobActions";
import { describeResumed, resumeLeft } from "../../../extension/src/jobs/resumeLeft";
import type { Job, Running } from "../../../extension/src/worker/contract";
import { until } from "../../support/waiting";
import { temporaryFolder } from "../worker/support";
import { golden } from "./golden";
import { Kept, openWindow, when } from "./windows";

vi.mock("vscode", async () => ({ EventEmitter: (await import("./eventEmitter")).EventEmitter }));

const LONG = { prompt: "a red ball bouncing on green grass", parameters: { frames: 1, steps: 100, seed: 1 } };

/** A window whose job has made a step, and is recorded. */
async function openWithJob(folder: string, kept: Kept) {
  const window = openWindow(folder, kept);
  const { id } = await window.worker.call("jobs/submit", { ...LONG, outputFolder: folder });
  await when(window.jobs, id, ({ status }) => isDenoising(status) && status.step > 0);
  await until(() => Array.isArray(kept.running), "the record of the running job");
  return { ...window, id };
}

function isDenoising(status: Job["status"]): status is Running {
  return status.state === "running" && status.phase === "denoising";
}

test("a job that ran when the window closed goes on at its kept step", { timeout: 240_000 }, async () => {
  const folder = await temporaryFolder();
  const kept = new Kept();
  const before = await openWithJob(folder, kept);
  await before.close();
  expect(kept.running).toEqual([before.id]);

  const after = openWindow(folder, kept);
  const [resumed, ...others] = await resumeLeft(after.worker, after.jobs, after.own);
  expect([resumed?.id, others]).toEqual([before.id, []]);
  const keptStep = resumed?.keptStep ?? 0;
  expect(keptStep).toBeGreaterThan(0);
  await when(after.jobs, before.id, ({ status }) => isDenoising(status) && status.step >= keptStep);
});

test(
  "a job whose worker crashed waits for a person, and goes on with the queue then",
  { timeout: 240_000 },
  async () => {
    const folder = await temporaryFolder();
    const kept = new Kept();
    const { worker, jobs, own, id } = await openWithJob(folder, kept);
    const ended: Job[] = [];
    jobs.onDidEnd((job) => ended.push(job));
    process.kill(worker.hello?.pid ?? 0, "SIGKILL");
    await until(() => jobs.queue.paused, "the next worker to find the queue paused");
    expect(ended.map((job) => [job.id, job.status.state, own.has(job)])).toEqual([[id, "interrupted", true]]);
    expect(kept.running).toBeUndefined();

    const other = openWindow(folder, kept);
    expect(await resumeLeft(other.worker, other.jobs, other.own)).toEqual([]);
    expect(other.worker.health.kind).toBe("stopped");

    await resumeJob(worker, id);
    await when(jobs, id, (job) => job.status.state === "running");
    await until(() => !jobs.queue.paused, "the queue to go on");
  },
);

test("a queue that a person paused stays paused", { timeout: 30_000 }, async () => {
  const { worker, jobs } = openWindow(await temporaryFolder(), new Kept());
  await worker.call("queue/pause", {});
  const { id } = await worker.call("jobs/submit", LONG);
  await worker.call("jobs/cancel", { id });
  await resumeJob(worker, id);
  await when(jobs, id, (job) => job.status.state === "queued");
  expect((await worker.call("jobs/list", {})).queue).toEqual({ paused: true, reason: null });
});

test("what had its turn goes on before what waits", { timeout: 30_000 }, async () => {
  const { worker } = openWindow(await temporaryFolder(), new Kept());
  await worker.call("queue/pause", {});
  const first = await worker.call("jobs/submit", LONG);
  const second = await worker.call("jobs/submit", LONG);
  await worker.call("jobs/cancel", { id: first.id });
  await resumeFirst(worker, first.id);
  const { jobs } = await worker.call("jobs/list", {});
  expect(jobs.map((job) => [job.id, job.status.state])).toEqual([
    [first.id, "queued"],
    [second.id, "queued"],
  ]);
});

test("one message says what goes on", () => {
  const job = golden("interrupted");
  const begin = "“a red ball bouncing on green grass” was interrupted when the window closed.";
  expect(describeResumed([job])).toBe(`${begin} It goes on after step 8.`);
  expect(describeResumed([{ ...job, framesDone: 4 }])).toBe(`${begin} It goes on with 4 finished frames.`);
  expect(describeResumed([{ ...job, keptStep: null }])).toBe(`${begin} It goes on from the beginning.`);
  expect(describeResumed([job, job])).toMatch(/^2 videos/);
});
