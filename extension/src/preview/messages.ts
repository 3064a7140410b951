// Which messages of the Output Preview are well-formed. What they name must still exist: that is looked up later.
import {
  JOB_ACTIONS,
  OUTPUT_ACTIONS,
  PREVIEW_COMMANDS,
  type FormValues,
  type PreviewMessage,
} from "../shared/protocol";
import type { JsonValue } from "../worker/contract";
import { MAX_IMAGE_BYTES } from "./startImage";

/** As the worker has it. */
const MAX_PROMPT = 10_000;
const MAX_NAME = 200;
const MAX_PATH = 4096;
const MAX_COUNT = 16;
const MAX_FRAME = 1_000_000;
const MAX_PARAMETERS = { depth: 4, values: 1000, characters: 20_000 };
/** One above what is allowed gets through, so that "too large" is told in its own words. */
const MAX_BASE64 = 4 * Math.ceil((MAX_IMAGE_BYTES + 3) / 3);

type Fields = Readonly<Record<string, unknown>>;

const CHECKS: Readonly<Record<PreviewMessage["type"], (message: Fields) => boolean>> = {
  ready: (message) => hasOnly(message, []),
  submit: (message) =>
    hasOnly(message, ["prompt", "values"]) && isText(message["prompt"], MAX_PROMPT) && isFormValues(message["values"]),
  job: (message) =>
    hasOnly(message, ["action", "id"]) && isOneOf(message["action"], JOB_ACTIONS) && isId(message["id"], MAX_NAME),
  output: (message) =>
    hasOnly(message, ["action", "id"]) && isOneOf(message["action"], OUTPUT_ACTIONS) && isId(message["id"], MAX_PATH),
  select: (message) => hasOnly(message, ["id"]) && isId(message["id"], MAX_PATH),
  compare: (message) =>
    hasOnly(message, ["ids"]) &&
    Array.isArray(message["ids"]) &&
    message["ids"].length === 2 &&
    message["ids"].every((id) => isId(id, MAX_PATH)),
  command: (message) => hasOnly(message, ["command"]) && isOneOf(message["command"], PREVIEW_COMMANDS),
  interactive: (message) => hasOnly(message, ["open"]) && typeof message["open"] === "boolean",
  storyboardFrame: (message) =>
    hasOnly(message, ["frame", "prompt"]) &&
    isCount(message["frame"], 0, MAX_FRAME) &&
    isText(message["prompt"], MAX_PROMPT),
  leaveStoryboard: (message) => hasOnly(message, []),
  savePreset: (message) => hasOnly(message, ["values"]) && isFormValues(message["values"]),
  deletePreset: (message) => hasOnly(message, ["name"]) && isId(message["name"], MAX_NAME),
  pickStartImage: (message) => hasOnly(message, []),
  pickFile: (message) =>
    hasOnly(message, ["key", "video"]) && isId(message["key"], MAX_NAME) && typeof message["video"] === "boolean",
  dropStartImage: (message) =>
    hasOnly(message, ["name", "data"]) && isText(message["name"], MAX_PATH) && isText(message["data"], MAX_BASE64),
  useFrame: (message) =>
    hasOnly(message, ["id", "frame"]) && isId(message["id"], MAX_PATH) && isCount(message["frame"], 0, MAX_FRAME),
  clearStartImage: (message) => hasOnly(message, []),
};

export function isPreviewMessage(value: unknown): value is PreviewMessage {
  if (!isRecord(value)) {
    return false;
  }
  const type = value["type"];
  return typeof type === "string" && isKnown(type) && CHECKS[type](value);
}

function isKnown(type: string): type is PreviewMessage["type"] {
  return Object.hasOwn(CHECKS, type);
}

function isFormValues(value: unknown): value is FormValues {
  return (
    isRecord(value) &&
    Object.keys(value).length === 4 &&
    isId(value["model"], MAX_NAME) &&
    isText(value["negativePrompt"], MAX_PROMPT) &&
    isRecord(value["parameters"]) &&
    isModestJson(value["parameters"]) &&
    isCount(value["count"], 1, MAX_COUNT)
  );
}

/** Whether it is plain JSON that is neither deep nor large. */
function isModestJson(value: unknown): value is JsonValue {
  const left = { values: MAX_PARAMETERS.values, characters: MAX_PARAMETERS.characters };
  const isModest = (value: unknown, depth: number): boolean => {
    left.values -= 1;
    if (depth < 0 || left.values < 0) {
      return false;
    }
    if (typeof value === "string") {
      left.characters -= value.length;
      return left.characters >= 0;
    }
    if (value === null || typeof value === "boolean") {
      return true;
    }
    if (typeof value === "number") {
      return Number.isFinite(value);
    }
    if (Array.isArray(value)) {
      return value.every((item) => isModest(item, depth - 1));
    }
    return (
      isRecord(value) &&
      Object.entries(value).every(
        ([key, item]) => key !== "__proto__" && isModest(key, depth) && isModest(item, depth - 1),
      )
    );
  };
  return isModest(value, MAX_PARAMETERS.depth);
}

function isRecord(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function hasOnly(message: Fields, fields: readonly string[]): boolean {
  return Object.keys(message).every((key) => key === "type" || fields.includes(key));
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest;
}

function isId(value: unknown, longest: number): value is string {
  return isText(value, longest) && value !== "" && !value.includes("\0");
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isOneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): value is Choice {
  return choices.some((choice) => choice === value);
}
