import { expect, test } from "vitest";
import { announcement } from "../../../../extension/src/webview/preview/announce";
import { job, output } from "./states";

test("each step is silent; start, end and failure are told", () => {
  const waiting = { jobs: [job({ state: "queued" })], outputs: [] };
  const step5 = { jobs: [job({ detail: "denoising 5 of 20" })], outputs: [] };
  const step6 = { jobs: [job({ detail: "denoising 6 of 20" })], outputs: [] };
  const done = { jobs: [], outputs: [output()] };
  const failed = { jobs: [job({ state: "failed", detail: "The disk is full.", hint: "Make room." })], outputs: [] };
  expect(announcement({ jobs: [], outputs: [] }, waiting)).toBe("Waiting: a red ball.");
  expect(announcement(waiting, step5)).toBe("Started: a red ball.");
  expect(announcement(step5, step6)).toBe("");
  expect(announcement(step6, done)).toBe("Done: a red ball.");
  expect(announcement(step6, failed)).toBe("a red ball: The disk is full. Make room.");
  expect(announcement(failed, failed)).toBe("");
});

test("a file of some other program is told by its name", () => {
  const now = { jobs: [], outputs: [output({ name: "x.mp4", job: null })] };
  expect(announcement({ jobs: [], outputs: [] }, now)).toBe("New file: x.mp4.");
});
