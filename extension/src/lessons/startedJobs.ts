import type { Job } from "../worker/contract";

/** The job or jobs that a command answered with; none when it was called off or has said what is wrong. */
export function startedJobs(result: unknown): readonly Job[] {
  return (Array.isArray(result) ? result : [result]).filter(isJob);
}

function isJob(value: unknown): value is Job {
  return (
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string" && "status" in value
  );
}
