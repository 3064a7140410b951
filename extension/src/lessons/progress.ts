// What was done of each lesson. Kept over reloads; a button that started jobs counts only when all of them are done.
import type { Memento } from "vscode";
import type { Job } from "../worker/contract";
import { isStepDone, type Button, type Lesson } from "./lesson";

interface KeptButton {
  /** Of its last press */
  readonly jobs: readonly string[];
  /** Once succeeded, for ever */
  readonly done: boolean;
}

type KeptLesson = Readonly<Record<string, KeptButton>>;

const KEY = "lessons.progress";
const UNTOUCHED: KeptButton = { jobs: [], done: false };

export class Progress {
  #kept: Readonly<Record<string, KeptLesson>>;

  constructor(private readonly memento: Pick<Memento, "get" | "update">) {
    this.#kept = readKept(memento.get(KEY));
  }

  jobsOf(lesson: Lesson, button: Button): readonly string[] {
    return this.#button(lesson, button).jobs;
  }

  isDone(lesson: Lesson, button: Button): boolean {
    return this.#button(lesson, button).done;
  }

  /** By the steps' numbers. */
  steps(lesson: Lesson): readonly boolean[] {
    return lesson.steps.map((step) => isStepDone(lesson, step, (button) => this.isDone(lesson, button)));
  }

  isComplete(lesson: Lesson): boolean {
    return lesson.steps.length > 0 && this.steps(lesson).every(Boolean);
  }

  /** From now on the button stands for these jobs. */
  async started(lesson: Lesson, button: Button, jobs: readonly string[]): Promise<void> {
    await this.#keep(lesson, { [button.key]: { jobs, done: this.isDone(lesson, button) } });
  }

  async succeeded(lesson: Lesson, button: Button): Promise<void> {
    await this.#keep(lesson, { [button.key]: { jobs: this.jobsOf(lesson, button), done: true } });
  }

  /** Forgets the lesson. */
  async startOver(lesson: Lesson): Promise<void> {
    this.#kept = { ...this.#kept, [lesson.id]: {} };
    await this.memento.update(KEY, this.#kept);
  }

  /** Ticks what succeeded meanwhile. Whether something did. */
  async settle(lesson: Lesson, job: (id: string) => Job | undefined): Promise<boolean> {
    const succeeded = lesson.buttons
      .map((button) => [button.key, this.#button(lesson, button)] as const)
      .filter(([, kept]) => !kept.done && isAllDone(kept.jobs, job))
      .map(([key, kept]) => [key, { ...kept, done: true }] as const);
    if (succeeded.length > 0) {
      await this.#keep(lesson, Object.fromEntries(succeeded));
    }
    return succeeded.length > 0;
  }

  #button(lesson: Lesson, button: Button): KeptButton {
    return this.#kept[lesson.id]?.[button.key] ?? UNTOUCHED;
  }

  async #keep(lesson: Lesson, buttons: KeptLesson): Promise<void> {
    this.#kept = { ...this.#kept, [lesson.id]: { ...this.#kept[lesson.id], ...buttons } };
    await this.memento.update(KEY, this.#kept);
  }
}

function isAllDone(jobs: readonly string[], job: (id: string) => Job | undefined): boolean {
  return jobs.length > 0 && jobs.every((id) => job(id)?.status.state === "done");
}

/** What an older version kept may look different; what does not fit is forgotten. */
function readKept(value: unknown): Readonly<Record<string, KeptLesson>> {
  return mapValues(value, (lesson) =>
    mapValues(lesson, (button) => (isKeptButton(button) ? { jobs: button.jobs, done: button.done } : undefined)),
  );
}

function mapValues<T>(value: unknown, read: (value: unknown) => T | undefined): Readonly<Record<string, T>> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.flatMap(([key, each]) => {
      const result = read(each);
      return result === undefined ? [] : [[key, result]];
    }),
  );
}

function isKeptButton(value: unknown): value is KeptButton {
  return (
    typeof value === "object" &&
    value !== null &&
    "jobs" in value &&
    Array.isArray(value.jobs) &&
    value.jobs.every((id) => typeof id === "string") &&
    "done" in value &&
    typeof value.done === "boolean"
  );
}
