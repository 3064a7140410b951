import { expect, it } from "vitest";
import { installedFirst, lacking, titleIn, usedFirst, verification } from "../../../extension/src/shared/models";
import type { Checkpoint, ModelInfo } from "../../../extension/src/worker/contract";

function model(id: string, installed: boolean): ModelInfo {
  return { id, title: id.toUpperCase(), checkpoints: [{ installed, sizeBytes: 6.9e9 }] } as unknown as ModelInfo;
}

it("what can be used at once comes first, and the others say what they need", () => {
  const models = [model("sdxl", false), model("tiny", true)];
  expect(installedFirst(models).map(titleIn)).toEqual(["TINY", "SDXL (not downloaded yet, 6.9 GB)"]);
  expect(models.map(lacking)).toEqual(["not downloaded yet, 6.9 GB", null]);
});

it("what is used of a model is the checkpoint that is here, and how it was tried is said", () => {
  const checkpoints = [
    { installed: false, verified: {} },
    { installed: true, verified: { cpu: "its own weights", tt: "a simulated n150" } },
  ] as unknown as readonly Checkpoint[];
  const both = { checkpoints } as unknown as ModelInfo;
  expect(usedFirst(both)).toBe(checkpoints[1]);
  expect(verification(usedFirst(both))).toBe("Verified on cpu with its own weights; tt with a simulated n150");
  expect(verification(checkpoints[0])).toBe("Not verified");
  expect(verification(undefined)).toBe("Not verified");
});
