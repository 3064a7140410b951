// What the person chose besides the prompt, remembered over reloads.
import { useEffect, useRef } from "preact/hooks";
import { MOST_VARIATIONS, type FormValues, type Preset, type PreviewState } from "../../shared/protocol";
import type { ModelInfo } from "../../worker/contract";
import { type Memory, useKept } from "./kept";
import { valueText } from "../../shared/labels";
import { type Entries, type Field, entriesOf, fieldsOf, parse, takesStartImage } from "../../shared/schema";

export interface Form {
  readonly model: ModelInfo | undefined;
  readonly fields: readonly Field[];
  readonly entries: Entries;
  readonly errors: Readonly<Record<string, string>>;
  readonly negativePrompt: string;
  readonly values: FormValues;
  readonly takesStartImage: boolean;
  /** Name of the preset that was chosen last; "" for none */
  readonly preset: string;
  /** What differs from the defaults, to be read: "Steps 30", "3 variations" */
  readonly changes: readonly string[];
  readonly setModel: (id: string) => void;
  readonly setNegativePrompt: (text: string) => void;
  readonly setEntry: (key: string, entry: string | boolean) => void;
  readonly setCount: (count: number) => void;
  readonly apply: (preset: Preset) => void;
  readonly reset: () => void;
}

export function useForm(memory: Memory, state: Pick<PreviewState, "models" | "defaultModel" | "picked">): Form {
  const [chosen, setChosen] = useKept(memory, "model");
  const [negativePrompt, setNegativePrompt] = useKept(memory, "negativePrompt");
  const [entries, setEntries] = useKept(memory, "entries");
  const [count, setCount] = useKept(memory, "count");
  const [preset, setPreset] = useKept(memory, "preset");
  const { picked } = state;
  const seen = useRef(picked?.number);
  useEffect(() => {
    // What was chosen before the page was loaded stands in the entries that are kept, or was taken back since.
    if (picked !== null && picked.number !== seen.current) {
      seen.current = picked.number;
      setEntries({ ...entries, [picked.key]: picked.path });
    }
  }, [picked]);
  const byId = (id: string | null): ModelInfo | undefined => state.models.find((model) => model.id === id);
  const model = byId(chosen) ?? byId(state.defaultModel) ?? state.models[0];
  const fields = model ? fieldsOf(model.parametersSchema) : [];
  const { parameters, errors } = parse(fields, entries);
  const fill = (values: Omit<FormValues, "model">, name: string): void => {
    setNegativePrompt(values.negativePrompt);
    setEntries(entriesOf(values.parameters));
    setCount(Math.min(Math.max(values.count, 1), MOST_VARIATIONS));
    setPreset(name);
  };
  return {
    model,
    fields,
    entries,
    errors,
    negativePrompt,
    preset,
    values: { model: model?.id ?? state.defaultModel, negativePrompt: negativePrompt.trim(), parameters, count },
    takesStartImage: model !== undefined && takesStartImage(model.parametersSchema),
    changes: [
      ...fields.flatMap(({ key, label }) => {
        const value = parameters[key];
        return value === undefined ? [] : [`${label} ${valueText(value)}`];
      }),
      ...(negativePrompt.trim() ? [`without ${negativePrompt.trim()}`] : []),
      ...(count > 1 ? [`${count} variations`] : []),
    ],
    setModel: setChosen,
    setNegativePrompt,
    setEntry: (key, entry) => {
      setEntries({ ...entries, [key]: entry });
    },
    setCount,
    apply: ({ name, values }) => {
      setChosen(values.model);
      fill(values, name);
    },
    reset: () => {
      fill({ negativePrompt: "", parameters: {}, count: 1 }, "");
    },
  };
}
