// Download Model, Remove Model and Set Hugging Face Token, with a worker and dialogs that are only recorded.
import { beforeEach, expect, test, vi } from "vitest";
import type { SecretStorage } from "vscode";
import type { Devices } from "../../../extension/src/devices/devices";
import { BUTTONS } from "../../../extension/src/failureButtons";
import { ModelCommands } from "../../../extension/src/models/modelCommands";
import { withToken } from "../../../extension/src/worker/token";
import type { Worker } from "../../../extension/src/worker/worker";
import { golden } from "../jobs/golden";
import { models, SDXL } from "./golden";

const code = vi.hoisted(() => ({
  window: {
    showQuickPick: vi.fn((items: readonly unknown[]) => Promise.resolve(items[0])),
    showInformationMessage: vi.fn<(...args: unknown[]) => Promise<unknown>>(),
    showWarningMessage: vi.fn<(...args: unknown[]) => Promise<unknown>>(),
    showInputBox: vi.fn<(options: { password: boolean }) => Promise<string | undefined>>(),
  },
  env: { openExternal: vi.fn<(uri: unknown) => Promise<boolean>>() },
  Uri: { parse: (text: string) => text },
}));
vi.mock("vscode", () => code);

const JOB = golden("queued");
let list = models();
let health = "ready";
let secrets: Map<string, string>;
const call = vi.fn((method: string) => Promise.resolve(method === "models/download" ? JOB : list));
const lookForModels = vi.fn(() => Promise.resolve());
const relaunch = vi.fn(() => Promise.resolve());

function storage(): SecretStorage {
  return {
    get: (key: string) => Promise.resolve(secrets.get(key)),
    store: (key: string, value: string) => Promise.resolve(void secrets.set(key, value)),
    delete: (key: string) => Promise.resolve(void secrets.delete(key)),
  } as unknown as SecretStorage;
}

function commands(): ModelCommands {
  const worker = { call, relaunch, health: { kind: health } } as unknown as Worker;
  return new ModelCommands(storage(), worker, { lookForModels } as unknown as Devices);
}

function calls(): string[] {
  return call.mock.calls.map(([method]) => method);
}

beforeEach(() => {
  vi.clearAllMocks();
  list = models();
  health = "ready";
  secrets = new Map();
});

test("a model is chosen, agreed to and downloaded as a job", async () => {
  code.window.showInformationMessage.mockResolvedValueOnce("Download");
  expect(await commands().download(undefined)).toBe(JOB);
  expect(code.window.showQuickPick).toHaveBeenCalledOnce();
  expect(call).toHaveBeenLastCalledWith("models/download", { kind: "download", model: "sdxl", checkpoint: "sdxl" });
});

test("a model that is named is not asked for, and nothing is fetched without a yes", async () => {
  code.window.showInformationMessage.mockResolvedValueOnce(undefined);
  expect(await commands().download("sdxl")).toBeUndefined();
  expect(code.window.showQuickPick).not.toHaveBeenCalled();
  expect(calls()).toEqual(["models/list"]);
});

test("of a gated model the licence page is one button away", async () => {
  list = models({ gated: true });
  code.window.showInformationMessage.mockResolvedValueOnce("Open Licence Page");
  await commands().download(SDXL);
  expect(code.env.openExternal).toHaveBeenCalledWith(`https://huggingface.co/${SDXL}`);
  expect(calls()).toEqual(["models/list"]);
});

test("what does not fit on the disk is refused with what to do", async () => {
  list = models({}, 1e9);
  await expect(commands().download("sdxl")).rejects.toMatchObject({ kind: "disk", hint: /HF_HOME/ });
});

test("when there is nothing to download or remove, that is said", async () => {
  list = models({ installed: true, diskBytes: 5 });
  await commands().download(undefined);
  expect(code.window.showInformationMessage).toHaveBeenCalledWith("Every model there is has been downloaded.");
  list = models();
  await commands().remove(undefined);
  expect(code.window.showInformationMessage).toHaveBeenCalledWith("No model has been downloaded.");
});

test("a model is removed only after a yes", async () => {
  list = models({ installed: true, diskBytes: 5e9, folder: "/home/ada/sdxl" });
  code.window.showWarningMessage.mockResolvedValueOnce(undefined);
  await commands().remove(undefined);
  expect(calls()).toEqual(["models/list"]);
  code.window.showWarningMessage.mockResolvedValueOnce("Delete");
  await commands().remove(undefined);
  expect(call).toHaveBeenLastCalledWith("models/remove", { model: "sdxl", checkpoint: "sdxl" });
  expect(lookForModels).toHaveBeenCalledOnce();
});

test("without a worker each says why", async () => {
  call.mockRejectedValue(new Error("not set up"));
  await expect(commands().download(undefined)).rejects.toThrow("not set up");
  await expect(commands().remove(undefined)).rejects.toThrow("not set up");
  call.mockReset();
  call.mockImplementation((method) => Promise.resolve(method === "models/download" ? JOB : list));
});

test("the token is typed unseen, kept in the key store, and given to the worker's process only", async () => {
  code.window.showInputBox.mockResolvedValueOnce(" hf_secret ");
  await commands().setToken();
  expect(code.window.showInputBox.mock.calls[0]?.[0]).toMatchObject({ password: true });
  expect([...secrets.values()]).toEqual(["hf_secret"]);
  expect(relaunch).toHaveBeenCalledOnce();
  expect(JSON.stringify(code.window.showInformationMessage.mock.calls)).not.toContain("hf_secret");
  expect(await withToken(storage(), { HF_TOKEN: "other", A: "b" })).toEqual({ HF_TOKEN: "hf_secret", A: "b" });
});

test("an empty token is forgotten, and then the environment has what it had", async () => {
  secrets.set("ttVideo.huggingFaceToken", "hf_secret");
  health = "stopped";
  code.window.showInputBox.mockResolvedValueOnce(undefined).mockResolvedValueOnce("");
  await commands().setToken();
  expect(secrets.size).toBe(1);
  await commands().setToken();
  expect(secrets.size).toBe(0);
  expect(relaunch).not.toHaveBeenCalled();
  expect(await withToken(storage(), { HF_TOKEN: "other" })).toEqual({ HF_TOKEN: "other" });
});

test("a model that is missing, and one that wants a token, have the button for it", () => {
  expect(BUTTONS.modelMissing[0]?.command).toBe("ttVideo.downloadModel");
  expect(BUTTONS.accessDenied[0]?.command).toBe("ttVideo.setHuggingFaceToken");
});
