// The form: presets, model, what the model's schema asks, negative prompt, variations.
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { installedFirst, titleIn, usedFirst, verification } from "../../shared/models";
import { MOST_VARIATIONS, type Preset, type PreviewState } from "../../shared/protocol";
import { Choice } from "../choice";
import { Disclosure } from "./disclosure";
import { IconButton } from "./iconButton";
import { type Memory, useKept } from "./kept";
import type { Send } from "./outputMenu";
import { type Field, type FileField, rangeOf, textOf } from "../../shared/schema";
import type { Form } from "./useForm";

interface Props {
  readonly state: Pick<PreviewState, "models" | "presets">;
  readonly form: Form;
  readonly memory: Memory;
  readonly send: Send;
}

export function Parameters({ state, form, memory, send }: Props): JSX.Element {
  const [advancedOpen, setAdvancedOpen] = useKept(memory, "advancedOpen");
  const advanced = form.fields.filter((field) => field.advanced);
  const chosen = state.models.find(({ id }) => id === form.values.model);
  return (
    <div class="parameters" role="group" aria-label="Parameters">
      <Presets presets={state.presets} form={form} send={send} />
      {state.models.length > 1 && (
        <Choice
          label="Model"
          description={verification(chosen && usedFirst(chosen))}
          value={form.values.model}
          options={installedFirst(state.models).map((model) => [model.id, titleIn(model)] as const)}
          onChange={form.setModel}
        />
      )}
      {state.models.length === 0 && <p class="note">The model's parameters appear here when the worker is ready.</p>}
      <TextField
        label="Negative prompt"
        description="What should not be seen"
        value={form.negativePrompt}
        onChange={form.setNegativePrompt}
      />
      <div class="fields">
        {form.fields
          .filter((field) => !field.advanced)
          .map((field) => (
            <Entry key={field.key} field={field} form={form} send={send} />
          ))}
        <Choice
          label="Variations"
          value={String(form.values.count)}
          options={Array.from(
            { length: MOST_VARIATIONS },
            (_, index) => [String(index + 1), String(index + 1)] as const,
          )}
          onChange={(count) => {
            form.setCount(Number(count));
          }}
        />
      </div>
      {advanced.length > 0 && (
        <Disclosure
          label="Advanced"
          open={advancedOpen || advanced.some((field) => field.key in form.errors)}
          onToggle={setAdvancedOpen}
        >
          <div class="fields">
            {advanced.map((field) => (
              <Entry key={field.key} field={field} form={form} send={send} />
            ))}
          </div>
        </Disclosure>
      )}
    </div>
  );
}

function Presets({
  presets,
  form,
  send,
}: {
  readonly presets: readonly Preset[];
  readonly form: Form;
  readonly send: Send;
}) {
  const chosen = presets.find((preset) => preset.name === form.preset);
  return (
    <div class="presets">
      <Choice
        label="Preset"
        value={chosen?.name ?? ""}
        options={[["", "None"], ...presets.map((preset) => [preset.name, preset.name] as const)]}
        onChange={(name) => {
          const preset = presets.find((candidate) => candidate.name === name);
          if (preset) {
            form.apply(preset);
          } else {
            form.reset();
          }
        }}
      />
      <IconButton
        icon="save"
        label="Save as Preset..."
        disabled={Object.keys(form.errors).length > 0}
        onClick={() => void send({ type: "savePreset", values: form.values })}
      />
      <IconButton
        icon="trash"
        label={chosen ? `Delete Preset ${chosen.name}` : "Delete Preset"}
        disabled={!chosen}
        onClick={() => {
          if (chosen) {
            void send({ type: "deletePreset", name: chosen.name });
          }
        }}
      />
      <IconButton icon="discard" label="Reset to Defaults" onClick={form.reset} />
    </div>
  );
}

interface EntryProps {
  readonly field: Field;
  readonly form: Form;
  readonly send: Send;
}

/** One parameter. Empty means the default, which is shown in its place. */
function Entry({ field, form, send }: EntryProps): JSX.Element {
  const entry = form.entries[field.key];
  const onChange = (value: string | boolean): void => {
    form.setEntry(field.key, value);
  };
  switch (field.kind) {
    case "boolean":
      return (
        <label class="checkbox" title={field.description}>
          <input
            type="checkbox"
            checked={typeof entry === "boolean" ? entry : field.initial}
            onChange={(event) => {
              onChange(event.currentTarget.checked);
            }}
          />
          {field.label}
        </label>
      );
    case "choice":
      return (
        <Choice
          label={field.label}
          description={field.description}
          value={typeof entry === "string" && entry !== "" ? entry : field.initial}
          options={field.options.map((option) => [textOf(option), textOf(option) || "None"] as const)}
          onChange={onChange}
        />
      );
    case "file":
      return <FileEntry field={field} value={typeof entry === "string" ? entry : ""} onChange={onChange} send={send} />;
    case "integer":
    case "number":
    case "text": {
      const range = field.kind === "text" ? "" : rangeOf(field);
      return (
        <TextField
          label={field.label}
          description={[field.description, range && `(${range})`].filter(Boolean).join(" ")}
          placeholder={field.key === "seed" ? "random" : field.initial === null ? "" : String(field.initial)}
          numeric={field.kind !== "text"}
          value={typeof entry === "string" ? entry : ""}
          error={form.errors[field.key]}
          onChange={onChange}
        />
      );
    }
  }
}

interface FileEntryProps {
  readonly field: FileField;
  readonly value: string;
  readonly onChange: (path: string) => void;
  readonly send: Send;
}

/** A path, typed or chosen. */
function FileEntry({ field, value, onChange, send }: FileEntryProps): JSX.Element {
  return (
    <div class="file">
      <TextField
        label={field.label}
        description={field.description}
        placeholder="none"
        value={value}
        onChange={onChange}
      />
      <IconButton
        icon="folder-opened"
        label={`Choose ${field.label}...`}
        onClick={() => void send({ type: "pickFile", key: field.key, video: field.video })}
      />
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly description: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly numeric?: boolean;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
}

function TextField({ label, description, value, placeholder, numeric = false, error, onChange }: TextFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={numeric ? "decimal" : "text"}
        value={value}
        placeholder={placeholder}
        title={description}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
        onInput={(event) => {
          onChange(event.currentTarget.value);
        }}
      />
      {error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
