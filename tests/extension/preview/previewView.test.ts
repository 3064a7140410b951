// The view with its list of files, from the worker's events to what the page is sent and may load.
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ExtensionContext, WebviewView } from "vscode";
import type { Generator } from "../../../extension/src/generate/generator";
import type { JobList } from "../../../extension/src/jobs/jobList";
import { OutputList } from "../../../extension/src/preview/outputList";
import { OutputPreview } from "../../../extension/src/preview/previewView";
import type { PreviewMessage, PreviewState, WorkerHealth } from "../../../extension/src/shared/protocol";
import type { Job, OutputAppeared } from "../../../extension/src/worker/contract";
import type { Boards } from "../../../extension/src/storyboards/boards";
import type { Board } from "../../../extension/src/storyboards/making";
import type { Worker } from "../../../extension/src/worker/worker";
import { code, FakeEmitter, set, type FakeUri } from "./fakeCode";
import { appeared, job, models } from "./goldens";

vi.mock("vscode", async () => (await import("./fakeCode")).code);

class FakeWorker {
  health: WorkerHealth = { kind: "stopped" };
  readonly healthChanged = new FakeEmitter<WorkerHealth>();
  readonly onDidChangeHealth = this.healthChanged.event;
  readonly appeared = new FakeEmitter<OutputAppeared>();
  readonly listing: OutputAppeared[] = [];
  readonly on = (_event: string, listener: (entry: OutputAppeared) => void) => this.appeared.event(listener);
  readonly call = vi.fn<(method: string, params: object) => Promise<object>>(() =>
    Promise.resolve({ outputs: this.listing }),
  );
  readonly start = vi.fn(() => {
    this.becomes({ kind: "ready" });
    return Promise.resolve({});
  });

  becomes(health: WorkerHealth): void {
    this.health = health;
    this.healthChanged.fire(health);
  }
}

class FakeView {
  readonly received: unknown[] = [];
  readonly requests = new FakeEmitter<unknown>();
  readonly visibilityChanged = new FakeEmitter<void>();
  readonly disposed = new FakeEmitter<void>();
  readonly onDidChangeVisibility = this.visibilityChanged.event;
  readonly onDidDispose = this.disposed.event;
  visible = true;
  readonly webview = {
    options: { localResourceRoots: [] as FakeUri[], enableScripts: false },
    html: "",
    cspSource: "res:",
    asWebviewUri: (uri: FakeUri) => uri,
    onDidReceiveMessage: this.requests.event,
    postMessage: (message: unknown) => {
      this.received.push(structuredClone(message));
      return Promise.resolve(true);
    },
  };

  get roots(): string[] {
    return this.webview.options.localResourceRoots.map((uri) => uri.path);
  }

  sends(message: unknown): void {
    this.requests.fire({ number: 1, message });
  }

  show(visible: boolean): void {
    this.visible = visible;
    this.visibilityChanged.fire();
  }

  get state(): PreviewState | undefined {
    const states = this.received.filter((each): each is { state: PreviewState } =>
      Object.hasOwn(each as object, "state"),
    );
    return states.at(-1)?.state;
  }
}

let folder: string;
let worker: FakeWorker;
let jobs: Job[];
let jobsChanged: FakeEmitter<void>;
let outputs: OutputList;
let preview: OutputPreview;
let view: FakeView;
let board: Board | null;
const boards = {
  pin: vi.fn<(file: string | null) => void>(),
  get: () => board,
  failure: () => null,
  changed: new FakeEmitter<string>(),
  onDidChange: (listener: (file: string) => void) => boards.changed.event(listener),
};

beforeEach(async () => {
  vi.clearAllMocks();
  folder = await realpath(await mkdtemp(join(tmpdir(), "preview-view-")));
  set("output.folder", folder);
  worker = new FakeWorker();
  jobs = [];
  jobsChanged = new FakeEmitter();
  const list = {
    get jobs() {
      return jobs;
    },
    queue: { paused: false, reason: null },
    get: (id: string) => jobs.find((each) => each.id === id),
    onDidChange: jobsChanged.event,
  } as unknown as JobList;
  const kept = new Map<string, unknown>();
  const context = {
    extensionUri: code.Uri.file("/ext"),
    globalStorageUri: code.Uri.file(join(folder, "..", "storage")),
    workspaceState: {
      get: (key: string) => kept.get(key),
      update: (key: string, value: unknown) => kept.set(key, value),
    },
  } as unknown as ExtensionContext;
  const generator = {
    models: () => Promise.resolve(models()),
    history: ["one"],
    presets: [],
    onDidChange: new FakeEmitter().event,
  } as unknown as Generator;
  board = null;
  outputs = new OutputList(worker as unknown as Worker, list);
  preview = new OutputPreview(
    context,
    worker as unknown as Worker,
    list,
    outputs,
    generator,
    boards as unknown as Boards,
  );
  view = new FakeView();
});
afterEach(async () => {
  preview.dispose();
  outputs.dispose();
  await rm(folder, { recursive: true });
});

function resolve(): void {
  preview.resolveWebviewView(view as unknown as WebviewView);
}

function open(): void {
  resolve();
  view.sends({ type: "ready" } satisfies PreviewMessage);
}

async function file(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, "");
  return path;
}

function appears(path: string, jobId: string | null = null): void {
  worker.appeared.fire(appeared({ path, jobId, at: Date.now() / 1000 }));
}

function shown(check: (state: PreviewState) => unknown): Promise<void> {
  return vi.waitFor(() => {
    expect(view.state && check(view.state)).toBeTruthy();
  });
}

test("nothing is started before the view is looked at; then the worker is, and its files are listed", async () => {
  worker.listing.push(appeared({ path: await file("old.mp4") }));
  expect(worker.start).not.toHaveBeenCalled();
  open();

  expect(worker.start).toHaveBeenCalledTimes(1);
  await shown((state) => state.outputs.length === 1 && state.models.length === 1 && state.worker.kind === "ready");
  const [method, params] = worker.call.mock.calls[0] ?? [];
  expect(method).toBe("outputs/watch");
  expect(params).toEqual({ folders: expect.arrayContaining([folder, join(homedir(), "tt-scratchpad")]) as string[] });
});

test("a crashed worker is not started by looking at the view", () => {
  worker.becomes({ kind: "crashed", message: "It ended.", hint: "Restart it." });
  open();
  view.show(false);
  view.show(true);

  expect(worker.start).not.toHaveBeenCalled();
  expect(view.state?.worker.kind).toBe("crashed");
});

test("a file that appears is shown by itself, whoever made it", async () => {
  open();
  await shown((state) => state.models.length === 1);
  appears(await file("first.mp4"));
  await shown((state) => state.selected?.endsWith("first.mp4"));

  appears(await file("clip.mp4"), "1f");
  appears(await file("clip.gif"), "1f");
  await shown((state) => state.outputs.length === 3);
  expect(view.state?.selected).toBe(join(folder, "clip.mp4"));
  expect(preview.selected?.output.path).toBe(join(folder, "clip.mp4"));
});

test("the page may load the bundle, the output folders and the start images, and nothing else", async () => {
  open();
  const storage = join(folder, "..", "storage", "startImages");
  const scratchpad = join(homedir(), "tt-scratchpad");
  expect(new Set(view.roots)).toEqual(new Set(["/ext/dist", folder, scratchpad, await real(scratchpad), storage]));
  expect(view.webview.options.enableScripts).toBe(true);

  const other = join(folder, "other");
  set("output.folder", other);
  expect(view.roots).toContain(other);
  expect(view.roots).not.toContain(folder);
});

test("an output folder that is a link is known by both its names", async () => {
  const target = join(folder, "target");
  await mkdir(target);
  await symlink(target, join(folder, "link"));
  set("output.folder", join(folder, "link", "videos"));
  open();

  expect(worker.call.mock.calls.at(-1)?.[1]).toMatchObject({
    folders: expect.arrayContaining([join(folder, "link", "videos"), join(target, "videos")]) as string[],
  });
  expect(view.roots).toEqual(expect.arrayContaining([join(folder, "link", "videos"), join(target, "videos")]));
});

test("a file outside the output folders is not shown, and cannot be acted on", async () => {
  open();
  await shown((state) => state.models.length === 1);
  appears("/etc/passwd.png");
  appears(join(folder, "..", "secret.png"));
  appears(await file("good.mp4"));
  await shown((state) => state.outputs.length > 0);

  expect(view.state?.outputs.map(({ name }) => name)).toEqual(["good.mp4"]);
  view.received.length = 0;
  view.sends({ type: "output", action: "delete", id: "/etc/passwd.png" } satisfies PreviewMessage);
  await vi.waitFor(() => {
    expect(view.received).toMatchObject([{ replyTo: 1, error: { message: expect.any(String) as string } }]);
  });
  expect(code.workspace.fs.delete).not.toHaveBeenCalled();
});

test("hostile messages are refused, and run nothing", async () => {
  const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
  resolve();
  const hostile = [
    { type: "command", command: "workbench.action.terminal.new" },
    { type: "output", action: "exec", id: "/bin/sh" },
    { type: "__proto__" },
    "ttVideo.showLog",
  ];
  for (const message of hostile) {
    view.sends(message);
  }
  await vi.waitFor(() => {
    expect(view.received.filter((each) => Object.hasOwn(each as object, "replyTo"))).toHaveLength(hostile.length);
  });
  expect(code.commands.executeCommand).not.toHaveBeenCalled();
  expect(warn).toHaveBeenCalledTimes(hostile.length);
  warn.mockRestore();
});

test("a hidden view is not visible and gets its state when it is shown again", async () => {
  open();
  await shown((state) => state.models.length === 1);
  view.show(false);
  expect(preview.visible).toBe(false);
  view.received.length = 0;
  appears(await file("meanwhile.mp4"));
  expect(view.received).toEqual([]);

  view.show(true);
  expect(preview.visible).toBe(true);
  await shown((state) => state.visible && state.selected?.endsWith("meanwhile.mp4"));
});

test("files that were deleted while nobody looked are gone when the view is shown", async () => {
  open();
  await shown((state) => state.models.length === 1);
  appears(await file("gone.mp4"));
  appears(await file("there.mp4"));
  view.show(false);
  await rm(join(folder, "gone.mp4"));
  view.show(true);

  await shown((state) => state.outputs.length === 1);
  expect(view.state?.outputs[0]?.name).toBe("there.mp4");
});

test("with a removed job go those of its files that were deleted, and no others", async () => {
  jobs = [job("done", { id: "one" }), job("done", { id: "two" })];
  open();
  await shown((state) => state.models.length === 1);
  appears(await file("one.mp4"), "one");
  appears(await file("two.mp4"), "two");
  jobsChanged.fire();
  await rm(join(folder, "one.mp4"));
  jobs = [];
  jobsChanged.fire();

  await shown((state) => state.outputs.length === 1);
  expect(view.state?.outputs[0]).toMatchObject({ name: "two.mp4", job: null });
});

test("the prompt box is opened and focused once, and not again when the view is shown later", async () => {
  open();
  await preview.openPrompt();
  expect(code.commands.executeCommand.mock.calls).toEqual([["ttVideo.preview.focus", { preserveFocus: false }]]);
  await shown((state) => state.interactive && state.focusPrompt === 1);

  view.show(false);
  view.show(true);
  await shown((state) => state.interactive && state.focusPrompt === 0);
});

test("showing a listed file selects it and reveals the view; another file opens in the editor", async () => {
  open();
  await shown((state) => state.models.length === 1);
  appears(await file("a.mp4"));
  appears(await file("b.mp4"));
  await preview.show(join(folder, "a.mp4"));
  await shown((state) => state.selected?.endsWith("a.mp4"));
  expect(code.commands.executeCommand.mock.calls).toEqual([["ttVideo.preview.focus", { preserveFocus: true }]]);

  await preview.show(await file("unlisted.mp4"));
  expect(code.commands.executeCommand.mock.calls.at(-1)?.[0]).toBe("vscode.open");
});

test("a setting that changes reaches the page", async () => {
  open();
  set("preview.loop", false);
  await shown((state) => !state.loop);
  set("preview.loop", true);
  await shown((state) => state.loop);
});

test("a view that is closed gets nothing more, and can be opened again", async () => {
  open();
  view.disposed.fire();
  expect(preview.visible).toBe(false);
  view.received.length = 0;
  set("preview.loop", false);
  view.sends({ type: "ready" });
  expect(view.received).toEqual([]);

  view = new FakeView();
  open();
  await shown((state) => !state.loop);
});

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

test("a storyboard in the prompt box shows its next prompt, and is there again after a reload", async () => {
  open();
  await preview.openStoryboard("/home/ada/fair.txt");
  expect(boards.pin).toHaveBeenLastCalledWith("/home/ada/fair.txt");
  await shown(({ interactive, storyboard }) => interactive && storyboard?.title === "fair" && storyboard.next === null);

  const missing = {
    line: 0,
    endLine: 0,
    state: "missing",
    picture: null,
    seed: null,
    seconds: null,
    device: null,
  } as const;
  const frames = [{ ...missing, number: 0, prompt: "a red ball" }];
  board = {
    file: "/home/ada/fair.txt",
    storyboard: { model: "tiny", frames, problems: [], folder: null, adoptable: [] },
  };
  boards.changed.fire("/home/ada/other.txt");
  boards.changed.fire("/home/ada/fair.txt");
  await shown(({ storyboard }) => storyboard?.next?.prompt === "a red ball");

  view.sends({ type: "leaveStoryboard" } satisfies PreviewMessage);
  await shown(({ interactive, storyboard }) => interactive && storyboard === null);
  expect(boards.pin).toHaveBeenLastCalledWith(null);
});
