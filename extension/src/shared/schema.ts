// A model's JSON Schema as form fields, and what stands in the fields as parameters: only those that differ from the defaults.
import type { JsonValue } from "../worker/contract";
import { labelOf } from "./labels";

type Schema = Readonly<Record<string, JsonValue>>;

interface Common {
  readonly key: string;
  readonly label: string;
  readonly description: string;
  readonly advanced: boolean;
}

export interface NumberField extends Common {
  readonly kind: "integer" | "number";
  readonly initial: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Whether the bounds themselves are not allowed */
  readonly above: boolean;
  readonly below: boolean;
}

export interface FileField extends Common {
  /** A file's path */
  readonly kind: "file";
  readonly initial: null;
  readonly video: boolean;
}

export type Field =
  | NumberField
  | FileField
  | (Common & { readonly kind: "text"; readonly initial: string | null })
  | (Common & { readonly kind: "boolean"; readonly initial: boolean })
  | (Common & { readonly kind: "choice"; readonly initial: string; readonly options: readonly JsonValue[] });

/** What stands in the fields, by key: text as it was typed, ticks as booleans. Fields that nobody touched are missing. */
export type Entries = Readonly<Record<string, string | boolean>>;

export interface Parsed {
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** A sentence by key, for what cannot be sent */
  readonly errors: Readonly<Record<string, string>>;
}

/** The fields of a schema in its order. The start image has its own control; a choice of one is none. */
export function fieldsOf(schema: Schema): readonly Field[] {
  return Object.entries(asSchema(schema["properties"])).flatMap(([key, property]) => {
    const field = fieldOf(key, resolve(asSchema(property), schema));
    return field ? [field] : [];
  });
}

/** Whether the model begins with a picture when it is given one. */
export function takesStartImage(schema: Schema): boolean {
  return Object.values(asSchema(schema["properties"])).some((property) =>
    isPicture(resolve(asSchema(property), schema)),
  );
}

export function parse(fields: readonly Field[], entries: Entries): Parsed {
  const parameters: Record<string, JsonValue> = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const entry = entries[field.key];
    if (entry === undefined || entry === "") {
      continue;
    }
    const error = check(field, entry);
    if (error !== null) {
      errors[field.key] = error;
      continue;
    }
    const value = valueOf(field, entry);
    // Without a seed the worker draws one, whatever the schema's default says: a seed that was typed is always meant.
    if (field.key === "seed" || value !== field.initial) {
      parameters[field.key] = value;
    }
  }
  return { parameters, errors };
}

/** The entries that give these parameters: to show a preset in the form. */
export function entriesOf(parameters: Readonly<Record<string, JsonValue>>): Entries {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [key, typeof value === "boolean" ? value : textOf(value)]),
  );
}

/** How a field's value reads, or "" for none: its placeholder, and the key of an option. */
export function textOf(value: JsonValue): string {
  return value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

/** "1 to 16", "more than 0", … for a hint; "" without bounds worth telling. */
export function rangeOf(field: NumberField): string {
  const { minimum, maximum } = field;
  const low = minimum === null ? "" : field.above ? `more than ${minimum}` : `at least ${minimum}`;
  const high =
    maximum === null || maximum > Number.MAX_SAFE_INTEGER ? "" : `${field.below ? "less than" : "at most"} ${maximum}`;
  if (minimum !== null && high && !field.above && !field.below) {
    return `${minimum} to ${maximum ?? ""}`;
  }
  return [low, high].filter(Boolean).join(", ");
}

function fieldOf(key: string, property: Schema): Field | null {
  const title = property["title"];
  const common = {
    key,
    label: typeof title === "string" && title.toLowerCase() !== key.toLowerCase() ? title : labelOf(key),
    description: typeof property["description"] === "string" ? property["description"] : "",
    advanced: property["advanced"] === true,
  };
  const initial = property["default"] ?? null;
  const options = property["enum"];
  if (isList(options)) {
    return options.length > 1 ? { ...common, kind: "choice", initial: textOf(initial), options } : null;
  }
  const type = property["type"];
  if (type === "integer" || type === "number") {
    return { ...common, kind: type, initial: numberOr(initial), ...boundsOf(property) };
  }
  if (type === "boolean") {
    return { ...common, kind: "boolean", initial: initial === true };
  }
  if (isPath(property)) {
    const video = property["contentMediaType"] === "video/*";
    return isPicture(property) ? null : { ...common, kind: "file", initial: null, video };
  }
  return type === "string" ? { ...common, kind: "text", initial: typeof initial === "string" ? initial : null } : null;
}

function boundsOf(property: Schema): Pick<NumberField, "minimum" | "maximum" | "above" | "below"> {
  const above = numberOr(property["exclusiveMinimum"]);
  const below = numberOr(property["exclusiveMaximum"]);
  return {
    minimum: above ?? numberOr(property["minimum"]),
    maximum: below ?? numberOr(property["maximum"]),
    above: above !== null,
    below: below !== null,
  };
}

function check(field: Field, entry: string | boolean): string | null {
  if (field.kind !== "integer" && field.kind !== "number") {
    return null;
  }
  const value = Number(entry);
  const whole = field.kind === "integer";
  if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) {
    return whole ? "A whole number is needed." : "A number is needed.";
  }
  const { minimum, maximum, above, below } = field;
  const tooLow = minimum !== null && (above ? value <= minimum : value < minimum);
  const tooHigh = maximum !== null && (below ? value >= maximum : value > maximum);
  return tooLow || tooHigh ? `Allowed: ${rangeOf(field)}.` : null;
}

function valueOf(field: Field, entry: string | boolean): JsonValue {
  switch (field.kind) {
    case "integer":
    case "number":
      return Number(entry);
    case "boolean":
      return entry === true;
    case "choice":
      return field.options.find((option) => textOf(option) === entry) ?? field.initial;
    case "text":
    case "file":
      return String(entry);
  }
}

/** Follows a reference into the schema's own definitions, and takes what is not null of "this or null". */
function resolve(property: Schema, root: Schema): Schema {
  const reference = property["$ref"];
  if (typeof reference === "string") {
    const name = reference.replace("#/$defs/", "");
    return { ...asSchema(asSchema(root["$defs"])[name]), ...property };
  }
  const either = property["anyOf"] ?? property["allOf"];
  if (isList(either)) {
    const real = either.map((part) => asSchema(part)).find((part) => part["type"] !== "null");
    return real ? { ...resolve(real, root), ...property } : property;
  }
  return property;
}

function isPicture(property: Schema): boolean {
  return isPath(property) && (property["contentMediaType"] ?? "image/*") === "image/*";
}

function isPath(property: Schema): boolean {
  return property["format"] === "path" || property["format"] === "file-path";
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function asSchema(value: JsonValue | undefined): Schema {
  return typeof value === "object" && value !== null && !isList(value) ? value : {};
}

function numberOr(value: JsonValue | undefined): number | null {
  return typeof value === "number" ? value : null;
}
