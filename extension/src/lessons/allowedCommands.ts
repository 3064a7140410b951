// What a lesson's buttons may run: nothing but these, and with nothing but arguments that are accepted here.
import { isExample } from "../shared/examples";
import type { JsonValue } from "../worker/contract";

interface AllowedCommand {
  /** Whether it resolves to jobs; then its step is done only when they are */
  readonly startsJobs: boolean;
  readonly accepts: (args: readonly JsonValue[]) => boolean;
}

export interface CommandLink {
  readonly command: string;
  readonly args: readonly JsonValue[];
  readonly startsJobs: boolean;
}

const plain: AllowedCommand = { startsJobs: false, accepts: (args) => args.length === 0 };

const ALLOWED: ReadonlyMap<string, AllowedCommand> = new Map([
  ["ttVideo.generateVideo", { startsJobs: true, accepts: (args) => args.length === 1 && isGeneration(args[0]) }],
  [
    "ttVideo.runExperiment",
    { startsJobs: true, accepts: (args) => args.length === 0 || (args.length === 1 && isExperiment(args[0])) },
  ],
  ["ttVideo.startInteractiveGeneration", plain],
  ["ttVideo.openExample", { startsJobs: false, accepts: (args) => isOnExample(args, []) }],
  ["ttVideo.generateFromStoryboard", { startsJobs: true, accepts: (args) => isOnExample(args, []) }],
  ["ttVideo.interactiveStoryboard", { startsJobs: false, accepts: (args) => isOnExample(args, []) }],
  ["ttVideo.animateStill", { startsJobs: true, accepts: (args) => isOnExample(args, ["motion"]) }],
  ["ttVideo.stitchFrames", { startsJobs: true, accepts: (args) => isOnExample(args, ["transition", "fps"]) }],
  ["ttVideo.downloadModel", { startsJobs: true, accepts: (args) => args.length <= 1 && args.every(isModelId) }],
  ["ttVideo.deployAnimateDiff", plain],
  ["ttVideo.runAnimateDiffPhase1", { startsJobs: true, accepts: plain.accepts }],
  ["ttVideo.runAnimateDiffPhase2", { startsJobs: true, accepts: plain.accepts }],
  ["ttVideo.viewAnimateDiffOutput", plain],
  ["ttVideo.detectHardware", plain],
  ["ttVideo.preflight", plain],
  ["ttVideo.resetBoards", plain],
  ["ttVideo.setUpWorker", plain],
  ["ttVideo.selectInterpreter", plain],
  ["ttVideo.restartWorker", plain],
  ["ttVideo.resumeQueue", plain],
  ["ttVideo.setHuggingFaceToken", plain],
  ["ttVideo.revealOutput", plain],
  ["ttVideo.showLog", plain],
  // Made by VS Code for each view.
  ["ttVideo.jobs.focus", plain],
  ["ttVideo.preview.focus", plain],
  [
    "workbench.action.openSettings",
    {
      startsJobs: false,
      accepts: (args) => args.length === 1 && typeof args[0] === "string" && /^ttVideo\.[a-zA-Z.]+$/.test(args[0]),
    },
  ],
]);

/** The ids that Tenstorrent's own lessons use. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["tenstorrent.runHardwareDetection", "ttVideo.detectHardware"],
  ["tenstorrent.startInteractiveImageGen", "ttVideo.startInteractiveGeneration"],
]);

export const ALLOWED_COMMANDS: readonly string[] = [...ALLOWED.keys()];

/**
 * Reads `command:id?arguments` as VS Code does: the arguments are JSON, percent-encoded or not, and an array is spread.
 * Answers with a sentence when it may not be run.
 */
export function parseCommandLink(href: string): CommandLink | string {
  const [, id = "", query] = /^command:([^?]*)(?:\?(.*))?$/s.exec(href) ?? [];
  const command = ALIASES.get(id) ?? id;
  const allowed = ALLOWED.get(command);
  if (allowed === undefined) {
    return `the command "${id}" is not one that lessons may run`;
  }
  const args = parseArguments(query);
  if (args === undefined) {
    return `the arguments of "${id}" are not JSON`;
  }
  if (!allowed.accepts(args)) {
    return `"${id}" does not take the arguments ${JSON.stringify(args)}`;
  }
  return { command, args, startsJobs: allowed.startsJobs };
}

function parseArguments(query: string | undefined): readonly JsonValue[] | undefined {
  if (query === undefined || query === "") {
    return [];
  }
  try {
    const value = JSON.parse(decodeURIComponent(query)) as JsonValue;
    return isArray(value) ? value : [value];
  } catch {
    return undefined;
  }
}

function isGeneration(value: JsonValue | undefined): boolean {
  if (!isRecord(value)) {
    return false;
  }
  const { prompt, model, negativePrompt, parameters, count, ...unknown } = value;
  return (
    Object.keys(unknown).length === 0 &&
    typeof prompt === "string" &&
    prompt.trim() !== "" &&
    prompt.length <= 500 &&
    (model === undefined || typeof model === "string") &&
    (negativePrompt === undefined || typeof negativePrompt === "string") &&
    (parameters === undefined || (isRecord(parameters) && Object.values(parameters).every(isScalar))) &&
    (count === undefined || (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= 8))
  );
}

/** One of the examples, and scalars by these names. */
function isOnExample(args: readonly JsonValue[], names: readonly string[]): boolean {
  const [target] = args;
  return (
    args.length === 1 &&
    isRecord(target) &&
    isExample(target) &&
    Object.entries(target).every(([name, value]) => name === "example" || (names.includes(name) && isScalar(value)))
  );
}

function isModelId(value: JsonValue): boolean {
  return typeof value === "string" && /^[a-z0-9][a-z0-9.-]*$/.test(value);
}

/** What Generate Video takes, and up to 16 values of each thing that is varied. */
function isExperiment(value: JsonValue | undefined): boolean {
  if (!isRecord(value)) {
    return false;
  }
  const { vary, ...generation } = value;
  return (
    isGeneration(generation) &&
    isRecord(vary) &&
    Object.values(vary).every((values) => isArray(values) && values.length <= 16 && values.every(isScalar))
  );
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isRecord(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: JsonValue): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
