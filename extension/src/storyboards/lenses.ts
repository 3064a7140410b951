// What stands above a storyboard and above each of its prompts. Pure.
import { describeRunning, plural } from "../jobs/view";
import { duration } from "../shared/labels";
import type { Job, StoryboardFrame } from "../worker/contract";
import { making, type Board } from "./making";

export interface Lens {
  readonly line: number;
  readonly title: string;
  /** None: it only says something, or opens a picture */
  readonly command: string | null;
  readonly arguments: readonly unknown[];
  /** Path of the picture that it opens */
  readonly picture: string | null;
}

/** What the commands about one frame take. */
export interface FrameArgument {
  readonly file: string;
  readonly frame: number;
}

export function lensesOf(board: Board, jobs: readonly Job[]): readonly Lens[] {
  const { file, storyboard } = board;
  const errors = storyboard.problems.filter(({ severity }) => severity === "error").length;
  if (errors > 0) {
    return [lens(0, `${plural(errors, "problem")} to solve first`, "workbench.actions.view.problems")];
  }
  const now = making(board, jobs);
  const lastMissing = storyboard.frames.findLast(({ state }) => state !== "made")?.number ?? -1;
  return [
    ...topLenses(board, now.job),
    ...storyboard.frames.flatMap((frame) => frameLenses(file, frame, lastMissing, now.frames.get(frame.number))),
  ];
}

/** What stands above a storyboard that is in no file yet: frames belong to a file. */
export const SAVE_LENS: Lens = lens(0, "Save this storyboard to make its frames", "workbench.action.files.save");

/** What stands there while the worker cannot be asked. */
export function workerLens(health: "notSetUp" | "crashed"): Lens {
  return health === "notSetUp"
    ? lens(0, "Set up the worker to make these frames", "ttVideo.setUpWorker")
    : lens(0, "Restart the worker to make these frames", "ttVideo.restartWorker");
}

function topLenses({ file, storyboard: { frames, folder } }: Board, job: Job | null): readonly Lens[] {
  if (frames.length === 0) {
    return [];
  }
  const made = frames.filter(({ state }) => state === "made").length;
  const missing = frames.length - made;
  const generate =
    missing === 0
      ? `Make the video of ${plural(frames.length, "frame")}`
      : missing === 1
        ? "Generate the missing frame"
        : `Generate ${made === 0 ? "all" : "the missing"} ${missing} frames`;
  return [
    ...(job === null
      ? [lens(0, generate, "ttVideo.generateFromStoryboard", file)]
      : [lens(0, describeJobShortly(job), null), lens(0, "Cancel", "ttVideo.cancelJob", job.id)]),
    ...(missing > 0 ? [lens(0, "Interactive generation", "ttVideo.interactiveStoryboard", file)] : []),
    ...(folder !== null && made > 0 && missing > 0 && job === null
      ? [lens(0, `Stitch ${plural(made, "frame")}`, "ttVideo.stitchFrames", folder)]
      : []),
  ];
}

function frameLenses(
  file: string,
  frame: StoryboardFrame,
  lastMissing: number,
  progress: string | undefined,
): readonly Lens[] {
  const { line, number, state, picture } = frame;
  const argument: FrameArgument = { file, frame: number };
  const says: Lens = { ...lens(line, `Frame ${number}: ${progress ?? describeFrame(frame)}`, null), picture };
  if (progress !== undefined) {
    return [says];
  }
  return [
    says,
    state === "made"
      ? lens(line, "Make again with another seed", "ttVideo.storyboardReroll", argument)
      : lens(line, "Generate this frame", "ttVideo.storyboardFrame", argument),
    ...(lastMissing > number ? [lens(line, "Generate from here", "ttVideo.storyboardFromHere", argument)] : []),
  ];
}

/** Such as "made, seed 7, cpu, 3 s". */
export function describeFrame({ state, seed, device, seconds }: StoryboardFrame): string {
  switch (state) {
    case "missing":
      return "not made yet";
    case "changed":
      return "prompt or parameters changed";
    case "made":
      return ["made", seed === null ? null : `seed ${seed}`, device, seconds === null ? null : duration(seconds)]
        .filter((part) => part !== null)
        .join(", ");
  }
}

function describeJobShortly({ status }: Job): string {
  switch (status.state) {
    case "running":
      return `Making: ${describeRunning(status)}`;
    case "queued":
      return status.waitingFor === null ? "Waiting for its turn" : `Waiting for ${status.waitingFor}`;
    case "cancelling":
    case "done":
    case "failed":
    case "cancelled":
    case "interrupted":
      return "Stopping";
  }
}

function lens(
  line: number,
  title: string,
  command: string | null,
  ...args: readonly string[] | readonly [FrameArgument]
): Lens {
  return { line, title, command, arguments: args, picture: null };
}
