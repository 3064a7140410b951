// A mirror of the worker's list of jobs: read once when the worker gets ready, then kept by its events.
import * as vscode from "vscode";
import { asFailure } from "../errors";
import type { Job, QueueState } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { Mirror } from "./mirror";

export class JobList implements vscode.Disposable {
  readonly #worker: Worker;
  readonly #mirror = new Mirror(Date.now() / 1000);
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #ended = new vscode.EventEmitter<Job>();
  #problem: string | null = null;
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChange = this.#changed.event;
  /** A job reached done, failed, cancelled or interrupted while this window watched. */
  readonly onDidEnd = this.#ended.event;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#subscriptions = [
      worker.on("job/changed", (job) => {
        this.#tell([this.#mirror.put(job)]);
      }),
      worker.on("job/removed", ({ id }) => {
        this.#mirror.remove(id);
        this.#tell([]);
      }),
      worker.on("queue/changed", (queue) => {
        this.#mirror.putQueue(queue);
        this.#tell([]);
      }),
      worker.onDidChangeHealth((health) => {
        if (health.kind === "ready") {
          void this.#read();
        } else if (health.kind === "crashed" || health.kind === "stopped") {
          this.#tell(this.#mirror.workerGone("message" in health ? health.message : "The worker was stopped."));
        }
      }),
    ];
    if (worker.health.kind === "ready") {
      void this.#read();
    }
  }

  /** The newest first. */
  get jobs(): readonly Job[] {
    return this.#mirror.jobs;
  }

  get queue(): QueueState {
    return this.#mirror.queue;
  }

  /** Why the list could not be read. */
  get problem(): string | null {
    return this.#problem;
  }

  get(id: string): Job | undefined {
    return this.#mirror.get(id);
  }

  dispose(): void {
    for (const each of [...this.#subscriptions, this.#changed, this.#ended]) {
      each.dispose();
    }
  }

  async #read(): Promise<void> {
    const before = this.#mirror.version;
    try {
      const list = await this.#worker.call("jobs/list", {});
      this.#tell(this.#mirror.replace(list, before));
      this.#problem = null;
    } catch (error) {
      // A worker that ended meanwhile says so by its health, and the list is read again when it is back.
      const failure = asFailure(error);
      this.#problem = this.#worker.health.kind === "ready" ? `${failure.message} ${failure.hint}` : null;
      this.#changed.fire();
    }
  }

  #tell(ended: readonly (Job | null)[]): void {
    this.#changed.fire();
    for (const job of ended) {
      if (job !== null) {
        this.#ended.fire(job);
      }
    }
  }
}
