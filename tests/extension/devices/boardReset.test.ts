// Resetting boards as a person sees it: asked, followed, and told how it ended; and offered where a job stands still.
import { beforeEach, expect, test, vi } from "vitest";
import { BoardReset } from "../../../extension/src/devices/boardReset";
import { Devices } from "../../../extension/src/devices/devices";
import type { JobList } from "../../../extension/src/jobs/jobList";
import type { OwnJobs } from "../../../extension/src/jobs/ownJobs";
import type { WorkerHealth } from "../../../extension/src/shared/protocol";
import type { DeviceStatus, Job, Reset, Stall } from "../../../extension/src/worker/contract";
import type { Worker } from "../../../extension/src/worker/worker";
import { golden } from "../jobs/golden";
import { FakeEmitter } from "../preview/fakeCode";
import { n300, noBoard, simulated } from "./statuses";

type Ask = (text: string, ...more: unknown[]) => Promise<string | undefined>;

const code = vi.hoisted(() => ({
  showWarningMessage: vi.fn<Ask>(),
  showInformationMessage: vi.fn<Ask>(),
  executeCommand: vi.fn<(command: string) => Promise<unknown>>(),
  progress: [] as string[],
}));

vi.mock("vscode", async () => ({
  EventEmitter: (await import("../preview/fakeCode")).FakeEmitter,
  ProgressLocation: { Notification: 15 },
  commands: { executeCommand: code.executeCommand },
  window: {
    showWarningMessage: code.showWarningMessage,
    showInformationMessage: code.showInformationMessage,
    withProgress: (_options: object, task: (progress: { report(step: { message: string }): void }) => unknown) =>
      task({ report: ({ message }) => code.progress.push(message) }),
  },
}));

const RUNNING: Reset = {
  state: "running",
  message: "The queue is paused.",
  hint: "",
  jobs: [],
  by: "worker (pid 7)",
  startedAt: 1,
  endedAt: null,
};
const STALL: Stall = { message: "No step for 2 min 0 s.", hint: "If it does not go on, reset the boards." };

let status: DeviceStatus;
let told: FakeEmitter<Reset>;
let healthChanged: FakeEmitter<WorkerHealth>;
let jobsChanged: FakeEmitter<void>;
let jobs: Job[];
let asked: string[];
let boards: BoardReset;
let devices: Devices;

beforeEach(() => {
  vi.clearAllMocks();
  code.progress.length = 0;
  code.showWarningMessage.mockResolvedValue("Reset");
  code.showInformationMessage.mockResolvedValue(undefined);
  code.executeCommand.mockResolvedValue(undefined);
  [status, jobs, asked] = [n300, [], []];
  [told, healthChanged, jobsChanged] = [new FakeEmitter(), new FakeEmitter(), new FakeEmitter()];
  const worker = {
    onDidChangeHealth: healthChanged.event,
    on: (event: string, listener: (reset: Reset) => void) =>
      event === "device/reset" ? told.event(listener) : { dispose: () => undefined },
    call: (method: string) => {
      asked.push(method);
      return Promise.resolve(method === "device/reset" ? RUNNING : method === "models/list" ? { models: [] } : status);
    },
  } as unknown as Worker;
  const list = {
    get jobs() {
      return jobs;
    },
    onDidChange: jobsChanged.event,
    onDidEnd: new FakeEmitter().event,
  } as unknown as JobList;
  devices = new Devices(worker, list);
  boards = new BoardReset(worker, devices, list, { has: (job: Job) => job.id !== "other" } as unknown as OwnJobs);
});

async function begin(): Promise<{ readonly ended: Promise<void> }> {
  const ended = boards.reset();
  await vi.waitFor(() => {
    expect(code.progress).toEqual(["The queue is paused."]);
  });
  return { ended };
}

function stalls(stall: Stall | null, id = "mine"): void {
  const job = golden("running", { id });
  jobs = [{ ...job, status: { ...job.status, stall } as Job["status"] }];
  jobsChanged.fire();
}

test("what will happen is said before: which jobs stop, and whose programs are in the way", async () => {
  jobs = [golden("running", { device: "tt" }), golden("running", { id: "cpu" }), golden("queued", { device: "tt" })];
  code.showWarningMessage.mockResolvedValue(undefined);
  await boards.reset();
  const [message, options] = code.showWarningMessage.mock.calls[0] ?? [];
  expect(message).toBe("Reset the Tenstorrent N300?");
  const { modal, detail } = options as { modal: boolean; detail: string };
  expect(modal).toBe(true);
  expect(detail.split("\n\n").slice(1)).toEqual([
    "“a red ball bouncing on green grass” is interrupted, and goes on where it stopped when all chips are back.",
    "As long as other programs use them, they are not reset: python demo.py (pid 4242).",
  ]);
  expect(asked).toEqual(["device/status", "models/list"]);
});

test("the worker's own engine is not in the way", async () => {
  const engine = { pid: 8, command: "python -m ttvideo.tt.engine", title: "python -m ttvideo.tt.engine (pid 8)" };
  const used = n300.boards.map((board) => ({
    ...board,
    chips: board.chips.map((chip) => ({ ...chip, holders: [engine] })),
  }));
  status = { ...n300, boards: used };
  code.showWarningMessage.mockResolvedValue(undefined);
  await boards.reset();
  expect(JSON.stringify(code.showWarningMessage.mock.calls)).not.toContain("other programs");
});

test("it is followed to its end, and a good one is told", async () => {
  const { ended } = await begin();
  told.fire({ ...RUNNING, message: "Waiting for the chips to answer." });
  told.fire({ ...RUNNING, state: "reset_complete", message: "/dev/tenstorrent/0 answers again.", endedAt: 2 });
  await ended;
  expect(code.progress.at(-1)).toBe("Waiting for the chips to answer.");
  expect(code.showInformationMessage).toHaveBeenCalledWith("The boards were reset. /dev/tenstorrent/0 answers again.");
  expect(devices.reset?.state).toBe("reset_complete");
  await devices.look();
  expect(devices.reset).toBeNull();
});

test.each([
  ["refused", "The boards were not reset."],
  ["reset_unhealthy", "The boards are not well after the reset."],
  ["reset_unverified", "Whether the boards were reset is not known."],
] as const)("the end %s is a warning that says why and what to do", async (state, words) => {
  const { ended } = await begin();
  code.showWarningMessage.mockResolvedValue("Detect Hardware");
  told.fire({ ...RUNNING, state, message: "It is so.", hint: "Do this.", endedAt: 2 });
  await ended;
  expect(code.showWarningMessage).toHaveBeenLastCalledWith(`${words} It is so. Do this.`, "Detect Hardware");
  expect(code.executeCommand).toHaveBeenCalledWith("ttVideo.detectHardware");
});

test("an end that is told before the answer comes is not forgotten", async () => {
  const refused: Reset = { ...RUNNING, state: "refused", message: "It is in use.", endedAt: 1 };
  code.showWarningMessage.mockImplementation(() => {
    told.fire(refused);
    return Promise.resolve("Reset");
  });
  await boards.reset();
  expect(devices.reset).toEqual(refused);
});

test("a worker that goes away meanwhile ends the waiting", async () => {
  const { ended } = await begin();
  healthChanged.fire({ kind: "crashed", message: "It ended.", hint: "" });
  await ended;
  expect(code.showWarningMessage).toHaveBeenCalledTimes(1);
  expect(code.showInformationMessage).not.toHaveBeenCalled();
});

test("without boards there is nothing to ask", async () => {
  status = noBoard;
  await expect(boards.reset()).rejects.toThrow("There are no Tenstorrent boards to reset.");
  expect(code.showWarningMessage).not.toHaveBeenCalled();
});

test("a simulated board is called so before it is refused", async () => {
  status = simulated;
  code.showWarningMessage.mockResolvedValue(undefined);
  await boards.reset();
  expect(code.showWarningMessage.mock.calls[0]?.[0]).toBe("Reset the Tenstorrent N300 (simulated)?");
});

test("a job that stands still is told once, with the reset, and again when it stands still once more", async () => {
  code.showWarningMessage.mockResolvedValue("Reset Boards");
  stalls(STALL);
  stalls({ ...STALL, message: "No step for 2 min 10 s." });
  expect(code.showWarningMessage.mock.calls).toEqual([
    [
      "“a red ball bouncing on green grass” stands still. No step for 2 min 0 s. If it does not go on, reset the boards.",
      "Reset Boards",
      "Detect Hardware",
    ],
  ]);
  await vi.waitFor(() => {
    expect(code.executeCommand).toHaveBeenCalledWith("ttVideo.resetBoards");
  });
  stalls(null);
  stalls(STALL);
  expect(code.showWarningMessage).toHaveBeenCalledTimes(2);
});

test("another window's job that stands still is left to that window", () => {
  stalls(STALL, "other");
  expect(code.showWarningMessage).not.toHaveBeenCalled();
});
