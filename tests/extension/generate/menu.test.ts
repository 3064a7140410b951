import { describe, expect, it } from "vitest";
import { menu, modelOf, newDraft, withModel, withValues, type Draft } from "../../../extension/src/generate/menu";
import {
  currentText,
  fieldPrompt,
  optionsOf,
  problemOf,
  withField,
} from "../../../extension/src/generate/parameterBox";
import { fieldsOf, type Field } from "../../../extension/src/shared/schema";
import type { ModelInfo } from "../../../extension/src/worker/contract";

const TINY: ModelInfo = {
  id: "tiny",
  title: "Small",
  makes: "clip",
  checkpoints: [],
  vocabulary: null,
  backends: [],
  parametersSchema: {
    properties: {
      frames: { type: "integer", minimum: 1, maximum: 16, default: 16, description: "Frames of the clip" },
      steps: { type: "integer", minimum: 1, maximum: 100, default: 20 },
      seed: { type: "integer", minimum: 0, default: 0 },
      width: { type: "integer", enum: [128], default: 128 },
      sampler: { type: "string", enum: ["ddim", "euler"], default: "ddim" },
      loop: { type: "boolean", default: false },
    },
  },
};
const IMAGES: ModelInfo = {
  ...TINY,
  id: "images",
  title: "From Images",
  parametersSchema: {
    properties: { steps: { type: "integer", default: 4 }, startImage: { type: "string", format: "path" } },
  },
};

function field(key: string): Field {
  const found = fieldsOf(TINY.parametersSchema).find((each) => each.key === key);
  if (found === undefined) {
    throw new Error(`no field ${key}`);
  }
  return found;
}

const draft: Draft = { ...newDraft("tiny"), prompt: "a red ball" };

function labels(of: Draft, model: ModelInfo, models: readonly ModelInfo[]): string[] {
  return menu(of, model, models, []).map((entry) => `${entry.label}: ${entry.description}`);
}

describe("the menu", () => {
  it("begins with Generate Now, so that the defaults are one Enter away", () => {
    const [first] = menu(draft, TINY, [TINY], []);
    expect(first).toMatchObject({ choice: { kind: "generate" }, label: "Generate Now" });
    expect(first?.description).toBe("16 frames, 20 steps, random seed");
  });

  it("offers what the model takes, and no choice of one", () => {
    expect(labels(draft, TINY, [TINY]).slice(1)).toEqual([
      "Frames: 16",
      "Steps: 20",
      "Seed: random",
      "Sampler: ddim",
      "Loop: false",
      "Negative Prompt: none",
      "Variations: 1",
    ]);
  });

  it("offers a start image where the model takes one, and models where there are several", () => {
    const offered = labels(draft, IMAGES, [TINY, IMAGES]);
    expect(offered).toContain("Start Image: none");
    expect(offered).toContain("Model: From Images");
  });

  it("offers to save and to go back when something differs, and presets when there are some", () => {
    const changed = withField(draft, field("steps"), "4");
    expect(labels(changed, TINY, [TINY]).slice(-2)).toEqual(["Save as Preset...: ", "Back to Defaults: "]);
    const presets = [{ name: "fine", values: draft.values }];
    expect(menu(draft, TINY, [TINY], presets).at(-1)).toMatchObject({ label: "Use Preset...", group: "Values" });
  });

  it("sums up what Enter makes", () => {
    const changed = withValues(withField(withField(draft, field("frames"), "1"), field("seed"), "7"), { count: 3 });
    const [first] = menu({ ...changed, startImage: "/a.png" }, TINY, [TINY], []);
    expect(first?.description).toBe("1 frame, 20 steps, seed 7, 3 variations, start image");
  });
});

describe("a parameter", () => {
  it("keeps only what differs from the default, and a seed always", () => {
    const changed = withField(withField(draft, field("steps"), " 4 "), field("seed"), "0");
    expect(changed.values.parameters).toEqual({ steps: 4, seed: 0 });
    expect(withField(changed, field("steps"), "20").values.parameters).toEqual({ seed: 0 });
    expect(withField(changed, field("seed"), "").values.parameters).toEqual({ steps: 4 });
  });

  it("shows what stands there, and no seed when it is to be drawn", () => {
    expect(currentText(draft, field("steps"))).toBe("20");
    expect(currentText(draft, field("seed"))).toBe("");
    expect(currentText(withField(draft, field("seed"), "5"), field("seed"))).toBe("5");
  });

  it("says what may stand there", () => {
    expect(fieldPrompt(field("frames"))).toBe("Frames of the clip (1 to 16).");
    expect(problemOf(field("frames"), "17")).toBe("Allowed: 1 to 16.");
    expect(problemOf(field("frames"), "1.5")).toMatch(/whole number/);
    expect(problemOf(field("frames"), "")).toBeNull();
  });

  it("with few values is a list", () => {
    expect(optionsOf(field("sampler"))?.map((option) => option.text)).toEqual(["ddim", "euler"]);
    expect(withField(draft, field("sampler"), "euler").values.parameters).toEqual({ sampler: "euler" });
    expect(withField(draft, field("loop"), "true").values.parameters).toEqual({ loop: true });
    expect(optionsOf(field("steps"))).toBeNull();
  });
});

describe("another model", () => {
  it("takes along only what it knows", () => {
    const changed = withField(withField(draft, field("steps"), "9"), field("frames"), "3");
    const moved = withModel({ ...changed, startImage: "/a.png" }, IMAGES);
    expect([moved.values.model, moved.values.parameters, moved.startImage]).toEqual(["images", { steps: 9 }, "/a.png"]);
    expect(withModel(moved, TINY).startImage).toBeNull();
  });

  it("is the first there is when the one of the settings is not there", () => {
    expect(modelOf([TINY, IMAGES], "images")).toBe(IMAGES);
    expect(modelOf([TINY, IMAGES], "removed")).toBe(TINY);
    expect(modelOf([], "tiny")).toBeUndefined();
  });
});
