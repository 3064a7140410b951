// One parameter of the model as a box to type in, or a list: what stands there, what may, and what it makes of the draft.
import { parse, rangeOf, textOf, type Field } from "../shared/schema";
import type { Draft } from "./menu";

/** What stands in the field's box at first. */
export function currentText(draft: Draft, field: Field): string {
  const value = draft.values.parameters[field.key];
  if (value !== undefined) {
    return textOf(value);
  }
  return field.key === "seed" ? "" : textOf(field.initial);
}

/** Under the field's box. */
export function fieldPrompt(field: Field): string {
  const range = field.kind === "integer" || field.kind === "number" ? rangeOf(field) : "";
  const empty = field.key === "seed" ? "Leave it empty for a random one." : "";
  return [field.description, range === "" ? "" : `(${range}).`, empty].filter((part) => part !== "").join(" ");
}

/** Why the text cannot stand in the field, or null. */
export function problemOf(field: Field, text: string): string | null {
  return parse([field], { [field.key]: text.trim() }).errors[field.key] ?? null;
}

/** An empty text and the default take the parameter back. */
export function withField(draft: Draft, field: Field, text: string): Draft {
  const entry = field.kind === "boolean" ? text === "true" : text.trim();
  const given = parse([field], { [field.key]: entry }).parameters;
  const others = Object.entries(draft.values.parameters).filter(([key]) => key !== field.key);
  return { ...draft, values: { ...draft.values, parameters: { ...Object.fromEntries(others), ...given } } };
}

/** The options of a choice or of yes and no, as texts that `withField` takes. */
export function optionsOf(field: Field): readonly { readonly text: string; readonly label: string }[] | null {
  if (field.kind === "choice") {
    return field.options.map((option) => ({ text: textOf(option), label: textOf(option) }));
  }
  if (field.kind === "boolean") {
    return [
      { text: "true", label: "Yes" },
      { text: "false", label: "No" },
    ];
  }
  return null;
}
