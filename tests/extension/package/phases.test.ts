// What was made last with AnimateDiff, without VS Code.
import { expect, test } from "vitest";
import { newestOutput } from "../../../extension/src/package/phases";
import type { Job, Output, OutputAppeared } from "../../../extension/src/worker/contract";
import { golden } from "../jobs/golden";

const FOLDER = "/home/ada/tt-scratchpad/tt-animatediff";
const [OUTPUT = expect.unreachable()] = golden("done").outputs;

function made(model: string, path: string, endedAt: number | null): Job {
  const job = golden("done", { endedAt, outputs: [{ ...OUTPUT, kind: "video", path } satisfies Output] });
  return job.request.kind === "generate" ? { ...job, request: { ...job.request, model } } : expect.unreachable();
}

function file(path: string, at: number): OutputAppeared {
  return { jobId: null, output: { ...OUTPUT, path }, at };
}

test("the newest is of a job with AnimateDiff, or lies in the package's folder", () => {
  const jobs = [made("animatediff", "/a.mp4", 10), made("tiny", "/tiny.mp4", 90), made("animatediff", "/b.mp4", 20)];
  const outputs = [file(`${FOLDER}/output/c.gif`, 15), file(`${FOLDER}-old/d.gif`, 99), file("/b.mp4", 20)];
  expect(newestOutput(jobs, outputs, FOLDER)).toBe("/b.mp4");
  expect(newestOutput(jobs, [file(`${FOLDER}/output/c.gif`, 25)], FOLDER)).toBe(`${FOLDER}/output/c.gif`);
});

test("there is none while nothing was made", () => {
  expect(newestOutput([golden("queued", { outputs: [] }), made("tiny", "/tiny.mp4", 1)], [], FOLDER)).toBeNull();
});
