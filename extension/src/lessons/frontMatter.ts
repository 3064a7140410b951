// The head of a lesson's file: all that is known about the lesson besides its text.
import { isRequirement, type Requirement } from "./requirements";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";

/** In the order in which the sidebar shows them. */
export const CATEGORIES = {
  basics: "Basics",
  models: "Video Models",
  hardware: "Tenstorrent Hardware",
  "bring-up": "Bring-Up",
} as const;
export const HARDWARE = {
  cpu: "CPU",
  cuda: "NVIDIA GPU",
  n150: "N150",
  n300: "N300",
  t3k: "T3000",
  p100: "P100",
  p150: "P150",
  p300: "P300",
  galaxy: "Galaxy",
} as const;
export const STATUSES = ["validated", "draft", "blocked"] as const;

export type Category = keyof typeof CATEGORIES;
export type Hardware = keyof typeof HARDWARE;

export interface FrontMatter {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly category: Category;
  /** Its place in the course */
  readonly order: number;
  readonly tags: readonly string[];
  readonly supportedHardware: readonly Hardware[];
  readonly status: (typeof STATUSES)[number];
  /** How it was tried from beginning to end, and with what; of a validated lesson */
  readonly validated: string | null;
  /** What must be there for all of its steps, checked on its page */
  readonly requires: readonly Requirement[];
  readonly estimatedMinutes: number;
}

/** What is wrong with a lesson's file, and on which line, counted from 1. */
export interface Problem {
  readonly line: number;
  readonly message: string;
}

const text = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
const list = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const RULES: Readonly<Record<keyof FrontMatter, readonly [wanted: string, accepts: (value: unknown) => boolean]>> = {
  id: ["lower-case words joined by hyphens", (value) => text(value) && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value)],
  title: ["a text", text],
  description: ["a text", text],
  category: [
    `one of ${Object.keys(CATEGORIES).join(", ")}`,
    (value) => text(value) && Object.hasOwn(CATEGORIES, value),
  ],
  order: ["a whole number above 0", (value) => Number.isInteger(value) && Number(value) > 0],
  tags: ["a list of texts", (value) => list(value) && value.every(text)],
  supportedHardware: [
    `a list of ${Object.keys(HARDWARE).join(", ")}`,
    (value) => list(value) && value.length > 0 && value.every((item) => text(item) && Object.hasOwn(HARDWARE, item)),
  ],
  status: [`one of ${STATUSES.join(", ")}`, (value) => STATUSES.some((status) => status === value)],
  validated: ["a text", (value) => value === null || text(value)],
  requires: ["a list of worker, board and model:ID", (value) => list(value) && value.every(isRequirement)],
  estimatedMinutes: ["a whole number above 0", (value) => Number.isInteger(value) && Number(value) > 0],
};

/** What a lesson need not say. */
const UNSAID = { validated: null, requires: ["worker"] } as const;

/** `body` has as many lines as the file, so that line numbers stay true. */
export function readFrontMatter(source: string): {
  readonly head: FrontMatter | null;
  readonly body: string;
  readonly problems: readonly Problem[];
} {
  const match = /^---\n(.*?)\n---(?:\n|$)/s.exec(source);
  if (match?.[1] === undefined) {
    return {
      head: null,
      body: source,
      problems: [{ line: 1, message: "there is no front matter between --- and ---" }],
    };
  }
  const body = match[0].replaceAll(/[^\n]+/g, "") + source.slice(match[0].length);
  const { head, problems } = parseHead(match[1]);
  return { head, body, problems };
}

function parseHead(yaml: string): { head: FrontMatter | null; problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  // The first line of the file is ---.
  const lineOf = (offset: number) => lines.linePos(offset).line + 1;
  if (document.errors.length > 0 || !isMap(document.contents)) {
    const [error] = document.errors;
    const problem = { line: lineOf(error?.pos[0] ?? 0), message: error?.message ?? "the front matter has no keys" };
    return { head: null, problems: [problem] };
  }
  const problems: Problem[] = [];
  for (const { key } of document.contents.items) {
    if (!isScalar(key) || typeof key.value !== "string" || !Object.hasOwn(RULES, key.value)) {
      const line = isScalar(key) ? lineOf(key.range[0]) : 1;
      problems.push({ line, message: `unknown key "${String(key)}" in the front matter` });
    }
  }
  const values: Record<string, unknown> = { ...UNSAID, ...(document.toJS() as Record<string, unknown>) };
  for (const [key, [wanted, accepts]] of Object.entries(RULES)) {
    const value = document.contents.get(key, true);
    if (value === undefined && !Object.hasOwn(UNSAID, key)) {
      problems.push({ line: 1, message: `the front matter has no "${key}"` });
    } else if (!accepts(values[key])) {
      problems.push({ line: lineOf(value?.range?.[0] ?? 0), message: `"${key}" must be ${wanted}` });
    }
  }
  if (values["status"] === "validated" && values["validated"] === null) {
    problems.push({ line: 1, message: 'a validated lesson must say how, as "validated"' });
  }
  return { head: problems.length === 0 ? (values as unknown as FrontMatter) : null, problems };
}
