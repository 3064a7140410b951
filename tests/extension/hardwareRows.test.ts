import { expect, it } from "vitest";
import { hardwareRows, likelyDevice } from "../../extension/src/hardwareRows";
import status from "../contract/golden/method.device-status.json";
import hello from "../contract/golden/method.worker-hello.json";
import type { DeviceStatus, Hello } from "../../extension/src/worker/contract";

const { backends } = hello.result as Hello;

it("says of each device what is there, or why not, and who drives it", () => {
  expect(hardwareRows(backends, (status.result as DeviceStatus).devices, "auto")).toEqual([
    {
      device: "auto",
      label: "Automatic",
      description: "chosen for new videos",
      detail: "Takes the fastest device that the model runs on.",
      available: true,
    },
    {
      device: "tt",
      label: "Tenstorrent",
      description: "not available",
      detail: "No Tenstorrent board was found.",
      available: false,
    },
    {
      device: "cuda",
      label: "NVIDIA GPU",
      description: "not available",
      detail: "No NVIDIA driver was found on this machine.",
      available: false,
    },
    {
      device: "cpu",
      label: "CPU",
      description: "in use by ttvideo generate (pid 815)",
      detail: "Example CPU, 2 cores, torch 2.13.0",
      available: true,
    },
  ]);
});

it("marks the device that is chosen", () => {
  const chosen = hardwareRows(backends, [], "cpu").filter((row) => row.description.includes("chosen"));
  expect(chosen.map((row) => [row.device, row.description])).toEqual([["cpu", "not in use, chosen for new videos"]]);
});

it("knows where a new video would be made", () => {
  expect(likelyDevice(backends, "auto")).toBe("CPU");
  expect(likelyDevice(backends, "cuda")).toBeNull();
  const withGpu = backends.map((backend) => ({ ...backend, available: backend.id !== "tt" }));
  expect(likelyDevice(withGpu, "auto")).toBe("NVIDIA GPU");
  expect(likelyDevice(withGpu, "cpu")).toBe("CPU");
  expect(likelyDevice([], "auto")).toBeNull();
});
