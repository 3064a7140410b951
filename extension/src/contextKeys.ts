// What menus, welcome texts and the walkthrough ask about, written in one place.
import * as vscode from "vscode";
import type { JobList } from "./jobs/jobList";
import type { Lessons } from "./lessons/lessons";
import type { Worker } from "./worker/worker";

/** Things that happened once on this machine, and stay so. */
const MILESTONES = ["firstVideo", "interactiveUsed", "lessonCompleted"] as const;
type Milestone = (typeof MILESTONES)[number];
type Key = Milestone | "workerState" | "queuePaused" | "hasJobs";

export class ContextKeys implements vscode.Disposable {
  readonly #memento: vscode.Memento;
  readonly #written = new Map<Key, boolean | string>();
  readonly #subscriptions: vscode.Disposable[];

  constructor(memento: vscode.Memento, worker: Worker, jobs: JobList, lessons: Lessons) {
    this.#memento = memento;
    for (const milestone of MILESTONES) {
      this.#write(milestone, memento.get(`ttVideo.${milestone}`) === true);
    }
    const writeWorker = (): void => {
      this.#write("workerState", worker.health.kind);
    };
    const writeJobs = (): void => {
      this.#write("queuePaused", jobs.queue.paused);
      this.#write("hasJobs", jobs.jobs.length > 0);
    };
    this.#subscriptions = [
      worker.onDidChangeHealth(writeWorker),
      jobs.onDidChange(writeJobs),
      jobs.onDidEnd((job) => {
        if (job.status.state === "done") {
          this.reach("firstVideo");
        }
      }),
      lessons.onDidComplete(() => {
        this.reach("lessonCompleted");
      }),
    ];
    writeWorker();
    writeJobs();
  }

  reach(milestone: Milestone): void {
    this.#write(milestone, true);
    void this.#memento.update(`ttVideo.${milestone}`, true);
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #write(key: Key, value: boolean | string): void {
    if (this.#written.get(key) !== value) {
      this.#written.set(key, value);
      void vscode.commands.executeCommand("setContext", `ttVideo.${key}`, value);
    }
  }
}
