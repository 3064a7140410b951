// What the page's requests do; VS Code's own dialogs and commands are replaced, files are real.
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Memento } from "vscode";
import { Failure } from "../../../extension/src/errors";
import type { Generator } from "../../../extension/src/generate/generator";
import type { JobList } from "../../../extension/src/jobs/jobList";
import type { OutputList } from "../../../extension/src/preview/outputList";
import { PreviewMemory } from "../../../extension/src/preview/previewMemory";
import { carryOut, type Asked } from "../../../extension/src/preview/previewRequests";
import { OUTPUT_ACTIONS, type OutputAction } from "../../../extension/src/shared/protocol";
import type { Job, OutputAppeared } from "../../../extension/src/worker/contract";
import type { Worker } from "../../../extension/src/worker/worker";
import { code } from "./fakeCode";
import { boarded } from "../jobs/golden";
import { appeared, job } from "./goldens";

vi.mock("vscode", async () => (await import("./fakeCode")).code);

const PNG = Buffer.from("\x89PNG\r\n\x1a\n a picture", "latin1");
const VALUES = { model: "tiny", negativePrompt: "", parameters: { steps: 3 }, count: 1 };

let folder: string;
let done: Job;
let listed: OutputAppeared[];
let kept: Map<string, unknown>;
let memory: PreviewMemory;
let asked: Asked;
const call = vi.fn();
const submit = vi.fn();
const again = vi.fn();
const savePreset = vi.fn();
const deletePreset = vi.fn();
const useStoryboard = vi.fn();

beforeEach(async () => {
  vi.clearAllMocks();
  code.env.remoteName = undefined;
  folder = await mkdtemp(join(tmpdir(), "preview-"));
  done = job("done", { folder: join(folder, "20260102-a-ball-1f") });
  await mkdir(join(done.folder, "frames"), { recursive: true });
  await writeFile(join(done.folder, "clip.mp4"), "a clip");
  await writeFile(join(done.folder, "frames", "frame_000.png"), PNG);
  await writeFile(join(folder, "foreign.png"), PNG);
  listed = [
    appeared({ path: join(done.folder, "clip.mp4"), jobId: done.id }),
    appeared({ path: join(folder, "foreign.png"), jobId: null }),
  ];
  kept = new Map();
  memory = remember();
  const jobs = { get: (id: string) => (id === done.id ? done : undefined) };
  const outputs = {
    get: (path: string) => listed.find(({ output }) => output.path === path),
    remove: (path: string) => (listed = listed.filter(({ output }) => output.path !== path)),
  };
  asked = {
    worker: { call } as unknown as Worker,
    jobs: jobs as unknown as JobList,
    outputs: outputs as unknown as OutputList,
    generator: { submit, again, savePreset, deletePreset, presets: [] } as unknown as Generator,
    memory,
    useStoryboard,
    startImages: join(folder, "kept"),
    find: (path) => {
      const entry = outputs.get(path);
      if (entry === undefined) {
        throw new Failure("notFound", "It is not listed.", "");
      }
      return entry;
    },
  };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function remember(): PreviewMemory {
  const memento = {
    get: (key: string) => kept.get(key),
    update: (key: string, value: unknown) => Promise.resolve(kept.set(key, value)),
  };
  return new PreviewMemory(memento as unknown as Memento, () => undefined);
}

function clip(): string {
  return join(done.folder, "clip.mp4");
}

function output(action: OutputAction, id = clip()): Promise<void> {
  return carryOut({ type: "output", action, id }, asked);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

test.each(OUTPUT_ACTIONS)("%s of a file that is not listed does nothing", async (action) => {
  const secret = join(folder, "secret.png");
  await writeFile(secret, PNG);
  for (const id of [secret, join(done.folder, "..", "secret.png"), `${clip()}/../../secret.png`, "/etc/passwd"]) {
    await expect(output(action, id)).rejects.toMatchObject({ kind: "notFound" });
  }
  await expect(carryOut({ type: "select", id: secret }, asked)).rejects.toMatchObject({ kind: "notFound" });
  await expect(carryOut({ type: "useFrame", id: secret, frame: 0 }, asked)).rejects.toMatchObject({ kind: "notFound" });

  expect(await exists(secret)).toBe(true);
  const used = [code.commands.executeCommand, code.env.openExternal, code.env.clipboard.writeText, again, call];
  expect(used.flatMap((each) => each.mock.calls)).toEqual([]);
  expect(memory.selected).toBeNull();
});

test("a prompt is submitted with its values and the start image", async () => {
  await carryOut({ type: "submit", prompt: "a ball", values: VALUES }, asked);
  await carryOut({ type: "dropStartImage", name: "../../x.png", data: PNG.toString("base64") }, asked);
  await carryOut({ type: "submit", prompt: "a ball", values: VALUES }, asked);
  await carryOut({ type: "clearStartImage" }, asked);
  await carryOut({ type: "submit", prompt: "a ball", values: VALUES }, asked);

  const [name] = await readdir(asked.startImages);
  const images = submit.mock.calls.map(([, , image]: unknown[]) => image);
  expect(images).toEqual([null, join(asked.startImages, String(name)), null]);
  expect(submit.mock.calls[0]?.slice(0, 2)).toEqual(["a ball", VALUES]);
});

test("a frame of a clip and a listed picture become the start image", async () => {
  await carryOut({ type: "useFrame", id: clip(), frame: 0 }, asked);
  expect(await readFile(memory.startImage?.path ?? "")).toEqual(PNG);

  memory.setStartImage(null);
  const image = listed[1];
  listed = image ? [{ ...image, output: { ...image.output, kind: "image" } }] : [];
  await carryOut({ type: "useFrame", id: join(folder, "foreign.png"), frame: 0 }, asked);
  expect(await readFile(memory.startImage?.path ?? "")).toEqual(PNG);
});

test("a picked picture becomes the start image, and none when nothing was picked", async () => {
  await carryOut({ type: "pickStartImage" }, asked);
  expect(memory.startImage).toBeNull();

  code.window.showOpenDialog.mockResolvedValueOnce([code.Uri.file(join(folder, "foreign.png"))]);
  await carryOut({ type: "pickStartImage" }, asked);
  expect(await readFile(memory.startImage?.path ?? "")).toEqual(PNG);
});

test("a file that is picked for a parameter is in the state, counted", async () => {
  const wanted = { type: "pickFile", key: "startVideo", video: true } as const;
  await carryOut(wanted, asked);
  expect(memory.picked).toBeNull();
  code.window.showOpenDialog.mockResolvedValue([code.Uri.file("/clips/walk.mp4")]);
  await carryOut(wanted, asked);
  await carryOut(wanted, asked);
  expect(memory.picked).toEqual({ key: "startVideo", path: "/clips/walk.mp4", number: 2 });
  code.window.showOpenDialog.mockReset();
});

test.each([
  ["cancel", "jobs/cancel"],
  ["remove", "jobs/remove"],
] as const)("%s of a job is asked of the worker", async (action, method) => {
  await carryOut({ type: "job", action, id: done.id }, asked);
  expect(call.mock.calls).toEqual([[method, { id: done.id }]]);

  await expect(carryOut({ type: "job", action, id: "another" }, asked)).rejects.toMatchObject({ kind: "notFound" });
  expect(call).toHaveBeenCalledTimes(1);
});

test("a job that goes on takes a queue with it that a crash left paused", async () => {
  const answers: Record<string, unknown> = { "jobs/list": { jobs: [], queue: { paused: true, reason: "It died." } } };
  call.mockImplementation((method: string) => Promise.resolve(answers[method]));
  await carryOut({ type: "job", action: "resume", id: done.id }, asked);
  expect(call.mock.calls.map(([method]: unknown[]) => method)).toEqual(["jobs/resume", "jobs/list", "queue/resume"]);
  call.mockReset();
});

test("making again goes by the job, and is refused for another program's file", async () => {
  await carryOut({ type: "job", action: "makeAgain", id: done.id }, asked);
  await carryOut({ type: "job", action: "newSeed", id: done.id }, asked);
  await output("makeAgain");
  await output("newSeed");
  expect(again.mock.calls).toEqual([
    [done, false],
    [done, true],
    [done, false],
    [done, true],
  ]);
  await expect(output("makeAgain", join(folder, "foreign.png"))).rejects.toMatchObject({ kind: "unsupported" });
});

test("a command is run as it is named, with no arguments", async () => {
  await carryOut({ type: "command", command: "ttVideo.showLog" }, asked);
  expect(code.commands.executeCommand.mock.calls).toEqual([["ttVideo.showLog"]]);
});

test("a picture is animated by the command, which asks how", async () => {
  await output("animate", join(folder, "foreign.png"));
  expect(code.commands.executeCommand.mock.calls).toEqual([["ttVideo.animateStill", join(folder, "foreign.png")]]);
});

test("another seed makes one frame of a storyboard again, and only that", async () => {
  done = boarded("done", {}, { folder: done.folder });
  const frame = join(done.folder, "frames", "frame_003.png");
  listed = [appeared({ path: frame, jobId: done.id }), ...listed];
  await output("newSeed", frame);
  expect(call.mock.calls).toMatchObject([
    ["jobs/storyboard", { file: "/home/ada/fair/video_prompts.txt", only: [3], reroll: [3] }],
  ]);
  await expect(output("copyPrompt", frame)).rejects.toMatchObject({ kind: "unsupported" });
  await output("newSeed");
  expect(again).toHaveBeenCalledTimes(1);
});

test("the prompt box makes a frame only of the storyboard that is in it, and leaves it when asked", async () => {
  const frame = { type: "storyboardFrame", frame: 0, prompt: "a ball" } as const;
  await expect(carryOut(frame, asked)).rejects.toMatchObject({ kind: "notFound" });
  await carryOut({ type: "leaveStoryboard" }, asked);
  expect([useStoryboard.mock.calls, call.mock.calls]).toEqual([[[null]], []]);
});

test("path and prompt are copied", async () => {
  await output("copyPath");
  await output("copyPrompt");
  expect(code.env.clipboard.writeText.mock.calls).toEqual([[clip()], ["a red ball bouncing on green grass"]]);
});

test("open goes to the editor, openExternal to the system", async () => {
  await output("open");
  expect(code.commands.executeCommand.mock.calls).toMatchObject([["vscode.open", { fsPath: clip() }]]);

  await output("openExternal");
  expect(code.env.openExternal.mock.calls).toMatchObject([[{ fsPath: clip() }]]);
  expect(code.commands.executeCommand).toHaveBeenCalledTimes(1);
});

test("on another machine, openExternal goes to the editor and reveal copies the path", async () => {
  code.env.remoteName = "ssh-remote";
  await output("openExternal");
  expect(code.env.openExternal).not.toHaveBeenCalled();
  expect(code.commands.executeCommand.mock.calls).toMatchObject([["vscode.open", { fsPath: clip() }]]);

  await output("reveal");
  expect(code.env.clipboard.writeText.mock.calls).toEqual([[clip()]]);
  code.workspace.getWorkspaceFolder.mockReturnValueOnce({});
  await output("reveal");
  expect(code.commands.executeCommand.mock.calls.at(-1)).toMatchObject(["revealInExplorer", { fsPath: clip() }]);
});

test.each(["open", "openExternal", "reveal", "saveAs"] as const)("%s of a deleted file says so", async (action) => {
  await rm(clip());
  await expect(output(action)).rejects.toMatchObject({ kind: "notFound" });
});

test("saving copies the whole file over an earlier one", async () => {
  const target = join(folder, "saved.mp4");
  await writeFile(target, "earlier");
  code.window.showSaveDialog.mockResolvedValueOnce(code.Uri.file(target));
  await output("saveAs");

  expect(await readFile(target, "utf8")).toBe("a clip");
  expect(code.window.showSaveDialog.mock.calls[0]?.[0]).toMatchObject({ filters: { MP4: ["mp4"] } });
});

test("when saving fails half-way, the earlier file is as it was and nothing is left over", async () => {
  const target = join(folder, "saved.mp4");
  await writeFile(target, "earlier");
  code.window.showSaveDialog.mockResolvedValueOnce(code.Uri.file(target));
  code.workspace.fs.copy.mockImplementationOnce(async (_, to) => {
    await writeFile(to.fsPath, "a cl");
    throw new Error("no space left");
  });

  await expect(output("saveAs")).rejects.toMatchObject({ kind: "disk", message: /no space left/ as unknown as string });
  expect(await readFile(target, "utf8")).toBe("earlier");
  expect((await readdir(folder)).sort()).toEqual(["20260102-a-ball-1f", "foreign.png", "saved.mp4"]);
});

test("deleting asks first, and goes to the trash", async () => {
  await expect(output("delete")).rejects.toMatchObject({ kind: "cancelled" });
  expect(await exists(clip())).toBe(true);
  expect(code.window.showWarningMessage.mock.calls[0]?.[1]).toMatchObject({ modal: true });

  code.window.showWarningMessage.mockResolvedValueOnce("Move to Trash");
  await output("delete");
  expect(code.workspace.fs.delete.mock.calls).toMatchObject([[{ fsPath: clip() }, { useTrash: true }]]);
  expect(listed).toHaveLength(1);
  expect(await exists(join(done.folder, "frames", "frame_000.png"))).toBe(true);
});

test("without a trash, deleting for good is asked for in its own words", async () => {
  code.workspace.fs.delete.mockRejectedValueOnce(new Error("no trash"));
  code.window.showWarningMessage.mockResolvedValueOnce("Move to Trash");
  await expect(output("delete")).rejects.toMatchObject({ kind: "cancelled" });
  expect(await exists(clip())).toBe(true);

  code.env.remoteName = "ssh-remote";
  code.window.showWarningMessage.mockResolvedValueOnce("Delete Permanently");
  await output("delete");
  expect(code.workspace.fs.delete.mock.calls.at(-1)).toMatchObject([{ fsPath: clip() }, { useTrash: false }]);
  expect(await exists(clip())).toBe(false);
});

test("a preset is saved under the name that is typed, or not at all", async () => {
  await carryOut({ type: "savePreset", values: VALUES }, asked);
  expect(savePreset).not.toHaveBeenCalled();

  code.window.showInputBox.mockResolvedValueOnce("Fast");
  await carryOut({ type: "savePreset", values: VALUES }, asked);
  expect(savePreset.mock.calls).toEqual([[{ name: "Fast", values: VALUES }]]);

  await carryOut({ type: "deletePreset", name: "Fast" }, asked);
  expect(deletePreset.mock.calls).toEqual([["Fast"]]);
});

test("selection, prompt box and start image are there after a reload; a start image that is gone is not", async () => {
  await carryOut({ type: "select", id: clip() }, asked);
  await carryOut({ type: "interactive", open: true }, asked);
  await carryOut({ type: "useFrame", id: clip(), frame: 0 }, asked);
  const image = memory.startImage;
  memory.storyboard = "/home/ada/fair.txt";

  expect(remember()).toMatchObject({
    selected: clip(),
    interactive: true,
    startImage: image,
    storyboard: "/home/ada/fair.txt",
  });
  await rm(asked.startImages, { recursive: true });
  expect(remember().startImage).toBeNull();
});

test("what was kept in another form is as if nothing was kept", () => {
  for (const key of ["selected", "interactive", "startImage", "storyboard"]) {
    kept.set(`ttVideo.preview.${key}`, { path: "/etc/passwd" });
  }
  expect(remember()).toMatchObject({ selected: null, interactive: false, startImage: null, storyboard: null });
});
