// Which jobs this window's worker runs, kept for when the window goes away with one running.
import type * as vscode from "vscode";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import type { JobList } from "./jobList";
import { isActive } from "./view";

const KEY = "ttVideo.runningJobs";

export class OwnJobs implements vscode.Disposable {
  readonly #worker: Worker;
  readonly #jobs: JobList;
  readonly #memento: vscode.Memento;
  readonly #subscriptions: vscode.Disposable[];
  /** Jobs that were running when this window last went away; none after a worker crashed */
  readonly leftRunning: readonly string[];
  readonly #asked = new Set<string>();
  readonly #ran = new Set<string>();
  readonly #running: Set<string>;
  readonly #signatures = new Set<string>();
  #leaving = false;

  constructor(worker: Worker, jobs: JobList, memento: vscode.Memento) {
    this.#worker = worker;
    this.#jobs = jobs;
    this.#memento = memento;
    this.leftRunning = stringsIn(memento.get(KEY));
    this.#running = new Set(this.leftRunning);
    this.#subscriptions = [
      jobs.onDidChange(() => {
        this.#look();
      }),
      jobs.onDidEnd((job) => {
        this.forget(job.id);
      }),
      worker.onDidChangeHealth((health) => {
        this.#signatures.add(this.#signature());
        if (health.kind === "crashed") {
          this.#running.clear();
          this.#save();
        }
      }),
    ];
  }

  /** Whether this window asked for the job, or its worker ran it. */
  has(job: Job): boolean {
    return this.#ran.has(job.id) || [...this.#signatures].some((each) => job.submittedBy.endsWith(each));
  }

  /** It is not running any more. */
  forget(id: string): void {
    this.#asked.delete(id);
    if (!this.#leaving && this.#running.delete(id)) {
      this.#save();
    }
  }

  /** From now on jobs end because the window goes away; they stay on record. */
  leave(): void {
    this.#leaving = true;
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #look(): void {
    for (const job of this.#jobs.jobs) {
      if (isActive(job) && job.device !== null && !this.#asked.has(job.id)) {
        this.#asked.add(job.id);
        void this.#askWhoRuns(job, job.device);
      }
    }
  }

  /** A job does not say who runs it, but its device says who drives it. */
  async #askWhoRuns(job: Job, device: string): Promise<void> {
    if (this.#worker.health.kind !== "ready") {
      return;
    }
    try {
      const { devices } = await this.#worker.call("device/status", {});
      const holder = devices.find((each) => each.id === device)?.holder;
      const now = this.#jobs.get(job.id);
      if (holder?.endsWith(this.#signature()) === true && now !== undefined && isActive(now)) {
        this.#ran.add(job.id);
        this.#running.add(job.id);
        this.#save();
      }
    } catch {
      // The worker ended meanwhile, and the job with it.
    }
  }

  /** How the worker signs what it submits and drives. */
  #signature(): string {
    return `(pid ${this.#worker.hello?.pid ?? "none"})`;
  }

  #save(): void {
    void this.#memento.update(KEY, this.#running.size === 0 ? undefined : [...this.#running]);
  }
}

function stringsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
