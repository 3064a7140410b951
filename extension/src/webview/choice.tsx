import type { JSX, RefObject } from "preact";
import { useId } from "preact/hooks";

interface Props {
  readonly label: string;
  readonly description?: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly element?: RefObject<HTMLSelectElement>;
  readonly onChange: (value: string) => void;
}

/** One of several, with its label. */
export function Choice({ label, description, value, options, element, onChange }: Props): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        ref={element ?? null}
        value={value}
        title={description}
        onChange={(event) => {
          onChange(event.currentTarget.value);
        }}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
