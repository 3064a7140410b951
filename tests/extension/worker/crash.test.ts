import { expect, test } from "vitest";
import { explainEnd } from "../../../extension/src/worker/crash";
import type { Ended } from "../../../extension/src/worker/process";

const TRACEBACK = [
  "INFO ttvideo.rpc: started",
  "Traceback (most recent call last):",
  '  File "x.py", line 1, in <module>',
  "ModuleNotFoundError: No module named 'pydantic'",
];

test.each<[string, Partial<Ended>, string]>([
  ["killed", { signal: "SIGKILL" }, "The worker was killed (SIGKILL); often the machine ran out of memory."],
  ["native code", { signal: "SIGSEGV" }, "The worker crashed in native code (SIGSEGV)."],
  ["from outside", { signal: "SIGTERM" }, "The worker was ended from outside (SIGTERM)."],
  ["politely from outside", { code: 0 }, "The worker ended because something else asked it to."],
  ["broken messages", { code: 65 }, "The worker could not read what the extension sent to it."],
  ["missing packages", { code: 1, lastLines: TRACEBACK }, "The worker could not start: No module named 'pydantic'."],
  ["a sentence", { code: 1, lastLines: ["The disk is full."] }, "The worker ended with exit code 1: The disk is full."],
  ["nothing said", { code: 3 }, "The worker ended with exit code 3."],
])("%s", (_, ended, message) => {
  const failure = explainEnd({ code: null, signal: null, lastLines: [], ...ended });
  expect(failure).toMatchObject({ kind: "workerEnded", message });
  expect(failure.hint).not.toBe("");
});
