import { expect, test } from "vitest";
import { isLessonMessage } from "../../../extension/src/lessons/messages";

test.each([
  { type: "ready" },
  { type: "press", button: 0 },
  { type: "cancel", button: 3 },
  { type: "copy", block: 0 },
  { type: "terminal", block: 0 },
  { type: "open", lesson: "your-first-video" },
  { type: "openExternal", link: 0 },
  { type: "fix", requirement: 0 },
  { type: "startOver" },
])("well-formed: %j", (message) => {
  expect(isLessonMessage(message)).toBe(true);
});

test.each([
  null,
  undefined,
  "ready",
  [],
  {},
  { type: "constructor" },
  { type: "toString" },
  { type: ["press"], button: 0 },
  { type: "ready", command: "x" },
  { type: "press" },
  { type: "press", button: -1 },
  { type: "press", button: 0.5 },
  { type: "press", button: "0" },
  { type: "press", button: NaN },
  { type: "press", button: 0, command: "workbench.action.quit" },
  { type: "press", block: 0 },
  { type: "open", lesson: 1 },
  { type: "open", lesson: "x".repeat(101) },
  { type: "openExternal", link: "https://example.com" },
  { type: "command", command: "workbench.action.quit" },
])("refused: %j", (message) => {
  expect(isLessonMessage(message)).toBe(false);
});
