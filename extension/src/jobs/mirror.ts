// What is known of the worker's jobs, and what an update means for it. Knows neither VS Code nor the worker.
import type { Job, Jobs, QueueState } from "../worker/contract";
import { asInterrupted, hasEnded, isActive } from "./view";

export class Mirror {
  /** The version at which an event last told of a job, or (without id) of the queue */
  readonly #told = new Map<string | null, number>();
  readonly #since: number;
  #jobs = new Map<string, Job>();
  #queue: QueueState = { paused: false, reason: null };
  #version = 0;

  /** Jobs that ended before `since`, in seconds since 1970, ended unseen. */
  constructor(since: number) {
    this.#since = since;
  }

  /** Counts up with each event. */
  get version(): number {
    return this.#version;
  }

  /** The newest first. */
  get jobs(): readonly Job[] {
    return [...this.#jobs.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  get queue(): QueueState {
    return this.#queue;
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Returns the job if it ended by this. */
  put(job: Job): Job | null {
    this.#told.set(job.id, ++this.#version);
    return this.#set(job);
  }

  putQueue(queue: QueueState): void {
    this.#told.set(null, ++this.#version);
    this.#queue = queue;
  }

  remove(id: string): void {
    this.#told.set(id, ++this.#version);
    this.#jobs.delete(id);
  }

  /**
   * Take over a whole list that was asked for at `version`; what events told since then is newer than it. Returns the
   * jobs that ended by it: only those that were known not to have ended.
   */
  replace(list: Jobs, version: number): Job[] {
    const newer = (id: string | null): boolean => (this.#told.get(id) ?? 0) > version;
    const before = this.#jobs;
    this.#jobs = new Map([...before].filter(([id]) => newer(id)));
    const ended: Job[] = [];
    for (const job of list.jobs) {
      if (newer(job.id)) {
        continue;
      }
      const old = before.get(job.id);
      this.#jobs.set(job.id, job);
      if (old !== undefined && !hasEnded(old) && hasEnded(job)) {
        ended.push(job);
      }
    }
    if (!newer(null)) {
      this.#queue = list.queue;
    }
    return ended;
  }

  /** The worker is gone: what ran is interrupted, as the next worker will find. Returns those jobs. */
  workerGone(reason: string): Job[] {
    const running = [...this.#jobs.values()].filter(isActive);
    return running.flatMap((job) => this.#set(asInterrupted(job, reason)) ?? []);
  }

  #set(job: Job): Job | null {
    const old = this.#jobs.get(job.id);
    this.#jobs.set(job.id, job);
    const sawItLive = old === undefined ? (job.endedAt ?? 0) >= this.#since : !hasEnded(old);
    return hasEnded(job) && sawItLive ? job : null;
  }
}
