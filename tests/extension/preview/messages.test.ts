import { expect, test } from "vitest";
import { isPreviewMessage } from "../../../extension/src/preview/messages";
import {
  JOB_ACTIONS,
  OUTPUT_ACTIONS,
  PREVIEW_COMMANDS,
  type FormValues,
  type PreviewMessage,
} from "../../../extension/src/shared/protocol";

const VALUES: FormValues = { model: "tiny", negativePrompt: "", parameters: { steps: 12, fast: true }, count: 2 };

const GOOD: readonly PreviewMessage[] = [
  { type: "ready" },
  { type: "submit", prompt: "a red ball", values: VALUES },
  ...JOB_ACTIONS.map((action) => ({ type: "job", action, id: "1f0c9a2e" }) as const),
  ...OUTPUT_ACTIONS.map((action) => ({ type: "output", action, id: "/videos/clip.mp4" }) as const),
  { type: "select", id: `/videos/it's "quoted" <b>.mp4` },
  ...PREVIEW_COMMANDS.map((command) => ({ type: "command", command }) as const),
  { type: "compare", ids: ["/videos/a/clip.mp4", "/videos/b/clip.mp4"] },
  { type: "interactive", open: true },
  { type: "storyboardFrame", frame: 0, prompt: "a red ball" },
  { type: "leaveStoryboard" },
  { type: "savePreset", values: VALUES },
  { type: "deletePreset", name: "Fast" },
  { type: "pickStartImage" },
  { type: "pickFile", key: "startVideo", video: true },
  { type: "dropStartImage", name: "../../etc/passwd", data: "iVBORw0KGgo=" },
  { type: "useFrame", id: "/videos/clip.mp4", frame: 3 },
  { type: "clearStartImage" },
];

test.each(GOOD)("the well-formed message %j is taken", (message) => {
  expect(isPreviewMessage(message)).toBe(true);
});

test("every type of message is among the well-formed ones above", () => {
  // A type that the protocol gets later is missing in this record, and the compiler says so.
  const all: Readonly<Record<PreviewMessage["type"], true>> = {
    ready: true,
    submit: true,
    job: true,
    output: true,
    select: true,
    compare: true,
    command: true,
    interactive: true,
    storyboardFrame: true,
    leaveStoryboard: true,
    savePreset: true,
    deletePreset: true,
    pickStartImage: true,
    pickFile: true,
    dropStartImage: true,
    useFrame: true,
    clearStartImage: true,
  };
  expect(new Set(GOOD.map((message) => message.type))).toEqual(new Set(Object.keys(all)));
});

test.each(GOOD)("nothing may be missing, of another type or too much in %j", (message) => {
  for (const key of Object.keys(message)) {
    const without: Record<string, unknown> = { ...message };
    Reflect.deleteProperty(without, key);
    expect(isPreviewMessage(without), `without ${key}`).toBe(false);
    for (const other of [null, undefined, 3.5, -1, {}, [], [message], Symbol.iterator, () => true]) {
      expect(isPreviewMessage({ ...message, [key]: other }), `another ${key}`).toBe(false);
    }
  }
  expect(isPreviewMessage({ ...message, more: 1 })).toBe(false);
});

test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "", "READY", "ready "])(
  "the type %j is not known",
  (type) => {
    expect(isPreviewMessage({ type })).toBe(false);
  },
);

test.each([null, undefined, "ready", 1, true, [], ["ready"], [{ type: "ready" }], new Map([["type", "ready"]])])(
  "%j is no message",
  (value) => {
    expect(isPreviewMessage(value)).toBe(false);
  },
);

test.each([
  "workbench.action.terminal.new",
  "workbench.action.terminal.sendSequence",
  "ttVideo.generateVideo ",
  "TTVIDEO.GENERATEVIDEO",
  "vscode.open",
  "command:ttVideo.showLog",
  ["ttVideo.showLog"],
])("the command %j may not be run", (command) => {
  expect(isPreviewMessage({ type: "command", command })).toBe(false);
});

test("a command takes no arguments", () => {
  expect(isPreviewMessage({ type: "command", command: "ttVideo.generateVideo", args: [{ prompt: "x" }] })).toBe(false);
});

test.each(["", "a\0b", "x".repeat(5000), ["/videos/clip.mp4"], { toString: () => "/videos/clip.mp4" }])(
  "an id is a text of a path's length (%#)",
  (id) => {
    expect(isPreviewMessage({ type: "output", action: "open", id })).toBe(false);
    expect(isPreviewMessage({ type: "job", action: "cancel", id })).toBe(false);
  },
);

function withParameters(parameters: unknown): unknown {
  return { type: "submit", prompt: "x", values: { ...VALUES, parameters } };
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { deeper: nested(depth - 1) };
}

const circle: Record<string, unknown> = {};
circle["self"] = circle;

test("parameters are JSON, neither deep nor large", () => {
  expect(isPreviewMessage(withParameters({ a: [1, "two", null, { b: false }] }))).toBe(true);
  expect(isPreviewMessage(withParameters(nested(4)))).toBe(true);
  const bad = [
    nested(5),
    nested(10_000 / 2),
    circle,
    { a: NaN },
    { a: Infinity },
    { a: undefined },
    { a: 1n },
    { a: () => 1 },
    { a: new Date(0) },
    { a: new Map() },
    { a: "x".repeat(20_001) },
    { ["x".repeat(20_001)]: 1 },
    { a: Array.from({ length: 1001 }, () => 1) },
    JSON.parse('{"__proto__": {"polluted": true}}') as unknown,
    [1, 2],
  ];
  for (const [index, parameters] of bad.entries()) {
    expect(isPreviewMessage(withParameters(parameters)), `number ${index}`).toBe(false);
  }
});

test.each([0, -1, 1.5, 17, Infinity, NaN, "2"])("%j variations cannot be asked for", (count) => {
  expect(isPreviewMessage({ type: "savePreset", values: { ...VALUES, count } })).toBe(false);
});

test.each([-1, 1.5, NaN, 1e9, "0"])("a frame has no number %j", (frame) => {
  expect(isPreviewMessage({ type: "useFrame", id: "/videos/clip.mp4", frame })).toBe(false);
});

test("a prompt has the length that the worker takes, a dropped file at most that of 20 MB", () => {
  expect(isPreviewMessage({ type: "submit", prompt: "x".repeat(10_000), values: VALUES })).toBe(true);
  expect(isPreviewMessage({ type: "submit", prompt: "x".repeat(10_001), values: VALUES })).toBe(false);
  const data = "A".repeat(28 * 1024 * 1024);
  expect(isPreviewMessage({ type: "dropStartImage", name: "large.png", data })).toBe(false);
});
