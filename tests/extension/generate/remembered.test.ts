import { describe, expect, it } from "vitest";
import {
  presetsIn,
  problemOfName,
  PRESET_NAME_LENGTH,
  withoutPreset,
  withPreset,
} from "../../../extension/src/generate/presets";
import { HISTORY_LENGTH, historyIn, withPrompt } from "../../../extension/src/generate/promptHistory";
import type { Preset } from "../../../extension/src/shared/protocol";

describe("the history of prompts", () => {
  it("has each prompt once, the newest last, without the space around it", () => {
    expect(withPrompt(["a", "b", "c"], "  b ")).toEqual(["a", "c", "b"]);
  });

  it("does not keep nothing", () => {
    expect(withPrompt(["a"], "  \n ")).toEqual(["a"]);
  });

  it("drops the oldest when it is full", () => {
    const full = Array.from({ length: HISTORY_LENGTH }, (_, index) => `prompt ${index}`);
    const next = withPrompt(full, "new");
    expect([next.length, next[0], next.at(-1)]).toEqual([HISTORY_LENGTH, "prompt 1", "new"]);
  });

  it("takes over texts only", () => {
    expect(historyIn(["a", 5, null, "b"])).toEqual(["a", "b"]);
    expect(historyIn({ 0: "a" })).toEqual([]);
  });
});

describe("presets", () => {
  const preset = (name: string, steps = 20): Preset => ({
    name,
    values: { model: "tiny", negativePrompt: "", parameters: { steps }, count: 1 },
  });

  it("are in the order of their names, and replaced under the same name", () => {
    const presets = [preset("Quick", 4), preset("fine", 50)].reduce<readonly Preset[]>(withPreset, []);
    expect(presets.map((each) => each.name)).toEqual(["fine", "Quick"]);
    expect(withPreset(presets, preset("Quick", 8))).toEqual([preset("fine", 50), preset("Quick", 8)]);
    expect(withoutPreset(presets, "fine")).toEqual([preset("Quick", 4)]);
  });

  it("need a name of some length", () => {
    expect(problemOfName(" ")).toMatch(/needs a name/);
    expect(problemOfName("x".repeat(PRESET_NAME_LENGTH + 1))).toMatch(/at most/);
    expect(problemOfName("fine")).toBeNull();
  });

  it("that are none are not taken over", () => {
    const broken = [null, { name: "x" }, { name: "x", values: { model: 5 } }, { ...preset("y"), name: 7 }];
    expect(presetsIn([...broken, preset("z")])).toEqual([preset("z")]);
    expect(presetsIn("z")).toEqual([]);
  });
});
