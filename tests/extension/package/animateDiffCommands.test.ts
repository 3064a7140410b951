// Deploy, the two phases and View Output, with a worker and messages that are only recorded.
import { mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { ExtensionContext } from "vscode";
import { Generator } from "../../../extension/src/generate/generator";
import type { JobList } from "../../../extension/src/jobs/jobList";
import { AnimateDiffCommands } from "../../../extension/src/package/animateDiffCommands";
import type { OutputList } from "../../../extension/src/preview/outputList";
import type { OutputPreview } from "../../../extension/src/preview/previewView";
import type { Worker } from "../../../extension/src/worker/worker";
import phases from "../../support/animatediff_phases.json";
import { golden } from "../jobs/golden";
import { code, settings } from "./fakeCode";

vi.mock("vscode", async () => (await import("./fakeCode")).code);

let scratchpad: string;
let folder: string;
const call = vi.fn<(method: string, params: unknown) => Promise<unknown>>();
const look = vi.fn<() => Promise<unknown>>();
const show = vi.fn(() => Promise.resolve());
const letSee = vi.fn();

function commands(): AnimateDiffCommands {
  const worker = { call, python: () => Promise.resolve(null) } as unknown as Worker;
  const memento = { get: () => undefined, update: () => Promise.resolve() };
  const generator = new Generator(
    { globalState: memento } as unknown as ExtensionContext,
    worker,
    {} as unknown as JobList,
  );
  const preview = { show, letSee } as unknown as OutputPreview;
  return new AnimateDiffCommands(worker, generator, { look } as unknown as OutputList, preview);
}

beforeEach(async () => {
  vi.clearAllMocks();
  scratchpad = await mkdtemp(join(tmpdir(), "package-"));
  folder = join(scratchpad, "tt-animatediff");
  settings["output.folder"] = scratchpad;
  settings["generate.device"] = "auto";
  call.mockResolvedValue(golden("queued"));
  look.mockResolvedValue([]);
});

test("Deploy says where it is, and leaves the next commands in a terminal, not run", async () => {
  call.mockResolvedValue({ folder, copied: ["setup.py"], kept: ["README.md"] });
  code.window.showInformationMessage.mockResolvedValueOnce("Open in Terminal");
  await commands().deploy();
  expect(call).toHaveBeenCalledExactlyOnceWith("package/deploy", { folder });
  const text = `The package animatediff_ttnn is in ${folder}. Changed by you and kept: README.md.`;
  expect(code.window.showInformationMessage).toHaveBeenCalledWith(text, "Open in Terminal", "Open Folder");
  await vi.waitFor(() => {
    expect(code.terminal.sendText).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("PYTHONPATH"), false);
  });
  expect(code.window.createTerminal).toHaveBeenCalledWith({ name: "animatediff_ttnn", cwd: folder });
});

test("Open Folder takes a window of its own", async () => {
  call.mockResolvedValue({ folder, copied: [], kept: [] });
  code.window.showInformationMessage.mockResolvedValueOnce("Open Folder");
  await commands().deploy();
  await vi.waitFor(() => {
    expect(code.commands.executeCommand).toHaveBeenCalledWith("vscode.openFolder", folder, { forceNewWindow: true });
  });
});

test("what was kept is named, but not all of much; nothing new is said, too", async () => {
  call.mockResolvedValueOnce({ folder, copied: [], kept: ["a", "b", "c", "d", "e"] });
  await commands().deploy();
  const text = `The package animatediff_ttnn in ${folder} is up to date. Changed by you and kept: a, b, c and 2 more.`;
  expect(code.window.showInformationMessage.mock.calls[0]?.[0]).toBe(text);
});

test("Phase 1 is a job on the device that the settings choose, Phase 2 one on a board with the frames apart", async () => {
  // The tests of the lessons ask a real worker for the same.
  const { "ttVideo.runAnimateDiffPhase1": first, "ttVideo.runAnimateDiffPhase2": second } = phases;
  expect(await commands().phase1()).toEqual([golden("queued")]);
  const both = { kind: "generate", negativePrompt: "", outputFolder: scratchpad, metadata: true };
  expect(call).toHaveBeenLastCalledWith("jobs/submit", { ...both, ...first });
  await commands().phase2();
  expect(call).toHaveBeenLastCalledWith("jobs/submit", { ...both, ...second });
  expect(letSee).toHaveBeenCalledTimes(2);
});

test("what was made last is shown in the preview", async () => {
  const [output] = golden("done").outputs;
  call.mockResolvedValue({ jobs: [] });
  look.mockResolvedValue([{ jobId: null, at: 1, output: { ...output, path: join(folder, "output", "phase1.gif") } }]);
  expect(await commands().viewOutput()).toBe(true);
  expect(show).toHaveBeenCalledExactlyOnceWith(join(folder, "output", "phase1.gif"));
  expect(code.window.showInformationMessage).not.toHaveBeenCalled();
});

test("when nothing was made, that is said, with Phase 1 and the folder one button away", async () => {
  call.mockResolvedValue({ jobs: [] });
  code.window.showInformationMessage.mockResolvedValueOnce("Run Phase 1").mockResolvedValueOnce("Open Folder");
  expect(await commands().viewOutput()).toBe(false);
  expect(code.commands.executeCommand).toHaveBeenLastCalledWith("ttVideo.runAnimateDiffPhase1");
  expect(await commands().viewOutput()).toBe(false);
  await vi.waitFor(() => {
    expect(code.commands.executeCommand).toHaveBeenLastCalledWith("revealFileInOS", join(folder, "output"));
  });
  expect((await stat(join(folder, "output"))).isDirectory()).toBe(true);
  expect(show).not.toHaveBeenCalled();
});
