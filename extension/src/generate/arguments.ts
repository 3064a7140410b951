// What Generate Video may be called with by lessons and other commands. Pure.
import { Failure } from "../errors";
import type { FormValues } from "../shared/protocol";
import type { JsonValue } from "../worker/contract";

export interface PromptAndValues {
  readonly prompt: string;
  readonly values: FormValues;
}

const KEYS = ["prompt", "model", "negativePrompt", "parameters", "count"];

/** Raises a Failure when it is not `{prompt, model?, negativePrompt?, parameters?, count?}`. */
export function parseArguments(value: unknown, defaultModel: string): PromptAndValues {
  if (!isRecord(value) || typeof value["prompt"] !== "string") {
    throw wrong("a prompt is missing");
  }
  const strange = Object.keys(value).find((key) => !KEYS.includes(key));
  if (strange !== undefined) {
    throw wrong(`'${strange}' is not known`);
  }
  const { prompt, model = defaultModel, negativePrompt = "", parameters = {}, count = 1 } = value;
  if (typeof model !== "string" || typeof negativePrompt !== "string" || typeof count !== "number") {
    throw wrong("model and negativePrompt are texts, count is a number");
  }
  if (!isRecord(parameters) || !Object.values(parameters).every(isPlain)) {
    throw wrong("parameters is an object of numbers, texts and booleans");
  }
  return { prompt, values: { model, negativePrompt, parameters, count } };
}

function wrong(what: string): Failure {
  return new Failure(
    "invalidParameters",
    `Generate Video was called with arguments that it cannot use: ${what}.`,
    `It takes one object with ${KEYS.join(", ")}.`,
  );
}

function isPlain(value: unknown): value is JsonValue {
  return value === null || ["boolean", "number", "string"].includes(typeof value);
}

function isRecord(value: unknown): value is Readonly<Record<string, JsonValue | undefined>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
