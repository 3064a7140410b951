// What an editor shows of a storyboard, and what its commands ask of the worker; VS Code and the worker are replaced.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure } from "../../../extension/src/errors";
import type { JobList } from "../../../extension/src/jobs/jobList";
import type { OutputPreview } from "../../../extension/src/preview/previewView";
import type { WorkerHealth } from "../../../extension/src/shared/protocol";
import { offerAdoption } from "../../../extension/src/storyboards/adoption";
import { Boards } from "../../../extension/src/storyboards/boards";
import { registerLanguageFeatures } from "../../../extension/src/storyboards/languageFeatures";
import type { Examples } from "../../../extension/src/examples";
import { StoryboardCommands } from "../../../extension/src/storyboards/storyboardCommands";
import { makeTyped } from "../../../extension/src/storyboards/typedPrompt";
import type { Job, Storyboard } from "../../../extension/src/worker/contract";
import type { Worker } from "../../../extension/src/worker/worker";
import { boarded } from "../jobs/golden";
import { FakeEmitter } from "../preview/fakeCode";
import { FILE, frame, made, problem, storyboard } from "./board";
import {
  close,
  closeAll,
  code,
  editorChanged,
  FakeUri,
  open,
  problems,
  providers,
  type,
  type FakeDocument,
} from "./fakeCode";

vi.mock("vscode", async () => (await import("./fakeCode")).code);

const OUT = { outputFolder: "/out" };
const health = new FakeEmitter<WorkerHealth>();
const call = vi.fn<(method: string, params: Record<string, unknown>) => Promise<unknown>>();
const preview = { letSee: vi.fn(), openStoryboard: vi.fn() };
const jobsChanged = new FakeEmitter<void>();
let jobs: Job[];
let answer: (params: Record<string, unknown>) => Promise<Storyboard>;
const start = () => Promise.resolve();
let worker: { health: WorkerHealth; start: typeof start; call: typeof call; onDidChangeHealth: typeof health.event };
let boards: Boards;
let features: { dispose: () => void };
let adoption: { dispose: () => void };
let commands: StoryboardCommands;

beforeEach(() => {
  vi.clearAllMocks();
  vi.useFakeTimers();
  jobs = [];
  // One frame for each line, so that what is answered tells which text was asked about.
  answer = ({ text }) => Promise.resolve(storyboard({ frames: framesOf(String(text)) }));
  call.mockImplementation((method, params) =>
    method === "storyboard/check"
      ? answer(params)
      : Promise.resolve(method.startsWith("jobs/") ? boarded("queued") : {}),
  );
  worker = { health: { kind: "ready" }, start, call, onDidChangeHealth: health.event };
  const list = {
    get jobs() {
      return jobs;
    },
    onDidChange: jobsChanged.event,
  } as unknown as JobList;
  const asWorker = worker as unknown as Worker;
  boards = new Boards(asWorker, list);
  features = registerLanguageFeatures(asWorker, list, boards);
  adoption = offerAdoption(asWorker, boards);
  commands = new StoryboardCommands(asWorker, preview as unknown as OutputPreview, {} as unknown as Examples);
});
afterEach(() => {
  closeAll();
  for (const each of [features, adoption, boards]) {
    each.dispose();
  }
  vi.useRealTimers();
});

function framesOf(text: string) {
  return text
    .split("\n")
    .map((prompt, line) => frame(line, { line, endLine: line, prompt: prompt.split(" |")[0] ?? "" }));
}

function asked(method: string): Record<string, unknown>[] {
  return call.mock.calls.filter(([name]) => name === method).map(([, params]) => params);
}

function passes(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(1000);
}

async function lensesOf(document: FakeDocument): Promise<string[]> {
  const lenses = providers.lenses?.provideCodeLenses(document);
  await passes();
  return ((await lenses) ?? []).map(({ command }) => command.title);
}

test("nothing is asked before a storyboard is open, and nothing about other files", async () => {
  open("/home/ada/notes.txt", "no storyboard");
  open("/home/ada/a.storyboard", "in a version of Git", "git");
  await passes();
  expect(call).not.toHaveBeenCalled();
  open(FILE, "a ball");
  await passes();
  expect(asked("storyboard/check")).toEqual([{ file: FILE, text: "a ball", ...OUT }]);
});

test("problems of the text as the editor shows it are shown at their place, and are gone when it is closed", async () => {
  answer = () => Promise.resolve(storyboard({ problems: [problem(), problem({ severity: "information" })] }));
  const document = open(FILE, "a ball");
  await passes();
  const shown = problems.get(FILE) ?? [];
  expect(shown.map(({ range, severity, message }) => [range, severity, message])).toEqual([
    [new code.Range(3, 4, 3, 9), 0, "That is no key."],
    [new code.Range(3, 4, 3, 9), 3, "That is no key."],
  ]);
  close(document);
  expect(problems.has(FILE)).toBe(false);
});

test("an answer to an older text never replaces a newer one's", async () => {
  const waiting: (() => void)[] = [];
  answer = ({ text }) =>
    new Promise((resolve) => {
      waiting.push(() => {
        resolve(storyboard({ problems: [problem({ message: String(text) })] }));
      });
    });
  const document = open(FILE, "first");
  await passes();
  type(document, "second");
  waiting[0]?.();
  await passes();
  expect(problems.get(FILE) ?? []).toEqual([]);
  waiting[1]?.();
  await passes();
  expect(problems.get(FILE)?.map(({ message }) => message)).toEqual(["second"]);
});

test("what the worker refuses is a problem of the file; a worker that is not there is none", async () => {
  answer = () => Promise.reject(new Failure("invalidParameters", "It is too long.", "Make it shorter."));
  open(FILE, "a ball");
  await passes();
  expect(problems.get(FILE)?.map(({ message }) => message)).toEqual(["It is too long. Make it shorter."]);
  worker.health = { kind: "crashed", message: "It crashed.", hint: "Restart it." };
  health.fire(worker.health);
  await passes();
  expect(problems.get(FILE)).toEqual([]);
});

test("the links are those of the text as it is, and follow the jobs", async () => {
  const document = open(FILE, "a ball");
  expect(await lensesOf(document)).toContain("Generate the missing frame");
  type(document, "a ball\na cube");
  expect(await lensesOf(document)).toContain("Generate all 2 frames");

  const changes = vi.fn();
  (providers.lenses as unknown as { onDidChangeCodeLenses: (hear: () => void) => void }).onDidChangeCodeLenses(changes);
  jobs = [boarded("running", { only: [1] })];
  jobsChanged.fire();
  jobsChanged.fire();
  await passes();
  expect(changes).toHaveBeenCalledTimes(1);
  expect(await lensesOf(document)).toContain("Frame 1: making, 5 of 12");
  changes.mockClear();
  jobs = [...jobs, boarded("running", { file: "/elsewhere.txt" }, { id: "other", folder: "/elsewhere" })];
  jobsChanged.fire();
  await passes();
  expect(changes).not.toHaveBeenCalled();
});

test("when a frame is there, it is asked what is made now", async () => {
  const document = open(FILE, "a ball");
  await passes();
  jobs = [boarded("running", {}, { framesDone: 1 })];
  jobsChanged.fire();
  jobsChanged.fire();
  await passes();
  expect(asked("storyboard/check")).toHaveLength(2);
  jobs = [boarded("running", {}, { framesDone: 1, device: "cpu" })];
  jobsChanged.fire();
  await passes();
  expect(asked("storyboard/check")).toHaveLength(2);
  editorChanged.fire({ document });
  await passes();
  expect(asked("storyboard/check")).toHaveLength(3);
});

test("without a worker, the link is to get one; without a file, to save", async () => {
  worker.health = { kind: "notSetUp", message: "There is no worker.", hint: "Set it up." };
  expect(await lensesOf(open(FILE, "a ball"))).toEqual(["Set up the worker to make these frames"]);
  expect(asked("storyboard/check")).toEqual([]);
  expect(await lensesOf(open("Untitled-1", "a ball", "untitled"))).toEqual(["Save this storyboard to make its frames"]);
});

test("the picture of a frame is shown on hover, and its text is never read as Markdown", async () => {
  const picture = "/out/a b/frames/frame_000.png";
  answer = () => Promise.resolve(storyboard({ frames: [made(0, { picture, device: "[x](command:y)" })] }));
  const document = open(FILE, "a ball");
  await passes();
  const hover = await providers.hover?.(document, { line: 0, character: 3 });
  expect(hover?.contents.value).toBe(
    "Frame 0\\: made\\, seed 7\\, \\[x\\]\\(command\\:y\\)\\, 3\\.2 s\n\n" +
      "![Frame 0](file:///out/a%20b/frames/frame_000.png|width=192)",
  );
  expect(hover?.contents.isTrusted).toBe(false);
  expect(await providers.hover?.(document, { line: 5, character: 0 })).toBeNull();
});

test("keys and values are completed from where they begin", async () => {
  const items = [
    { label: "seed", insert: "seed=", column: 9, detail: "The seed", kind: "key" },
    { label: "zoom-in", insert: "zoom-in", column: 9, detail: "Nearer", kind: "value" },
  ];
  call.mockImplementation(() => Promise.resolve({ items, frames: [], problems: [], adoptable: [] }));
  const document = open(FILE, "a ball | se");
  const found = await providers.complete?.(document, { line: 0, character: 11 });
  expect(asked("storyboard/complete")).toEqual([{ text: "a ball | se", line: 0, column: 11 }]);
  expect(found).toMatchObject([
    { label: "seed", kind: 9, insertText: "seed=", filterText: "seed=", range: new code.Range(0, 9, 0, 11) },
    { label: "zoom-in", kind: 11, insertText: "zoom-in" },
  ]);
  expect([found?.[0]?.["command"] !== undefined, found?.[1]?.["command"]]).toEqual([true, undefined]);
});

test("pictures of other programs are offered once, and taken only when somebody says so", async () => {
  const adoptable = ["/home/ada/fair/frame_000.png", "/home/ada/fair/frame_001.png"];
  answer = () => Promise.resolve(storyboard({ adoptable, folder: null }));
  code.window.showInformationMessage.mockResolvedValueOnce("Not Now");
  const document = open(FILE, "a ball");
  await passes();
  type(document, "a cube");
  await passes();
  expect(code.window.showInformationMessage.mock.calls).toEqual([
    [
      "video_prompts: 2 pictures named like its frames lie beside it. Use them as its frames?",
      "Use as Frames",
      "Not Now",
    ],
  ]);
  expect(asked("jobs/storyboard")).toEqual([]);

  code.window.showInformationMessage.mockResolvedValueOnce("Use as Frames");
  open("/home/ada/other.storyboard", "a ball");
  await passes();
  expect(asked("jobs/storyboard")).toMatchObject([
    { file: "/home/ada/other.storyboard", adopt: "/home/ada/fair", only: [], ...OUT },
  ]);
});

test("the active storyboard is made as the editor shows it, and the preview shows how it goes", async () => {
  const document = open(FILE, "a ball");
  code.window.activeTextEditor = { document };
  await commands.generate(undefined);
  type(document, "a cube");
  await commands.generate(undefined);
  expect(asked("jobs/storyboard")).toEqual([
    { kind: "storyboard", file: FILE, text: null, device: "auto", metadata: true, ...OUT },
    { kind: "storyboard", file: FILE, text: "a cube", device: "auto", metadata: true, ...OUT },
  ]);
  expect(preview.letSee).toHaveBeenCalledTimes(2);
  code.window.activeTextEditor = undefined;
});

test("a storyboard is chosen in the explorer or in a dialog", async () => {
  await commands.generate(FakeUri.file("/home/ada/any.txt"));
  code.window.showOpenDialog.mockResolvedValueOnce([FakeUri.file("/home/ada/chosen.txt")]);
  await commands.generate(undefined);
  expect(await commands.generate(undefined)).toBeUndefined();
  expect(asked("jobs/storyboard").map(({ file }) => file)).toEqual(["/home/ada/any.txt", "/home/ada/chosen.txt"]);
  await expect(commands.generate(FakeUri.of("git", "/a.txt"))).rejects.toMatchObject({ kind: "unsupported" });
  await expect(commands.generate(3)).rejects.toMatchObject({ kind: "invalidParameters" });
});

test("a storyboard in no file is saved first, or not made", async () => {
  code.window.activeTextEditor = { document: open("Untitled-1", "a ball", "untitled") };
  expect(await commands.generate(undefined)).toBeUndefined();
  expect(code.workspace.save).not.toHaveBeenCalled();
  code.window.showInformationMessage.mockResolvedValueOnce("Save");
  code.workspace.save.mockResolvedValueOnce(FakeUri.file("/home/ada/new.storyboard"));
  await commands.generate(undefined);
  expect(asked("jobs/storyboard")).toMatchObject([{ file: "/home/ada/new.storyboard" }]);
  code.window.activeTextEditor = undefined;
});

test("the links above a prompt ask for its frame", async () => {
  type(open(FILE, ""), "a\nb\nc");
  await commands.frame({ file: FILE, frame: 1 });
  await commands.fromHere({ file: FILE, frame: 1 });
  await commands.reroll({ file: FILE, frame: 1 });
  expect(asked("jobs/storyboard").map(({ only, reroll }) => [only, reroll])).toEqual([
    [[1], undefined],
    [[1, 2], undefined],
    [[1], [1]],
  ]);
  await expect(async () => commands.frame({ frame: 1 })).rejects.toMatchObject({ kind: "invalidParameters" });
});

test("going through a storyboard opens its file beside the prompt box, which needs no editor then", async () => {
  await commands.interactive(FILE);
  expect(code.window.showTextDocument).toHaveBeenCalledTimes(1);
  expect(preview.openStoryboard).toHaveBeenCalledWith(FILE);

  worker.health = { kind: "stopped" };
  boards.pin(FILE);
  await passes();
  expect(call).not.toHaveBeenCalled();
  worker.health = { kind: "ready" };
  health.fire(worker.health);
  await passes();
  expect(asked("storyboard/check")).toEqual([{ file: FILE, text: null, ...OUT }]);
  expect(boards.get(FILE)).not.toBeNull();
  boards.pin(null);
  expect(boards.get(FILE)).toBeNull();
});

test("a typed prompt that is the file's is made as it is", async () => {
  open(FILE, "a ball\na cube | seed=7");
  await makeTyped(worker as unknown as Worker, FILE, 1, " a  cube ");
  expect(code.workspace.applyEdit).not.toHaveBeenCalled();
  expect(asked("jobs/storyboard")).toMatchObject([{ only: [1], text: null }]);
});

test("other words are first written into the file, which is saved if it was", async () => {
  const document = open(FILE, "a ball\na cube | seed=7");
  await makeTyped(worker as unknown as Worker, FILE, 1, "a cat");
  expect([document.text, document.isDirty]).toEqual(["a ball\na cat | seed=7", false]);
  expect(asked("jobs/storyboard")).toMatchObject([{ only: [1], text: null }]);

  type(document, "a ball\na dog | seed=7");
  await makeTyped(worker as unknown as Worker, FILE, 0, "a box");
  expect([document.text, document.isDirty]).toEqual(["a box\na dog | seed=7", true]);
  expect(asked("jobs/storyboard")[1]).toMatchObject({ only: [0], text: "a box\na dog | seed=7" });
});

test("words that would not be this prompt are refused, and the file stays as it is", async () => {
  answer = ({ text }) => Promise.resolve(storyboard({ frames: framesOf(String(text).replace(/^#.*\n/, "")) }));
  const document = open(FILE, "a ball\na cube");
  await expect(makeTyped(worker as unknown as Worker, FILE, 0, "# a cat")).rejects.toThrow(Failure);
  await expect(makeTyped(worker as unknown as Worker, FILE, 9, "a cat")).rejects.toMatchObject({ kind: "notFound" });
  await expect(makeTyped(worker as unknown as Worker, "/gone.txt", 0, "a")).rejects.toMatchObject({ kind: "notFound" });
  expect([document.text, asked("jobs/storyboard")]).toEqual(["a ball\na cube", []]);
});

test("a file that changes while the words are checked is not overwritten", async () => {
  const document = open(FILE, "a ball");
  const usual = answer;
  answer = (params) => {
    if (params["text"] === "a cat") {
      type(document, "a ball, red");
    }
    return usual(params);
  };
  await expect(makeTyped(worker as unknown as Worker, FILE, 0, "a cat")).rejects.toMatchObject({ kind: "wrongState" });
  expect([document.text, asked("jobs/storyboard")]).toEqual(["a ball, red", []]);
});
