import { expect, it } from "vitest";
import { installedFirst, lacking, titleIn } from "../../../extension/src/shared/models";
import type { ModelInfo } from "../../../extension/src/worker/contract";

function model(id: string, installed: boolean): ModelInfo {
  return { id, title: id.toUpperCase(), checkpoints: [{ installed, sizeBytes: 6.9e9 }] } as unknown as ModelInfo;
}

it("what can be used at once comes first, and the others say what they need", () => {
  const models = [model("sdxl", false), model("tiny", true)];
  expect(installedFirst(models).map(titleIn)).toEqual(["TINY", "SDXL (not downloaded yet, 6.9 GB)"]);
  expect(models.map(lacking)).toEqual(["not downloaded yet, 6.9 GB", null]);
});
