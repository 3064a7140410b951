// The second step of Generate Video: what can be changed before it starts. Pure.
import { plural } from "../jobs/view";
import type { FormValues, Preset } from "../shared/protocol";
import { fieldsOf, takesStartImage, textOf, type Field } from "../shared/schema";
import type { ModelInfo } from "../worker/contract";
import { currentText } from "./parameterBox";

export interface Draft {
  readonly prompt: string;
  readonly values: FormValues;
  readonly startImage: string | null;
}

export type Choice =
  | { readonly kind: "generate" }
  | { readonly kind: "field"; readonly field: Field }
  | {
      readonly kind: "negativePrompt" | "count" | "startImage" | "model" | "usePreset" | "savePreset" | "reset";
    };

export interface Entry {
  readonly choice: Choice;
  readonly icon: string;
  readonly label: string;
  readonly description: string;
  readonly group: "" | "Parameters" | "More Parameters" | "Values";
}

export function newDraft(model: string): Draft {
  return { prompt: "", values: { model, negativePrompt: "", parameters: {}, count: 1 }, startImage: null };
}

/** The model that is asked for, or the first there is. */
export function modelOf(models: readonly ModelInfo[], id: string): ModelInfo | undefined {
  return models.find((model) => model.id === id) ?? models[0];
}

/** Generate Now comes first: one Enter away. */
export function menu(
  draft: Draft,
  model: ModelInfo,
  models: readonly ModelInfo[],
  presets: readonly Preset[],
): readonly Entry[] {
  const fields = fieldsOf(model.parametersSchema);
  const fieldEntry = (field: Field): Entry => ({
    choice: { kind: "field", field },
    icon: "symbol-numeric",
    label: field.label,
    description: describeField(draft, field),
    group: field.advanced ? "More Parameters" : "Parameters",
  });
  return [
    {
      choice: { kind: "generate" },
      icon: "play",
      label: "Generate Now",
      description: summary(draft, fields),
      group: "",
    },
    ...fields.filter((field) => !field.advanced).map(fieldEntry),
    ...ownEntries(draft, model, models),
    ...fields.filter((field) => field.advanced).map(fieldEntry),
    ...valueEntries(draft, presets),
  ];
}

/** Such as "16 frames, 20 steps, random seed": what Enter makes. */
export function summary(draft: Draft, fields: readonly Field[]): string {
  const known = (key: string): string | null => {
    const field = fields.find((each) => each.key === key);
    return field === undefined ? null : currentText(draft, field);
  };
  const [frames, steps, seed] = [known("frames"), known("steps"), draft.values.parameters["seed"]];
  return [
    frames === null ? null : plural(Number(frames), "frame"),
    steps === null ? null : plural(Number(steps), "step"),
    seed === undefined ? "random seed" : `seed ${textOf(seed)}`,
    draft.values.count > 1 ? plural(draft.values.count, "variation") : null,
    draft.startImage === null ? null : "start image",
  ]
    .filter((part) => part !== null)
    .join(", ");
}

export function withValues(draft: Draft, values: Partial<FormValues>): Draft {
  return { ...draft, values: { ...draft.values, ...values } };
}

/** Other models have other parameters: those are left behind. */
export function withModel(draft: Draft, model: ModelInfo): Draft {
  const keys = new Set(fieldsOf(model.parametersSchema).map((field) => field.key));
  const kept = Object.entries(draft.values.parameters).filter(([key]) => keys.has(key));
  const startImage = takesStartImage(model.parametersSchema) ? draft.startImage : null;
  return { ...withValues(draft, { model: model.id, parameters: Object.fromEntries(kept) }), startImage };
}

function ownEntries(draft: Draft, model: ModelInfo, models: readonly ModelInfo[]): Entry[] {
  const { negativePrompt, count } = draft.values;
  const entries: Entry[] = [
    entry("negativePrompt", "circle-slash", "Negative Prompt", negativePrompt === "" ? "none" : negativePrompt),
    entry("count", "versions", "Variations", String(count)),
  ];
  if (takesStartImage(model.parametersSchema)) {
    entries.push(entry("startImage", "file-media", "Start Image", draft.startImage === null ? "none" : "chosen"));
  }
  if (models.length > 1) {
    entries.push(entry("model", "chip", "Model", model.title));
  }
  return entries;
}

function valueEntries(draft: Draft, presets: readonly Preset[]): Entry[] {
  const changed = Object.keys(draft.values.parameters).length > 0 || draft.values.negativePrompt !== "";
  const differs = changed || draft.values.count > 1;
  return [
    ...(presets.length > 0 ? [entry("usePreset", "bookmark", "Use Preset...", plural(presets.length, "preset"))] : []),
    ...(differs ? [entry("savePreset", "save", "Save as Preset...", "")] : []),
    ...(differs ? [entry("reset", "discard", "Back to Defaults", "")] : []),
  ].map((each) => ({ ...each, group: "Values" as const }));
}

function entry(kind: Exclude<Choice["kind"], "field">, icon: string, label: string, description: string): Entry {
  return { choice: { kind }, icon, label, description, group: "Parameters" };
}

function describeField(draft: Draft, field: Field): string {
  const text = currentText(draft, field);
  return text === "" && field.key === "seed" ? "random" : text;
}
