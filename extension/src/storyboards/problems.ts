// From what the worker says of a storyboard to what the editor underlines. Pure.
import type { Failure } from "../errors";
import type { StoryboardProblem } from "../worker/contract";
import type { Board } from "./making";

export type Diagnosis = StoryboardProblem;

/** A worker that is not there is told elsewhere; what it refuses is told at the file's first line. */
export function diagnosticOf(board: Board | null, failure: Failure | null): readonly Diagnosis[] {
  if (failure === null) {
    return (board?.storyboard.problems ?? []).map(withWidth);
  }
  if (["notSetUp", "workerEnded", "setUpFailed", "cancelled"].includes(failure.kind)) {
    return [];
  }
  const message = `${failure.message} ${failure.hint}`.trim();
  return [{ line: 0, column: 0, endColumn: 1, severity: "error", message }];
}

/** An editor underlines nothing where nothing stands: a place between two characters becomes the next one. */
function withWidth(problem: StoryboardProblem): Diagnosis {
  return { ...problem, endColumn: Math.max(problem.endColumn, problem.column + 1) };
}
