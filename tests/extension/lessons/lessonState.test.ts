import { expect, test } from "vitest";
import { Failure } from "../../../extension/src/errors";
import { failedPress, lessonState, type Press } from "../../../extension/src/lessons/lessonState";
import { Progress } from "../../../extension/src/lessons/progress";
import type { LessonButtonState, WorkerHealth } from "../../../extension/src/shared/protocol";
import type { Job } from "../../../extension/src/worker/contract";
import { golden } from "../jobs/golden";
import { GENERATE, lessonOf } from "./source";

const lesson = lessonOf(`## 1. Make it\n\n[Make it](<${GENERATE}>)`);

interface Case {
  readonly ids?: readonly string[];
  readonly jobs?: readonly Job[];
  readonly health?: WorkerHealth;
  readonly press?: Press;
  readonly done?: boolean;
}

async function stateOf({ ids, jobs = [], health = { kind: "ready" }, press, done }: Case): Promise<LessonButtonState> {
  const progress = new Progress({ get: () => undefined, update: () => Promise.resolve() });
  const [button] = lesson.buttons;
  if (button === undefined) {
    throw new Error("no button");
  }
  await progress.started(lesson, button, ids ?? jobs.map((job) => job.id));
  if (done) {
    await progress.succeeded(lesson, button);
  }
  const { buttons, steps } = lessonState(lesson, {
    progress,
    presses: new Map(press && [[button.key, press]]),
    job: (id) => jobs.find((job) => job.id === id),
    found: { health, models: null, device: null },
  });
  expect(steps).toEqual([done ?? false]);
  return buttons[0] ?? expect.unreachable();
}

test("a button that was never pressed", async () => {
  expect(await stateOf({})).toEqual({ state: "idle", detail: "", hint: null, progress: null, cancellable: false });
});

test("a running job with phase, progress and time left, which can be cancelled", async () => {
  const state = await stateOf({ jobs: [golden("running")] });
  expect(state).toMatchObject({ state: "running", cancellable: true, hint: null });
  expect(state.detail).toMatch(/^\w+ \d+ of \d+, .+ left$/);
  expect(state.progress).toBeGreaterThan(0);
});

test("a waiting job can be cancelled, one that stops already cannot", async () => {
  expect(await stateOf({ jobs: [golden("queued")] })).toMatchObject({ state: "running", cancellable: true });
  expect(await stateOf({ jobs: [golden("cancelling")] })).toMatchObject({ state: "running", cancellable: false });
});

test("a failed and an interrupted job say what happened and what to do", async () => {
  for (const job of [golden("failed"), golden("interrupted")]) {
    const state = await stateOf({ jobs: [job] });
    expect(state.state).toBe("failed");
    expect(state.detail).not.toBe("");
    expect(state.hint).toMatch(/\.$/);
  }
});

test("a cancelled job leaves the button ready to be pressed again", async () => {
  expect(await stateOf({ jobs: [golden("cancelled")] })).toMatchObject({ state: "idle", detail: "cancelled" });
});

test("of several jobs, the one is told of that runs, with its number", async () => {
  const jobs = [golden("done", { id: "a" }), golden("running", { id: "b" }), golden("queued", { id: "c" })];
  const state = await stateOf({ jobs });
  expect(state.state).toBe("running");
  expect(state.detail).toMatch(/^2 of 3: /);
});

test("of several jobs, one that failed is told of when nothing runs", async () => {
  const jobs = [golden("done", { id: "a" }), golden("failed", { id: "b" }), golden("done", { id: "c" })];
  expect(await stateOf({ jobs })).toMatchObject({
    state: "failed",
    detail: expect.stringMatching(/^2 of 3: /) as string,
  });
  expect(await stateOf({ jobs: jobs.filter((job) => job.id !== "b") })).toMatchObject({
    state: "done",
    detail: "2 done",
  });
});

test("a command that has not answered, and one that was refused", async () => {
  expect(await stateOf({ press: { kind: "running" } })).toMatchObject({ state: "running", cancellable: false });
  const press = failedPress(new Failure("disk", "The disk is full.", "Free some space.")) ?? undefined;
  expect(press).toBeDefined();
  expect(await stateOf(press ? { press } : {})).toMatchObject({
    state: "failed",
    detail: "The disk is full.",
    hint: "Free some space.",
  });
  expect(failedPress(new Failure("cancelled", "Called off.", ""))).toBeNull();
});

test("after a reload, jobs are unknown until the worker is there", async () => {
  const crashed: WorkerHealth = { kind: "crashed", message: "The worker ended.", hint: "Restart it." };
  expect(await stateOf({ ids: ["a"], health: { kind: "starting" } })).toMatchObject({ state: "running" });
  expect(await stateOf({ ids: ["a"], health: crashed })).toMatchObject({ state: "failed", hint: "Restart it." });
  expect(await stateOf({ ids: ["a"], health: { kind: "stopped" } })).toMatchObject({ state: "idle" });
  expect(await stateOf({ ids: ["a"], health: { kind: "stopped" }, done: true })).toMatchObject({ state: "done" });
});
