// What can go wrong, as a value: one sentence of what happened, one of what to do.
import type { ErrorKind } from "./worker/contract";

export type FailureKind = ErrorKind | "notSetUp" | "workerEnded" | "setUpFailed" | "cancelled";

export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly hint: string,
  ) {
    super(message);
    this.name = "Failure";
  }
}

/** Whatever was thrown, as a Failure. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new Failure("internal", `Something unexpected went wrong: ${message}`, "The log has the details.");
}
