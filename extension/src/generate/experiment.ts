// An experiment: one prompt, and what is varied of it. Pure.
import { Failure } from "../errors";
import type { FormValues } from "../shared/protocol";
import { problemOf } from "./parameterBox";
import { fieldsOf, type Field } from "../shared/schema";
import type { ExperimentRequest, JsonValue, ModelInfo } from "../worker/contract";
import { parseArguments } from "./arguments";
import { generateRequest, type Defaults } from "./requests";

/** As the worker has it. */
export const MOST_CLIPS = 16;

/** Values by the name of a parameter, or of the prompt or negativePrompt. */
export type Vary = Readonly<Record<string, readonly JsonValue[]>>;

export interface Experiment {
  readonly prompt: string;
  readonly values: FormValues;
  readonly vary: Vary;
}

/** Throws a Failure when it is not what Generate Video takes, and `vary` with at least one list of values. */
export function parseExperiment(value: unknown, defaultModel: string): Experiment {
  const { vary, ...rest } = isRecord(value) ? value : { vary: undefined };
  if (!isVary(vary)) {
    throw new Failure(
      "invalidParameters",
      "Run Experiment was called without values to compare.",
      'It takes what Generate Video takes, and vary, such as {"guidance": [1, 3, 7]}.',
    );
  }
  return { ...parseArguments(rest, defaultModel), vary };
}

/** How many videos it makes. */
export function clipsOf(vary: Vary): number {
  return Object.values(vary).reduce((product, values) => product * values.length, 1);
}

/** What can be varied: the model's parameters that have a few plain values. The seed is one of them. */
export function variable(model: ModelInfo): readonly Field[] {
  return fieldsOf(model.parametersSchema).filter((field) => field.kind !== "text");
}

/** Where the box begins: the schema's own examples, or nothing. */
export function suggested(model: ModelInfo, key: string): string {
  const properties = model.parametersSchema["properties"];
  const property = isRecord(properties) ? properties[key] : undefined;
  const examples = isRecord(property) ? property["examples"] : undefined;
  return Array.isArray(examples) && examples.length > 1 ? examples.map(String).join(", ") : "";
}

/** Texts behind commas as numbers for the field, or a sentence why they are none. */
export function valuesOf(field: Field, text: string): readonly number[] | string {
  const parts = [...new Set(text.split(",").map((part) => part.trim()))].filter((part) => part !== "");
  for (const part of parts) {
    const problem = problemOf(field, part);
    if (problem !== null) {
      return `${part}: ${problem}`;
    }
  }
  return parts.length < 2 ? "Two values at least are needed, with a comma between them." : parts.map(Number);
}

/** All values of a choice or of yes and no; null when they are typed. */
export function allValues(field: Field): readonly JsonValue[] | null {
  return field.kind === "boolean" ? [true, false] : field.kind === "choice" ? field.options : null;
}

export function experimentRequest({ prompt, values, vary }: Experiment, defaults: Defaults): ExperimentRequest {
  return { base: generateRequest(prompt, values, null, defaults), vary };
}

function isVary(value: unknown): value is Vary {
  const lists = isRecord(value) ? Object.values(value) : [];
  return (
    lists.length > 0 && lists.every((values) => Array.isArray(values) && values.length > 0 && values.every(isPlain))
  );
}

function isPlain(value: unknown): boolean {
  return ["boolean", "number", "string"].includes(typeof value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
