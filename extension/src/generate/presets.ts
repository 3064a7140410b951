// Named sets of values. Pure; the generator keeps them over restarts.
import type { FormValues, Preset } from "../shared/protocol";

export const PRESET_NAME_LENGTH = 60;

/** A preset of the same name is replaced; they are in the order of their names. */
export function withPreset(presets: readonly Preset[], preset: Preset): readonly Preset[] {
  return [...withoutPreset(presets, preset.name), preset].sort((a, b) => a.name.localeCompare(b.name));
}

export function withoutPreset(presets: readonly Preset[], name: string): readonly Preset[] {
  return presets.filter((each) => each.name !== name);
}

/** Why the name cannot be used, or null. */
export function problemOfName(name: string): string | null {
  if (name.trim() === "") {
    return "A preset needs a name.";
  }
  return name.trim().length > PRESET_NAME_LENGTH ? `A name has at most ${PRESET_NAME_LENGTH} characters.` : null;
}

/** What was kept, whoever wrote it; what is no preset is left out. */
export function presetsIn(kept: unknown): readonly Preset[] {
  return Array.isArray(kept) ? kept.filter(isPreset) : [];
}

function isPreset(value: unknown): value is Preset {
  return isRecord(value) && typeof value["name"] === "string" && isFormValues(value["values"]);
}

function isFormValues(value: unknown): value is FormValues {
  return (
    isRecord(value) &&
    typeof value["model"] === "string" &&
    typeof value["negativePrompt"] === "string" &&
    isRecord(value["parameters"]) &&
    typeof value["count"] === "number"
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
