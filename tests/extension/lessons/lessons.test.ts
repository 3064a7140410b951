// From a message of the page to what is run, and from a job's end to the tick.
import { mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { ExtensionContext } from "vscode";
import { Devices } from "../../../extension/src/devices/devices";
import { Failure } from "../../../extension/src/errors";
import type { JobList } from "../../../extension/src/jobs/jobList";
import { Lessons } from "../../../extension/src/lessons/lessons";
import type { Job, Models } from "../../../extension/src/worker/contract";
import type { Worker } from "../../../extension/src/worker/worker";
import { downloaded, golden } from "../jobs/golden";
import { models } from "../models/golden";
import { FakeEmitter } from "../preview/fakeCode";
import { code, FakePanel, FakeUri, panels, registered, settings, terminals } from "./fakeCode";

vi.mock("vscode", async () => (await import("./fakeCode")).code);

const ID = "your-first-video";
/** Its buttons, as the lesson has them. */
const [SET_UP, MAKE, SEEDS, STEPS, PROMPT] = [0, 1, 2, 3, 4];

let kept: Record<string, unknown>;
let known: Map<string, Job>;
let jobsChanged: FakeEmitter<void>;
let jobEnded: FakeEmitter<Job>;
let installed: Models;
let call: ReturnType<typeof vi.fn>;
let lessons: Lessons;

beforeEach(() => {
  vi.clearAllMocks();
  code.commands.executeCommand.mockResolvedValue(undefined);
  panels.length = terminals.length = 0;
  kept = {};
  known = new Map();
  installed = models();
  start();
});

/** As after the window was loaded. */
function start(): void {
  jobsChanged = new FakeEmitter<void>();
  jobEnded = new FakeEmitter<Job>();
  call = vi.fn();
  const answer = (method: string, params: unknown): Promise<unknown> =>
    method.endsWith("/list") || method === "device/status"
      ? Promise.resolve({ ...installed, boards: [] })
      : Promise.resolve((call as (...args: unknown[]) => unknown)(method, params));
  const memento = {
    get: (key: string) => kept[key],
    update: (key: string, value: unknown) => {
      kept[key] = value;
      return Promise.resolve();
    },
  };
  const context = { extensionUri: new FakeUri(resolve(".")), globalState: memento };
  const onDidChangeHealth = new FakeEmitter().event;
  const python = () => Promise.resolve("/worker/bin/python");
  const on = new FakeEmitter().event;
  const worker = { health: { kind: "ready" }, onDidChangeHealth, on, call: answer, python } as unknown as Worker;
  const jobs = {
    get: (id: string) => known.get(id),
    onDidChange: jobsChanged.event,
    onDidEnd: jobEnded.event,
  } as unknown as JobList;
  lessons = new Lessons(context as unknown as ExtensionContext, worker, new Devices(worker, jobs), jobs);
}

function becomes(job: Job): void {
  known.set(job.id, job);
  jobsChanged.fire();
}

async function opened(): Promise<FakePanel> {
  await lessons.open(ID);
  const panel = panels[0] ?? expect.unreachable();
  await panel.sends({ type: "ready" });
  return panel;
}

const button = (panel: FakePanel, number = MAKE) => panel.state?.buttons[number];

test("nothing but the lesson's own commands is run, whatever the page sends", async () => {
  const panel = await opened();
  for (const message of [
    { type: "press", button: 99 },
    { type: "press", button: "0" },
    { type: "press", button: MAKE, command: "workbench.action.quit" },
    { type: "command", command: "workbench.action.quit" },
    { type: "executeCommand", command: "workbench.action.terminal.sendSequence", args: [{ text: "ls\r" }] },
    { type: "copy", block: 99 },
    { type: "terminal", block: 99 },
    { type: "openExternal", link: 0 },
    { type: "openExternal", link: "https://example.com" },
    { type: "open", lesson: "../../README" },
    { type: "open", lesson: "__proto__" },
    { type: "cancel", button: 99 },
  ]) {
    expect(await panel.sends(message)).toMatchObject({ message: expect.stringMatching(/\.$/) as string });
  }
  panel.requests.fire("press");
  panel.requests.fire({ type: "press", button: MAKE });
  expect(code.commands.executeCommand).not.toHaveBeenCalled();
  expect(code.env.openExternal).not.toHaveBeenCalled();
  expect(code.env.clipboard.writeText).not.toHaveBeenCalled();
  expect(call).not.toHaveBeenCalled();
  expect(terminals).toEqual([]);
  expect(panels).toHaveLength(1);
});

test("a model that a lesson needs is there as soon as it was downloaded", async () => {
  await lessons.open("video-generation-ttmetal");
  const panel = panels[0] ?? expect.unreachable();
  await panel.sends({ type: "ready" });
  const sdxl = (): string | undefined =>
    panel.state?.requirements.find(({ label }) => label.startsWith("The model"))?.state;
  await vi.waitFor(() => {
    expect(sdxl()).toBe("missing");
  });
  installed = models({ installed: true });
  jobEnded.fire(golden("done"));
  jobEnded.fire(downloaded("done"));
  await vi.waitFor(() => {
    expect(sdxl()).toBe("met");
  });
});

test("the page may load the extension's own files only, and run no command by a link", async () => {
  const panel = await opened();
  const { localResourceRoots, enableCommandUris } = panel.webview.options;
  expect(enableCommandUris).toBeUndefined();
  expect(localResourceRoots.map(({ path }) => path)).toEqual(
    ["dist", "lessons", "media"].map((folder) => resolve(folder)),
  );
  expect(panel.webview.html).toContain(`res:${resolve("lessons/images/your-first-video-ball.webp")}`);
});

test("a press runs the command with the arguments that the lesson has, and a done job ticks the step", async () => {
  const panel = await opened();
  code.commands.executeCommand.mockResolvedValue([golden("queued", { id: "a" })]);
  expect(await panel.sends({ type: "press", button: MAKE })).toBeNull();
  expect(code.commands.executeCommand).toHaveBeenCalledExactlyOnceWith("ttVideo.generateVideo", {
    prompt: "a red ball bouncing on green grass",
    parameters: { seed: 1 },
  });
  await vi.waitFor(() => {
    expect(button(panel)).toMatchObject({ state: "running", cancellable: true });
  });
  becomes(golden("running", { id: "a" }));
  await vi.waitFor(() => {
    expect(button(panel)?.detail).toContain("4 s left");
  });
  expect(panel.state?.steps).toEqual([false, false, false, false]);
  becomes(golden("done", { id: "a" }));
  await vi.waitFor(() => {
    expect(button(panel)?.state).toBe("done");
    expect(panel.state?.steps).toEqual([true, false, false, false]);
  });
});

test("a failed job does not tick, and says what happened and what to do", async () => {
  const panel = await opened();
  code.commands.executeCommand.mockResolvedValue([golden("queued", { id: "a" })]);
  await panel.sends({ type: "press", button: MAKE });
  becomes(golden("failed", { id: "a" }));
  await vi.waitFor(() => {
    expect(button(panel)).toMatchObject({ state: "failed", hint: expect.stringMatching(/\.$/) as string });
  });
  expect(panel.state?.steps).toEqual([false, false, false, false]);
});

test("a second press while the job runs starts nothing; Cancel cancels what has not ended", async () => {
  const panel = await opened();
  code.commands.executeCommand.mockResolvedValue(["a", "b", "c"].map((id) => golden("queued", { id })));
  await panel.sends({ type: "press", button: SEEDS });
  becomes(golden("done", { id: "a" }));
  await panel.sends({ type: "press", button: SEEDS });
  expect(code.commands.executeCommand).toHaveBeenCalledOnce();
  await panel.sends({ type: "cancel", button: SEEDS });
  expect(call.mock.calls).toEqual([
    ["jobs/cancel", { id: "b" }],
    ["jobs/cancel", { id: "c" }],
  ]);
});

test("a command that starts no job ticks when it has answered; one that was called off or failed does not", async () => {
  const panel = await opened();
  await panel.sends({ type: "press", button: PROMPT });
  await vi.waitFor(() => {
    expect(panel.state?.steps).toEqual([false, false, false, true]);
  });
  code.commands.executeCommand.mockResolvedValueOnce(false);
  await panel.sends({ type: "press", button: SET_UP });
  await vi.waitFor(() => {
    expect(button(panel, SET_UP)?.state).toBe("idle");
  });
  // Generate Video answers with nothing when it has told what is wrong already.
  await panel.sends({ type: "press", button: MAKE });
  await vi.waitFor(() => {
    expect(button(panel)?.state).toBe("idle");
  });
  code.commands.executeCommand.mockRejectedValueOnce(new Failure("disk", "The disk is full.", "Free some space."));
  await panel.sends({ type: "press", button: STEPS });
  await vi.waitFor(() => {
    expect(button(panel, STEPS)).toMatchObject({
      state: "failed",
      detail: "The disk is full.",
      hint: "Free some space.",
    });
  });
  expect(panel.state?.steps).toEqual([false, false, false, true]);
});

test("after a reload, the page comes back and finds its job again, which then ticks", async () => {
  const before = await opened();
  code.commands.executeCommand.mockResolvedValue([golden("queued", { id: "a" })]);
  await before.sends({ type: "press", button: MAKE });
  kept = JSON.parse(JSON.stringify(kept)) as typeof kept;
  start();

  const after = new FakePanel();
  await registered.serializer?.deserializeWebviewPanel(after, { lesson: ID, scroll: 10 });
  await after.sends({ type: "ready" });
  expect(after.title).toBe("Your first video");
  becomes(golden("running", { id: "a" }));
  await vi.waitFor(() => {
    expect(button(after)).toMatchObject({ state: "running", cancellable: true });
  });
  becomes(golden("done", { id: "a" }));
  await vi.waitFor(() => {
    expect(after.state?.steps[0]).toBe(true);
  });
  await lessons.open(ID);
  expect(after.reveal).toHaveBeenCalledOnce();
});

test.each([undefined, null, "x", {}, { lesson: 1 }, { lesson: "../x" }])(
  "a page that kept nothing of use is closed: %j",
  async (state) => {
    const panel = new FakePanel();
    await registered.serializer?.deserializeWebviewPanel(panel, state);
    expect(panel.dispose).toHaveBeenCalledOnce();
    expect(panel.webview.html).toBe("");
  },
);

test("a lesson has one page; a closed one opens anew; without an id, it is asked which", async () => {
  const panel = await opened();
  await lessons.open(ID);
  expect(panels).toHaveLength(1);
  expect(panel.reveal).toHaveBeenCalledOnce();
  panel.dispose();
  await lessons.open();
  expect(code.window.showQuickPick).toHaveBeenCalledOnce();
  expect(panels).toHaveLength(2);
  await expect(lessons.open("no-such")).rejects.toMatchObject({ kind: "notFound" });
});

test("code is copied as it is, and put into a terminal of its own without running it", async () => {
  const panel = await opened();
  expect(await panel.sends({ type: "copy", block: 0 })).toBeNull();
  expect(code.env.clipboard.writeText).toHaveBeenCalledExactlyOnceWith("ls -t ~/tt-scratchpad");
  const folder = join(await mkdtemp(join(tmpdir(), "lessons-")), "not-there-yet");
  settings["output.folder"] = folder;
  expect(await panel.sends({ type: "terminal", block: 0 })).toBeNull();
  expect(code.window.createTerminal).toHaveBeenCalledWith({
    name: "Your first video",
    cwd: folder,
    env: { PATH: `/worker/bin:${process.env["PATH"] ?? ""}` },
  });
  expect((await stat(folder)).isDirectory()).toBe(true);
  expect(terminals).toHaveLength(1);
  expect(terminals[0]?.sendText).toHaveBeenCalledExactlyOnceWith("ls -t ~/tt-scratchpad", false);
});

test("the tree shows how far the lesson is, and that it is complete is told", async () => {
  const completed = vi.fn();
  lessons.onDidComplete(completed);
  const provider = registered.provider ?? expect.unreachable();
  const item = async () => {
    const [group] = await provider.getChildren();
    expect(provider.getTreeItem(group)).toMatchObject({ label: "Basics", collapsibleState: 2 });
    const [lesson] = await provider.getChildren(group);
    expect(await provider.getChildren(lesson)).toEqual([]);
    return provider.getTreeItem(lesson);
  };
  expect(await item()).toMatchObject({
    label: "Your first video",
    description: "5 minutes",
    iconPath: { id: "circle-large-outline" },
    command: { command: "ttVideo.openLesson", arguments: [ID] },
  });

  const panel = await opened();
  await panel.sends({ type: "press", button: PROMPT });
  expect(await item()).toMatchObject({
    description: "1 of 4 steps",
    iconPath: { id: "play-circle" },
    accessibilityInformation: { label: "Your first video, 5 minutes, 1 of 4 steps done" },
  });
  for (const number of [MAKE, SEEDS, STEPS]) {
    expect(completed).not.toHaveBeenCalled();
    code.commands.executeCommand.mockResolvedValue([golden("queued", { id: `job${number}` })]);
    await panel.sends({ type: "press", button: number });
    becomes(golden("done", { id: `job${number}` }));
    await vi.waitFor(() => {
      expect(button(panel, number)?.state).toBe("done");
    });
  }
  expect(completed).toHaveBeenCalledWith(ID);
  expect(await item()).toMatchObject({ description: "4 of 4 steps", iconPath: { id: "pass-filled" } });
});
