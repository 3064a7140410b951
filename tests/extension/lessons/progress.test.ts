import { expect, test } from "vitest";
import { Progress } from "../../../extension/src/lessons/progress";
import type { Job } from "../../../extension/src/worker/contract";
import { golden } from "../jobs/golden";
import { GENERATE, lessonOf } from "./source";

const lesson = lessonOf(`
[Show the log](command:ttVideo.showLog)

## 1. Make it

[Make it](<${GENERATE}>) [Show the log](command:ttVideo.showLog)

## 2. Look

[Look](command:ttVideo.preview.focus)
`);
const [log, make, logAgain, look] = lesson.buttons as [
  (typeof lesson.buttons)[0],
  (typeof lesson.buttons)[0],
  (typeof lesson.buttons)[0],
  (typeof lesson.buttons)[0],
];

function mementoOf(kept: Record<string, unknown> = {}) {
  return {
    kept,
    get: (key: string): unknown => kept[key],
    update: (key: string, value: unknown) => {
      kept[key] = JSON.parse(JSON.stringify(value));
      return Promise.resolve();
    },
  };
}

const jobs =
  (...known: readonly Job[]) =>
  (id: string) =>
    known.find((job) => job.id === id);

test("a step with a button that starts jobs is done when all of them are", async () => {
  const progress = new Progress(mementoOf());
  await progress.started(lesson, make, ["a", "b"]);
  expect(progress.steps(lesson)).toEqual([false, false]);

  const running = jobs(golden("done", { id: "a" }), golden("running", { id: "b" }));
  expect(await progress.settle(lesson, running)).toBe(false);
  expect(progress.steps(lesson)).toEqual([false, false]);

  const done = jobs(golden("done", { id: "a" }), golden("done", { id: "b" }));
  expect(await progress.settle(lesson, done)).toBe(true);
  expect(progress.steps(lesson)).toEqual([true, false]);
  expect(await progress.settle(lesson, done)).toBe(false);
});

test.each(["failed", "cancelled", "interrupted", "queued", "running", "cancelling"] as const)(
  "no tick for a job that is %s, or not in the list any more",
  async (state) => {
    const progress = new Progress(mementoOf());
    await progress.started(lesson, make, ["a"]);
    expect(await progress.settle(lesson, jobs(golden(state, { id: "a" })))).toBe(false);
    expect(await progress.settle(lesson, jobs())).toBe(false);
    expect(progress.steps(lesson)).toEqual([false, false]);
  },
);

test("a job that was resumed and is done then ticks", async () => {
  const progress = new Progress(mementoOf());
  await progress.started(lesson, make, ["a"]);
  await progress.settle(lesson, jobs(golden("interrupted", { id: "a" })));
  expect(await progress.settle(lesson, jobs(golden("done", { id: "a" })))).toBe(true);
});

test("a tick stays when the button is pressed again and fails", async () => {
  const progress = new Progress(mementoOf());
  await progress.started(lesson, make, ["a"]);
  await progress.settle(lesson, jobs(golden("done", { id: "a" })));
  await progress.started(lesson, make, ["b"]);
  await progress.settle(lesson, jobs(golden("failed", { id: "b" })));
  expect(progress.steps(lesson)).toEqual([true, false]);
  expect(progress.jobsOf(lesson, make)).toEqual(["b"]);
});

test("a helper beside the button that starts the job does not tick, nor does the same one outside of the steps", async () => {
  const progress = new Progress(mementoOf());
  await progress.succeeded(lesson, log);
  await progress.succeeded(lesson, logAgain);
  expect(progress.steps(lesson)).toEqual([false, false]);
});

test("a lesson is complete when all its steps are", async () => {
  const progress = new Progress(mementoOf());
  await progress.succeeded(lesson, look);
  expect(progress.isComplete(lesson)).toBe(false);
  await progress.succeeded(lesson, make);
  expect(progress.isComplete(lesson)).toBe(true);
});

test("after a reload, what was done is done, and the jobs are found again", async () => {
  const memento = mementoOf();
  const before = new Progress(memento);
  await before.succeeded(lesson, look);
  await before.started(lesson, make, ["a"]);

  const after = new Progress(memento);
  expect(after.steps(lesson)).toEqual([false, true]);
  expect(after.jobsOf(lesson, make)).toEqual(["a"]);
  expect(await after.settle(lesson, jobs(golden("done", { id: "a" })))).toBe(true);
  expect(new Progress(memento).isComplete(lesson)).toBe(true);
});

test.each([
  "text",
  null,
  { "made-up": "text" },
  { "made-up": { [make.key]: { jobs: "a", done: true } } },
  { "made-up": { [make.key]: { jobs: [1], done: true } } },
  { "made-up": { [make.key]: { done: 1 } } },
])("what does not fit is forgotten: %j", (kept) => {
  const progress = new Progress(mementoOf({ "lessons.progress": kept }));
  expect(progress.steps(lesson)).toEqual([false, false]);
  expect(progress.jobsOf(lesson, make)).toEqual([]);
});
