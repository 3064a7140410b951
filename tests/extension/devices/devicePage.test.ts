// The page Hardware between the worker and what is shown, with a panel that can be looked into.
import { beforeEach, expect, test, vi } from "vitest";
import type { Uri } from "vscode";
import { DevicePage } from "../../../extension/src/devices/devicePage";
import { Devices } from "../../../extension/src/devices/devices";
import { Failure } from "../../../extension/src/errors";
import type { JobList } from "../../../extension/src/jobs/jobList";
import type { DevicePageState, WorkerHealth } from "../../../extension/src/shared/protocol";
import type { DeviceStatus, Preflight } from "../../../extension/src/worker/contract";
import type { Worker } from "../../../extension/src/worker/worker";
import ended from "../../contract/golden/event.device-preflight.json";
import preflight from "../../contract/golden/method.device-preflight.json";
import { code, FakePanel, FakeUri } from "../lessons/fakeCode";
import { FakeEmitter } from "../preview/fakeCode";
import { n300, noBoard } from "./statuses";

const settings = vi.hoisted(() => ({ device: "auto", update: vi.fn(() => Promise.resolve()) }));

vi.mock("vscode", async () => {
  const { code } = await import("../lessons/fakeCode");
  const { FakeEmitter } = await import("../preview/fakeCode");
  return {
    ...code,
    ConfigurationTarget: { Global: 1 },
    workspace: {
      getConfiguration: () => ({ get: () => settings.device, update: settings.update }),
      onDidChangeConfiguration: new FakeEmitter().event,
    },
  };
});

const REST = { reset: null, chosen: "auto", models: [], preflight: null, focusPreflight: 0 };

const NO_JOBS = { onDidEnd: new FakeEmitter().event } as unknown as JobList;

let health: WorkerHealth;
let healthChanged: FakeEmitter<WorkerHealth>;
let changed: FakeEmitter<DeviceStatus>;
let tried: FakeEmitter<Preflight>;
let call: ReturnType<typeof vi.fn<(method: string, params?: object) => Promise<object>>>;
let page: DevicePage;
let panel: FakePanel;

function become(next: WorkerHealth): void {
  health = next;
  healthChanged.fire(next);
}

function shown(): DevicePageState {
  return panel.state as unknown as DevicePageState;
}

beforeEach(() => {
  vi.clearAllMocks();
  panel = new FakePanel();
  code.window.createWebviewPanel.mockReturnValue(panel);
  health = { kind: "ready" };
  healthChanged = new FakeEmitter();
  changed = new FakeEmitter();
  tried = new FakeEmitter();
  call = vi.fn((method) =>
    Promise.resolve(
      method === "device/status" ? n300 : method === "device/preflight" ? preflight.result : { models: [] },
    ),
  );
  const worker = {
    get health() {
      return health;
    },
    onDidChangeHealth: healthChanged.event,
    on: (event: string, listener: (status: DeviceStatus) => void) =>
      event === "device/changed"
        ? changed.event(listener)
        : event === "device/preflight"
          ? tried.event(listener as unknown as (preflight: Preflight) => void)
          : { dispose: () => undefined },
    call,
  } as unknown as Worker;
  page = new DevicePage(new FakeUri("/ext") as unknown as Uri, worker, new Devices(worker, NO_JOBS));
});

test("it looks before it shows, and shows what changes", async () => {
  expect(await page.detect()).toBe(n300);
  expect(panel.webview.html).toContain("res:/ext/dist/devices.js");
  await panel.sends({ type: "ready" });
  await vi.waitFor(() => {
    expect(shown()).toEqual({ worker: { kind: "ready" }, status: n300, ...REST });
  });
  changed.fire(noBoard);
  await vi.waitFor(() => {
    expect(shown().status).toEqual(noBoard);
  });
  become({ kind: "crashed", message: "It ended.", hint: "Start it." });
  await vi.waitFor(() => {
    expect(shown()).toMatchObject({ worker: { kind: "crashed" }, status: null });
  });
  become({ kind: "ready" });
  await vi.waitFor(() => {
    expect(shown().status).toEqual(n300);
  });
});

test("there is one page: asked for again, it comes to the front, and after it was closed it is a new one", async () => {
  await page.detect();
  await page.detect();
  expect(code.window.createWebviewPanel).toHaveBeenCalledTimes(1);
  expect(panel.reveal).toHaveBeenCalledTimes(1);
  panel.dispose();
  await page.detect();
  expect(code.window.createWebviewPanel).toHaveBeenCalledTimes(2);
});

test("without a worker no page opens", async () => {
  call.mockRejectedValue(new Failure("notSetUp", "It is not set up.", "Set it up."));
  await expect(page.detect()).rejects.toThrow("It is not set up.");
  expect(code.window.createWebviewPanel).not.toHaveBeenCalled();
});

test("only a device that is there is chosen", async () => {
  await page.detect();
  expect(await panel.sends({ type: "choose", device: "cpu" })).toBeNull();
  expect(await panel.sends({ type: "choose", device: "auto" })).toBeNull();
  expect(settings.update.mock.calls).toEqual([
    ["generate.device", "cpu", 1],
    ["generate.device", "auto", 1],
  ]);
  expect(await panel.sends({ type: "choose", device: "tt" })).toMatchObject({ hint: "Choose another one." });
  expect(settings.update).toHaveBeenCalledTimes(2);
});

test("what the page asks for is done: looking, copying, and the commands that it may run", async () => {
  await page.detect();
  call.mockClear();
  expect(await panel.sends({ type: "look" })).toBeNull();
  expect(call.mock.calls.map(([method]) => method)).toEqual(["device/status", "models/list"]);
  expect(await panel.sends({ type: "copyEnvironment" })).toBeNull();
  expect(code.env.clipboard.writeText).toHaveBeenCalledWith("export MESH_DEVICE=N300\n");
  expect(await panel.sends({ type: "command", command: "ttVideo.generateVideo" })).toBeNull();
  expect(code.commands.executeCommand).toHaveBeenCalledWith("ttVideo.generateVideo");
});

test("a preflight is begun, followed, and replaced by a later one only", async () => {
  await page.preflight();
  await panel.sends({ type: "ready" });
  const asked = { model: "tiny", board: "n300", parameters: { frames: 8 } };
  expect(await panel.sends({ type: "preflight", ...asked })).toBeNull();
  expect(call).toHaveBeenLastCalledWith("device/preflight", asked);
  await vi.waitFor(() => {
    expect(shown()).toMatchObject({ focusPreflight: 1, preflight: { id: 1, state: "running" } });
  });
  tried.fire(ended.params as Preflight);
  tried.fire(preflight.result as Preflight);
  await vi.waitFor(() => {
    expect(shown().preflight).toEqual(ended.params);
  });
  tried.fire({ ...(preflight.result as Preflight), id: 2 });
  await vi.waitFor(() => {
    expect(shown().preflight).toMatchObject({ id: 2, state: "running" });
  });
});

test.each([
  { type: "preflight", model: "tiny", board: "n300" },
  { type: "preflight", model: "", board: "n300", parameters: {} },
  { type: "preflight", model: "tiny", board: "n300", parameters: { frames: "8" } },
  { type: "preflight", model: "tiny", board: "n300", parameters: { frames: 8 }, prompt: "a ball" },
  { type: "command", command: "workbench.action.quit" },
  { type: "command" },
  { type: "choose", device: "abacus" },
  { type: "choose", device: "cpu", also: 1 },
  { type: "look", closely: true },
  { type: "constructor" },
  { device: "cpu" },
  null,
  "look",
])("the message %j is refused", async (message) => {
  await page.detect();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  expect(await panel.sends(message)).toMatchObject({
    message: "The page asked for something that is not allowed or not known.",
  });
  expect([settings.update.mock.calls, code.commands.executeCommand.mock.calls]).toEqual([[], []]);
});
