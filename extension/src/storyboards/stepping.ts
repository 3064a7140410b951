// Going through a storyboard's prompts in the prompt box: which one stands ready. Pure.
import { describeJob } from "../jobs/view";
import type { Failure } from "../errors";
import type { StoryboardView } from "../shared/protocol";
import type { Job } from "../worker/contract";
import { storyboardTitle } from "./fileNames";
import { making, type Board } from "./making";

/** `board` is null while the worker has not answered, or cannot. */
export function storyboardView(
  file: string,
  board: Board | null,
  failure: Failure | null,
  jobs: readonly Job[],
): StoryboardView {
  const title = storyboardTitle(file);
  if (board === null) {
    const problem =
      failure === null || failure.kind === "cancelled" ? null : `${failure.message} ${failure.hint}`.trim();
    return { file, title, model: "", made: 0, frames: 0, next: null, problem };
  }
  const { frames, model, problems } = board.storyboard;
  const next = frames.find(({ state }) => state !== "made");
  const now = making(board, jobs);
  const isBeingMade = next !== undefined && now.frames.has(next.number);
  const wrong = problems.find(({ severity }) => severity === "error");
  return {
    file,
    title,
    model,
    made: frames.filter(({ state }) => state === "made").length,
    frames: frames.length,
    next:
      next === undefined
        ? null
        : {
            number: next.number,
            prompt: next.prompt,
            making: isBeingMade && now.job ? describeJob(now.job).detail : null,
          },
    problem: wrong === undefined ? null : `Line ${wrong.line + 1}: ${wrong.message}`,
  };
}
