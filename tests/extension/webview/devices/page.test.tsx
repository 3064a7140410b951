// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { expect, test, vi } from "vitest";
import type { DeviceMessage, DevicePageState } from "../../../../extension/src/shared/protocol";
import { type Channel, Refusal } from "../../../../extension/src/webview/channel";
import { Page } from "../../../../extension/src/webview/devices/page";
import type { DeviceStatus, Preflight, Reset } from "../../../../extension/src/worker/contract";
import ended from "../../../contract/golden/event.device-preflight.json";
import { tiny } from "../preview/states";
import { deadChip, n300, noBoard, noDriver, simulated } from "../../devices/statuses";

interface View {
  readonly root: HTMLElement;
  readonly sent: readonly DeviceMessage[];
  /** Presses the button, or chooses the device, of this name */
  readonly press: (name: string) => Promise<void>;
  readonly texts: (selector: string) => readonly string[];
}

const NOTHING = { reset: null, chosen: "auto", models: [], preflight: null, focusPreflight: 0 };

function mount(status: DeviceStatus | null, more: Partial<DevicePageState> = {}, refusal?: Refusal): View {
  document.body.innerHTML = '<div id="root"></div>';
  const root = document.body.firstElementChild as HTMLElement;
  const sent: DeviceMessage[] = [];
  const channel: Channel<DeviceMessage, DevicePageState> = {
    send: (message) => {
      sent.push(message);
      return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
    },
    onState: () => undefined,
    getState: () => undefined,
    setState: () => undefined,
  };
  const state: DevicePageState = { worker: { kind: "ready" }, status, ...NOTHING, ...more };
  void act(() => {
    render(<Page state={state} channel={channel} />, root);
  });
  return {
    root,
    sent,
    press: async (name) => {
      const found = [...root.querySelectorAll<HTMLElement>("button, label")].find((element) =>
        (element.getAttribute("aria-label") ?? element.textContent).startsWith(name),
      );
      await act(() => {
        (found?.querySelector("input") ?? found)?.click();
      });
    },
    texts: (selector) => [...root.querySelectorAll(selector)].map((element) => element.textContent),
  };
}

test("a board that is used: its readings, who uses it, versions and variables", () => {
  const view = mount(n300);
  expect(view.texts("h2")).toEqual(["Tenstorrent N300", "Where new videos are made", "What fits a board"]);
  expect(view.texts(".card-head .badge")).toEqual(["in use by python demo.py (pid 4242)"]);
  expect(view.texts("section:first-of-type > .facts")).toEqual(["Wormhole · 2 chips · mesh 1×2 · 24 GiB DRAM"]);
  expect(view.texts(".chip.used .chip-readings > *")).toEqual(["47 °C", "26 W", "1000 MHz"]);
  expect(view.texts(".chip.idle")).toEqual(["second chipread by tt-smi only"]);
  expect(view.texts(".facts-list > div")).toEqual([
    "For tt-metal’s demosMESH_DEVICE=N300",
    "Driver (tt-kmd)2.4.1",
    "ttnn in the worker’s Pythonnot found",
    "tt-metalnot found",
  ]);
});

test("a dead chip is told by words, and what to do stands below", () => {
  const view = mount(deadChip);
  expect(view.texts(".badge.broken")).toEqual(["1 of 2 chips does not answer"]);
  expect(view.texts(".chip.broken .chip-readings")).toEqual(["does not answer"]);
  expect(view.texts(".problems .error .hint code")).toEqual(["ttvideo reset"]);
});

test("a simulated board is marked, as a whole and chip by chip", () => {
  const view = mount(simulated);
  expect(view.texts(".card-head .badge")).toEqual(["simulated"]);
  expect(view.texts(".chip.simulated .chip-readings")).toEqual(Array(2).fill("simulated, no readings"));
  expect(view.texts(".preflight-form option")).toEqual(["N150", "N300 (simulated)"]);
});

test("no board is an answer with next steps", async () => {
  const view = mount(noBoard);
  expect(view.texts(".card-head .badge")).toEqual(["not found"]);
  expect(view.texts(".problems .information .hint code")).toEqual(["lspci -d 1e52:"]);
  await view.press("Generate a Video Without a Board");
  expect(view.sent).toEqual([{ type: "command", command: "ttVideo.generateVideo" }]);
  expect(view.root.querySelector("a.button")?.getAttribute("href")).toBe(
    "https://docs.tenstorrent.com/getting-started",
  );
});

test("an address in a hint is a link, and the full stop is not part of it", () => {
  const links = [...mount(noDriver).root.querySelectorAll(".problems a")].map((link) => link.getAttribute("href"));
  expect(links).toEqual(["https://docs.tenstorrent.com/getting-started"]);
});

test("where videos are made is chosen among what is there, and the rest says why not", async () => {
  const view = mount(n300, { chosen: "cpu" });
  const boxes = [...view.root.querySelectorAll<HTMLInputElement>("input[type=radio]")];
  expect(boxes.map(({ checked, disabled }) => [checked, disabled])).toEqual([
    [false, false],
    [false, true],
    [false, true],
    [true, false],
  ]);
  expect(view.texts(".choice .badge")).toEqual([
    "not available",
    "not available",
    "in use by ttvideo generate (pid 815)",
  ]);
  expect(view.texts(".choice")[0]).toBe(
    "AutomaticNow: CPU. An NVIDIA GPU where there is one, else the CPU; boards are used when they are chosen.",
  );
  expect(view.texts(".choice")[3]).toContain("Runs Bundled small model, Wan.");
  await view.press("Automatic");
  expect(view.sent).toEqual([{ type: "choose", device: "auto" }]);
});

test("asking again and copying are asked of the extension, and a refusal is shown", async () => {
  const view = mount(n300, {}, new Refusal("It cannot.", "Try later."));
  await view.press("Look Again");
  await view.press("Copy as export lines");
  expect(view.sent).toEqual([{ type: "look" }, { type: "copyEnvironment" }]);
  expect(view.texts("[role=alert]")).toEqual(["It cannot. Try later."]);
});

const RESET: Reset = {
  state: "running",
  message: "`tt-smi -r` resets /dev/tenstorrent/0.",
  hint: "",
  jobs: [],
  by: "ttvideo (pid 7)",
  startedAt: 1,
  endedAt: null,
};

test("boards are reset from here, not twice at once, and not if they are simulated", async () => {
  const view = mount(n300);
  await view.press("Reset Boards…");
  expect(view.sent).toEqual([{ type: "command", command: "ttVideo.resetBoards" }]);
  const during = mount(n300, { reset: RESET });
  await during.press("Reset Boards…");
  expect(during.sent).toEqual([]);
  expect(during.texts(".message.running p")).toEqual([
    "The boards are being reset. tt-smi -r resets /dev/tenstorrent/0.",
    "By ttvideo (pid 7). The queue is paused meanwhile.",
  ]);
  expect(mount(simulated).root.textContent).not.toContain("Reset Boards");
});

test("how a reset ended stays until somebody looks again", () => {
  const reset: Reset = { ...RESET, state: "refused", message: "It is in use.", hint: "End it." };
  expect(mount(n300, { reset }).texts(".message.refused p")).toEqual([
    "The boards were not reset. It is in use.",
    "End it.",
  ]);
});

const PREFLIGHT = ended.params as Preflight;

test("what fits is asked with a model, a board and what differs from the model's defaults", async () => {
  const view = mount(n300, { models: [tiny] });
  expect(view.texts(".preflight-form option")).toEqual(["Bundled model", "N150", "N300 (here)"]);
  const steps = view.root.querySelector<HTMLInputElement>(".preflight-form input");
  write(steps, "none");
  expect(view.texts(".field-error")).toHaveLength(1);
  await view.press("Check");
  expect(view.sent).toEqual([]);
  write(steps, "8");
  await view.press("Check");
  expect(view.sent).toEqual([{ type: "preflight", model: "tiny", board: "n300", parameters: { steps: 8 } }]);
});

test("that it fits is told with the memory of a chip and of a core, and times as bounds", () => {
  const view = mount(n300, { preflight: PREFLIGHT });
  expect(view.texts(".verdict.fits h3")).toEqual(["Bundled small model, 128×128, 16 frames, on N150"]);
  expect(view.texts(".memory")).toEqual(["DRAM of a chip33.6 MiB of 12.0 GiB", "L1 of a core148.0 KiB of 1.4 MiB"]);
  expect(view.texts(".verdict dd")).toEqual([
    "15.7 MiB",
    "161, compiled the first time",
    "692 operations on the board, 14 transfers from or to the host",
    "1.09 ms for a step, 21.8 ms for all steps",
  ]);
  expect(view.texts(".verdict > .hint").join(" ")).toContain("lower bounds");
  expect(view.texts(".verdict > .hint").at(-1)).toBe("Validated on a mock N150 with ttnn 0.81.1.");
});

test.each([
  ["running", "trying"],
  ["too_large", "does not fit"],
  ["refused", "refused by ttnn"],
  ["failed", "not known"],
] as const)("the preflight that is %s says so in words: %s", (state, word) => {
  const view = mount(n300, { preflight: { ...PREFLIGHT, state, message: "So it is.", needs: null, ttnn: null } });
  expect([view.texts(".verdict .badge"), view.texts(".verdict-text")]).toEqual([[word], ["So it is."]]);
  expect(view.texts(".memory")).toEqual([]);
});

test("a preflight that cannot begin says why", async () => {
  const view = mount(
    n300,
    { models: [tiny], preflight: PREFLIGHT },
    new Refusal("It has no program.", "It runs on cpu."),
  );
  await view.press("Check");
  await vi.waitFor(() => {
    expect(view.texts(".verdict-text[role=alert]")).toEqual(["It has no program. It runs on cpu."]);
  });
  expect(view.texts(".verdict")).toEqual([]);
});

function write(input: HTMLInputElement | null, text: string): void {
  void act(() => {
    if (input !== null) {
      input.value = text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

test("a worker that ended is told, with what helps", async () => {
  const view = mount(null, { worker: { kind: "crashed", message: "It ended.", hint: "Start it." } });
  expect(view.texts(".message p")).toEqual(["It ended.", "Start it."]);
  await view.press("Restart Worker");
  expect(view.sent).toEqual([{ type: "command", command: "ttVideo.restartWorker" }]);
});
