import { describe, expect, test } from "vitest";
import {
  allValues,
  clipsOf,
  experimentRequest,
  parseExperiment,
  suggested,
  valuesOf,
  variable,
} from "../../../extension/src/generate/experiment";
import type { ModelInfo } from "../../../extension/src/worker/contract";

const model: ModelInfo = {
  id: "tiny",
  title: "Bundled model",
  makes: "clip",
  checkpoints: [],
  parametersSchema: {
    properties: {
      guidance: { type: "number", minimum: 0, maximum: 20, default: 3, examples: [1, 3, 6] },
      steps: { type: "integer", minimum: 1, maximum: 100, default: 20 },
      motion: { type: "boolean", default: true },
      scheduler: { enum: ["default", "euler"], default: "default" },
      loras: { type: "string", default: "" },
      startImage: { type: "string", format: "path" },
    },
  },
  vocabulary: null,
  backends: [],
};
const [guidance, steps, motion, scheduler] = variable(model);

describe("what lessons and commands give", () => {
  test("a prompt, values, and what is varied", () => {
    const vary = { guidance: [1, 3, 7], motion: [true, false] };
    const experiment = parseExperiment({ prompt: "a red ball", parameters: { steps: 8 }, vary }, "tiny");
    expect(experiment).toEqual({
      prompt: "a red ball",
      values: { model: "tiny", negativePrompt: "", parameters: { steps: 8 }, count: 1 },
      vary,
    });
    expect(clipsOf(experiment.vary)).toBe(6);
    const defaults = { device: "auto", outputFolder: "/out", metadata: true };
    expect(experimentRequest(experiment, defaults)).toMatchObject({
      base: { prompt: "a red ball", parameters: { steps: 8 }, outputFolder: "/out" },
      vary,
    });
  });

  test.each([[undefined], [{ prompt: "a" }], [{ prompt: "a", vary: {} }], [{ prompt: "a", vary: { steps: [] } }]])(
    "%j has nothing to compare",
    (value) => {
      expect(() => parseExperiment(value, "tiny")).toThrow("without values to compare");
    },
  );

  test.each([[{ vary: { steps: [1, 2] } }], [{ prompt: "a", strange: 1, vary: { steps: [1, 2] } }]])(
    "%j is refused as Generate Video refuses it",
    (value) => {
      expect(() => parseExperiment(value, "tiny")).toThrow("arguments that it cannot use");
    },
  );
});

describe("what is asked", () => {
  test("numbers, choices and yes or no can be varied; texts and files cannot", () => {
    expect(variable(model).map((field) => field.key)).toEqual(["guidance", "steps", "motion", "scheduler"]);
  });

  test("the box begins with the schema's examples", () => {
    expect(suggested(model, "guidance")).toBe("1, 3, 6");
    expect(suggested(model, "steps")).toBe("");
  });

  test("a choice and yes or no have all their values", () => {
    expect(motion && allValues(motion)).toEqual([true, false]);
    expect(scheduler && allValues(scheduler)).toEqual(["default", "euler"]);
    expect(guidance && allValues(guidance)).toBeNull();
  });

  test.each([
    ["1, 3,7", [1, 3, 7]],
    ["3, 3, 1", [3, 1]],
    ["3", "Two values at least are needed, with a comma between them."],
    ["1, many", "many: A number is needed."],
    ["1, 99", "99: Allowed: 0 to 20."],
  ])("%s", (text, values) => {
    expect(guidance && valuesOf(guidance, text)).toEqual(values);
  });

  test("whole numbers stay whole", () => {
    expect(steps && valuesOf(steps, "2, 2.5")).toBe("2.5: A whole number is needed.");
  });
});
