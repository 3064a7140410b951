import { expect, it } from "vitest";
import { deviceLine } from "../../../extension/src/devices/deviceLine";
import { boardName, likelyDevice, systemFacts, users } from "../../../extension/src/shared/devices";
import { deadChip, n300, noBoard, noDriver, simulated } from "./statuses";

it("names the board, how warm it is, and that somebody uses it", () => {
  expect(deviceLine(n300, null)).toEqual({
    text: "$(chip) N300 47 °C, in use",
    lines: [
      "N300: 1 × n300, 2 chips.",
      "In use by python demo.py (pid 4242).",
      "ttnn, which drives the boards, is not installed in this Python. Install it: pip install 'ttvideo[ttnn]'.",
    ],
    broken: false,
  });
});

it("warns of a chip that does not answer, and of a board without a driver", () => {
  expect(deviceLine(deadChip, null)).toMatchObject({
    text: "$(warning) N300, 1 of 2 chips does not answer",
    broken: true,
  });
  expect(deviceLine(noDriver, null)).toMatchObject({ text: "$(warning) Tenstorrent, not usable", broken: true });
});

it("marks a simulated board, and says nothing of its use", () => {
  expect(deviceLine(simulated, null)).toEqual({
    text: "$(chip) N300 (simulated)",
    lines: ["SIMULATED N300: 1 × n300, 2 chips.", "The boards are simulated. Unset TTVIDEO_BOARD."],
    broken: false,
  });
});

it("turns while the boards are reset", () => {
  const reset = {
    state: "running",
    message: "Waiting for the chips.",
    hint: "",
    jobs: [],
    by: "ttvideo (pid 7)",
  } as const;
  expect(deviceLine(deadChip, { ...reset, startedAt: 1, endedAt: null })).toEqual({
    text: "$(loading~spin) N300, resetting",
    lines: ["Waiting for the chips."],
    broken: false,
  });
});

it("is not there without a board, or before a worker has told", () => {
  expect([deviceLine(noBoard, null), deviceLine(null, null)]).toEqual([null, null]);
});

it("says once who uses several chips, the worker's own lock included", () => {
  const [board] = n300.boards;
  const twice = { ...n300, boards: board === undefined ? [] : [board, board] };
  expect(users(twice)).toEqual(["python demo.py (pid 4242)"]);
  const locked = n300.devices.map((device) => ({ ...device, holder: device.id === "tt" ? "ttvideo (pid 7)" : null }));
  expect(users({ ...n300, devices: locked })).toEqual(["ttvideo (pid 7)", "python demo.py (pid 4242)"]);
});

it("names boards that are no known system by what they are", () => {
  const [board] = n300.boards;
  const boards = board === undefined ? [] : [board];
  expect(boardName({ ...n300, system: null, boards })).toBe("n300");
  expect(boardName({ ...n300, system: null, boards: [...boards, ...boards] })).toBe("2 Boards");
  expect(systemFacts({ ...n300, system: null })).toEqual(["2 chips"]);
  expect(systemFacts(n300)).toEqual(["Wormhole", "2 chips", "mesh 1×2", "24 GiB DRAM"]);
});

it("knows where a new video would be made", () => {
  expect(likelyDevice(n300.devices, "auto")).toBe("CPU");
  expect(likelyDevice(n300.devices, "cuda")).toBeNull();
  const withGpu = n300.devices.map((device) => ({ ...device, available: device.id !== "tt" }));
  expect(likelyDevice(withGpu, "auto")).toBe("NVIDIA GPU");
  expect(likelyDevice(withGpu, "cpu")).toBe("CPU");
  const withBoard = n300.devices.map((device) => ({ ...device, available: device.id !== "cuda" }));
  expect([likelyDevice(withBoard, "auto"), likelyDevice(withBoard, "tt")]).toEqual(["CPU", "Tenstorrent"]);
  expect(likelyDevice([], "auto")).toBeNull();
});
