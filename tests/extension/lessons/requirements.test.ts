import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fixOf, isRequirement, requirementState, type Findings } from "../../../extension/src/lessons/requirements";
import type { DeviceStatus, Models } from "../../../extension/src/worker/contract";

function golden(name: string): unknown {
  const message = JSON.parse(readFileSync(`tests/contract/golden/method.${name}.json`, "utf8")) as { result: unknown };
  return message.result;
}

const { models: installed } = golden("models-list") as Models;
const missing = installed.map((model) => ({
  ...model,
  id: "wan",
  checkpoints: model.checkpoints.map((checkpoint) => ({ ...checkpoint, installed: false })),
}));
const device = golden("device-status") as DeviceStatus;
const ready: Findings = { health: { kind: "ready" }, models: [...installed, ...missing], device };
const unasked: Findings = { health: { kind: "stopped" }, models: null, device: null };

describe("the worker", () => {
  test.each([
    [{ kind: "ready" }, "met", null],
    [{ kind: "starting" }, "unknown", null],
    [{ kind: "stopped" }, "unknown", "Check"],
    [{ kind: "notSetUp", message: "It is not set up.", hint: "" }, "missing", "Set Up Worker"],
    [{ kind: "crashed", message: "It ended.", hint: "" }, "missing", "Restart Worker"],
  ] as const)("%j is %s", (health, state, fix) => {
    expect(requirementState("worker", { ...unasked, health })).toMatchObject({ state, fix });
  });
});

describe("a model", () => {
  test("is there, or is downloaded", () => {
    expect(requirementState("model:tiny", ready)).toMatchObject({ state: "met", fix: null });
    expect(requirementState("model:wan", ready)).toMatchObject({ state: "missing", fix: "Download Model" });
    expect(fixOf("model:wan", ready)).toMatchObject({ command: "ttVideo.downloadModel", args: ["wan"] });
  });

  test("that nobody has asked about is not called missing", () => {
    expect(requirementState("model:wan", unasked)).toMatchObject({ state: "unknown", fix: "Check" });
    expect(fixOf("model:wan", unasked)).toBe("check");
  });
});

describe("a board", () => {
  test("is named", () => {
    expect(device.boards).not.toHaveLength(0);
    expect(requirementState("board", ready)).toMatchObject({ state: "met", detail: device.title });
  });

  test("that is not there hinders no other step", () => {
    const none = { ...ready, device: { ...device, boards: [], title: "" } };
    const { state, detail } = requirementState("board", none);
    expect(state).toBe("missing");
    expect(detail).toContain("all other steps work without one");
  });
});

test.each(["worker", "board", "model:wan", "model:sd35-large"])("%s can be required", (text) => {
  expect(isRequirement(text)).toBe(true);
});

test.each(["", "model:", "model:../x", "everything", 3])("%s cannot", (text) => {
  expect(isRequirement(text)).toBe(false);
});
