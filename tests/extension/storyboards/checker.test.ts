import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Checker } from "../../../extension/src/storyboards/checker";

let answers: ((answer: string | Error) => void)[];
let told: string[];
let failed: unknown[];
let checker: Checker<string>;

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  told = [];
  failed = [];
  checker = new Checker<string>({
    ask: () =>
      new Promise((resolve, reject) => {
        answers.push((answer) => {
          if (answer instanceof Error) {
            reject(answer);
          } else {
            resolve(answer);
          }
        });
      }),
    tell: (answer) => told.push(answer),
    fail: (error) => failed.push(error),
    pauseMs: 250,
    collectMs: 50,
  });
});
afterEach(() => {
  checker.dispose();
  vi.useRealTimers();
});

async function answer(index: number, text: string | Error): Promise<void> {
  answers[index]?.(text);
  await vi.advanceTimersByTimeAsync(0);
}

test("it is asked once for many changes, when nobody types any more", async () => {
  for (let keys = 0; keys < 5; keys++) {
    checker.textChanged();
    await vi.advanceTimersByTimeAsync(200);
  }
  expect(answers).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(50);
  expect(answers).toHaveLength(1);
  await answer(0, "problems");
  expect(told).toEqual(["problems"]);
});

test("an answer to an older text is dropped, and so is its failure", async () => {
  checker.textChanged();
  await vi.advanceTimersByTimeAsync(250);
  checker.textChanged();
  await answer(0, "old");
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(250);
  checker.textChanged();
  await answer(1, new Error("old"));
  expect([told, failed]).toEqual([[], []]);
  await vi.advanceTimersByTimeAsync(250);
  await answer(2, "new");
  expect(told).toEqual(["new"]);
});

test("what changes while it is being asked is asked once more, and answers never overtake each other", async () => {
  checker.refresh();
  await vi.advanceTimersByTimeAsync(50);
  checker.textChanged();
  await vi.advanceTimersByTimeAsync(250);
  expect(answers).toHaveLength(1);
  await answer(0, "old");
  expect(answers).toHaveLength(2);
  await answer(1, "new");
  expect(told).toEqual(["new"]);
});

test("progress does not put off the question for ever, and its answers count", async () => {
  for (let events = 0; events < 10; events++) {
    checker.refresh();
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(answers.length).toBeGreaterThan(0);
  await answer(0, "frame 0 is made");
  expect(told).toEqual(["frame 0 is made"]);
});

test("who wants the answer to the text as it is waits for it, also when it fails", async () => {
  const settled = vi.fn();
  void checker.settled().then(settled);
  await vi.advanceTimersByTimeAsync(0);
  expect(settled).toHaveBeenCalledTimes(1);
  checker.textChanged();
  void checker.settled().then(settled);
  await vi.advanceTimersByTimeAsync(250);
  expect(settled).toHaveBeenCalledTimes(1);
  await answer(0, new Error("broken"));
  expect(settled).toHaveBeenCalledTimes(2);
  expect(failed).toEqual([new Error("broken")]);
});

test("after its document is closed nothing is told, and nobody waits for ever", async () => {
  checker.textChanged();
  await vi.advanceTimersByTimeAsync(250);
  const settled = vi.fn();
  void checker.settled().then(settled);
  checker.dispose();
  await answer(0, "late");
  checker.textChanged();
  await vi.advanceTimersByTimeAsync(1000);
  expect([told, answers.length, settled.mock.calls.length]).toEqual([[], 1, 1]);
});
