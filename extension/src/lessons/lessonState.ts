// What the page of a lesson shows beside its text: how far each button and step is.
import { asFailure, type Failure } from "../errors";
import { describeJob, hasEnded } from "../jobs/view";
import { timeLeft } from "../shared/labels";
import type { LessonButtonState, LessonState, WorkerHealth } from "../shared/protocol";
import type { Job } from "../worker/contract";
import type { Button, Lesson } from "./lesson";
import type { Progress } from "./progress";
import { requirementState, type Findings } from "./requirements";

/** A command that has not answered yet, or has refused. */
export type Press = { readonly kind: "running" } | { readonly kind: "failed"; readonly failure: Failure };

export interface Surroundings {
  readonly progress: Progress;
  /** By the buttons' keys */
  readonly presses: ReadonlyMap<string, Press>;
  readonly job: (id: string) => Job | undefined;
  readonly found: Findings;
}

const IDLE: LessonButtonState = { state: "idle", detail: "", hint: null, progress: null, cancellable: false };

export function lessonState(lesson: Lesson, around: Surroundings): LessonState {
  return {
    requirements: lesson.requires.map((requirement) => requirementState(requirement, around.found)),
    buttons: lesson.buttons.map((button) => buttonState(lesson, button, around)),
    steps: around.progress.steps(lesson),
  };
}

function buttonState(lesson: Lesson, button: Button, around: Surroundings): LessonButtonState {
  const press = around.presses.get(button.key);
  if (press?.kind === "running") {
    return { ...IDLE, state: "running", detail: "starting" };
  }
  if (press?.kind === "failed") {
    return { ...IDLE, state: "failed", detail: press.failure.message, hint: press.failure.hint };
  }
  const ids = around.progress.jobsOf(lesson, button);
  const jobs = ids.flatMap((id) => around.job(id) ?? []);
  if (jobs.length > 0) {
    return jobsState(jobs);
  }
  if (around.progress.isDone(lesson, button)) {
    return { ...IDLE, state: "done", detail: "done" };
  }
  return ids.length === 0 ? IDLE : lostState(around.found.health);
}

/** Jobs were started, but the worker that knows them is not there; or they were removed from its list. */
function lostState(health: WorkerHealth): LessonButtonState {
  switch (health.kind) {
    case "starting":
      return { ...IDLE, state: "running", detail: "waiting for the worker" };
    case "notSetUp":
    case "crashed":
      return { ...IDLE, state: "failed", detail: health.message, hint: health.hint };
    case "stopped":
    case "ready":
      return IDLE;
  }
}

/** Which of several jobs is told of: one that runs, else one that waits, else what went wrong. */
const TOLD_FIRST: readonly Job["status"]["state"][] = [
  "running",
  "cancelling",
  "queued",
  "failed",
  "interrupted",
  "cancelled",
  "done",
];

const STATES: Readonly<Record<Job["status"]["state"], LessonButtonState["state"]>> = {
  queued: "running",
  running: "running",
  cancelling: "running",
  done: "done",
  failed: "failed",
  interrupted: "failed",
  cancelled: "idle",
};

function jobsState(jobs: readonly Job[]): LessonButtonState {
  const [told] = [...jobs].sort((a, b) => rank(a) - rank(b));
  if (told === undefined) {
    return IDLE;
  }
  const { detail, hint, progress, etaSeconds } = describeJob(told);
  const left = timeLeft(etaSeconds);
  const which = jobs.length === 1 ? "" : `${jobs.indexOf(told) + 1} of ${jobs.length}: `;
  return {
    state: STATES[told.status.state],
    detail:
      told.status.state === "done" && jobs.length > 1
        ? `${jobs.length} done`
        : `${which}${detail}${left === null ? "" : `, ${left}`}`,
    hint,
    progress,
    cancellable: jobs.some((job) => !hasEnded(job) && job.status.state !== "cancelling"),
  };
}

function rank(job: Job): number {
  return TOLD_FIRST.indexOf(job.status.state);
}

/** None when the person called it off. */
export function failedPress(error: unknown): Press | null {
  const failure = asFailure(error);
  return failure.kind === "cancelled" ? null : { kind: "failed", failure };
}
