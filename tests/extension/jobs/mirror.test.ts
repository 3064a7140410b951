import { expect, it } from "vitest";
import { Mirror } from "../../../extension/src/jobs/mirror";
import type { Job } from "../../../extension/src/worker/contract";
import type { JobState } from "../../../extension/src/jobs/view";
import { golden } from "./golden";

const RUNNING = { paused: false, reason: null };
const PAUSED = { paused: true, reason: "The worker (pid 4711) ended while a job was running." };

function job(id: string, state: JobState, change: Partial<Job> = {}): Job {
  return golden(state, { id, ...change });
}

it("lists the newest first", () => {
  const mirror = new Mirror(0);
  const jobs = [job("a", "done", { createdAt: 1 }), job("b", "queued", { createdAt: 3 })];
  mirror.replace({ jobs, queue: RUNNING }, mirror.version);
  mirror.put(job("c", "queued", { createdAt: 2 }));
  expect(mirror.jobs.map((each) => each.id)).toEqual(["b", "c", "a"]);
});

it("tells of an end once", () => {
  const mirror = new Mirror(0);
  expect(mirror.put(job("a", "running"))).toBeNull();
  expect(mirror.put(job("a", "done"))?.status.state).toBe("done");
  expect(mirror.put(job("a", "done"))).toBeNull();
});

it("tells of the end of a job that it first hears of then, but not of old history", () => {
  const mirror = new Mirror(100);
  expect(mirror.put(job("quick", "done", { endedAt: 101 }))?.id).toBe("quick");
  expect(mirror.put(job("adopted", "done", { endedAt: 99 }))).toBeNull();
});

it("tells of what ended between two lists, and not of what the first list holds", () => {
  const mirror = new Mirror(0);
  const before = [job("a", "running"), job("b", "done")];
  expect(mirror.replace({ jobs: before, queue: RUNNING }, mirror.version)).toEqual([]);
  const after = [job("a", "interrupted"), job("b", "done")];
  expect(mirror.replace({ jobs: after, queue: PAUSED }, mirror.version).map((each) => each.id)).toEqual(["a"]);
  expect(mirror.queue).toEqual(PAUSED);
});

it("keeps what events told after the list was asked for", () => {
  const mirror = new Mirror(0);
  mirror.put(job("gone", "queued"));
  const asked = mirror.version;
  mirror.put(job("a", "done"));
  mirror.put(job("new", "queued"));
  mirror.remove("removed");
  mirror.remove("gone");
  mirror.putQueue(PAUSED);
  const jobs = [job("a", "running"), job("removed", "done"), job("gone", "queued"), job("b", "done")];
  mirror.replace({ jobs, queue: RUNNING }, asked);
  const states = Object.fromEntries(mirror.jobs.map((each) => [each.id, each.status.state]));
  expect(states).toEqual({ a: "done", new: "queued", b: "done" });
  expect(mirror.queue).toEqual(PAUSED);
});

it("forgets what the list has no more", () => {
  const mirror = new Mirror(0);
  mirror.put(job("a", "done"));
  mirror.replace({ jobs: [], queue: RUNNING }, mirror.version);
  expect(mirror.jobs).toEqual([]);
});

it("what ran when the worker went is interrupted, once, until the worker says what became of it", () => {
  const mirror = new Mirror(0);
  mirror.put(job("a", "running"));
  mirror.put(job("b", "queued"));
  expect(mirror.workerGone("It was killed.").map((each) => [each.id, each.status])).toEqual([
    ["a", { state: "interrupted", reason: "It was killed." }],
  ]);
  expect(mirror.workerGone("It was killed.")).toEqual([]);
  const found = [job("a", "interrupted"), job("b", "queued")];
  expect(mirror.replace({ jobs: found, queue: PAUSED }, mirror.version)).toEqual([]);
  expect(mirror.get("a")).toEqual(found[0]);
});
