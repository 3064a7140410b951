import { beforeEach, expect, it, vi } from "vitest";
import type { JobList } from "../../../extension/src/jobs/jobList";
import { JobTree } from "../../../extension/src/jobs/tree";
import type { Job } from "../../../extension/src/worker/contract";
import type { Worker } from "../../../extension/src/worker/worker";
import { EventEmitter } from "./eventEmitter";
import { golden } from "./golden";

vi.mock("vscode", async () => ({
  EventEmitter: (await import("./eventEmitter")).EventEmitter,
  ThemeIcon: Object,
  ThemeColor: Object,
  window: {
    createTreeView: () => ({
      visible: false,
      onDidChangeVisibility: () => ({ dispose: () => undefined }),
      dispose: () => undefined,
      set message(text: string) {
        messages.push(text);
      },
      get message(): string | undefined {
        return messages.at(-1);
      },
    }),
  },
}));

const messages: string[] = [];

beforeEach(() => {
  messages.length = 0;
  vi.useFakeTimers();
  return () => {
    vi.useRealTimers();
  };
});

function rows(job: Job) {
  const changed = new EventEmitter<void>();
  const queue: { paused: boolean; reason: string | null } = { paused: false, reason: null };
  const list = { jobs: [job], queue, problem: null, onDidChange: changed.event };
  const tree = new JobTree({ health: { kind: "ready" } } as unknown as Worker, list as unknown as JobList);
  const drawn: (string[] | undefined)[] = [];
  tree.onDidChangeTreeData((ids) => drawn.push(ids));
  const put = (next: Job) => {
    list.jobs = [next];
    changed.fire();
  };
  return { tree, drawn, put, list };
}

function running(step: number): Job {
  const job = golden("running");
  return { ...job, status: { ...job.status, step } as Job["status"] };
}

it("a row that only gets farther is drawn once a second, so that its buttons can be pressed", () => {
  const { drawn, put } = rows(running(1));
  put(running(1));
  drawn.length = 0;
  for (let step = 2; step < 50; step++) {
    put(running(step));
    vi.advanceTimersByTime(100);
  }
  expect(drawn.length).toBeGreaterThanOrEqual(3);
  expect(drawn.length).toBeLessThanOrEqual(5);
  expect(new Set(drawn.flat())).toEqual(new Set([running(1).id]));
});

it("a row whose job does something else is drawn at once", () => {
  const { drawn, put } = rows(running(1));
  put(running(1));
  drawn.length = 0;
  put({ ...golden("done"), id: running(1).id });
  expect(drawn).toEqual([[running(1).id]]);
});

it("a message is given to VS Code only when it is another: until 200 ms after it, VS Code draws no row", () => {
  const { put, list } = rows(running(1));
  put(running(2));
  list.queue = { paused: true, reason: "The worker ended." };
  put(running(2));
  put(running(3));
  list.queue = { paused: false, reason: null };
  put(running(4));
  put(running(5));
  expect(messages.filter((text) => text !== "")).toEqual(["The queue is paused. The worker ended."]);
  expect(messages.length).toBeLessThanOrEqual(3);
  expect(messages.at(-1)).toBe("");
});
