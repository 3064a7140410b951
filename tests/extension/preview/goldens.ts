// The golden values that the worker's tests hold, too, with what a test needs to be different.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Job, ModelInfo, OutputAppeared } from "../../../extension/src/worker/contract";

const FOLDER = join(import.meta.dirname, "..", "..", "contract", "golden");

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8"));
}

export function job(state: Job["status"]["state"], change: Partial<Job> = {}): Job {
  return { ...(read(`job.${state}`) as Job), ...change };
}

export function models(): readonly ModelInfo[] {
  return (read("method.models-list") as { result: { models: readonly ModelInfo[] } }).result.models;
}

export function appeared(change: { path?: string; jobId?: string | null; at?: number } = {}): OutputAppeared {
  const { params } = read("event.output-appeared") as { params: OutputAppeared };
  return {
    jobId: change.jobId === undefined ? params.jobId : change.jobId,
    output: { ...params.output, path: change.path ?? params.output.path },
    at: change.at ?? 1767323052.5,
  };
}
