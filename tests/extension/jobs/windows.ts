// A window of the editor as far as jobs are concerned: the real worker, its mirror, and what the window keeps.
import { onTestFinished } from "vitest";
import type * as vscode from "vscode";
import { JobList } from "../../../extension/src/jobs/jobList";
import { OwnJobs } from "../../../extension/src/jobs/ownJobs";
import type { WorkerHealth } from "../../../extension/src/shared/protocol";
import type { Job } from "../../../extension/src/worker/contract";
import { Supervisor } from "../../../extension/src/worker/supervisor";
import type { Worker } from "../../../extension/src/worker/worker";
import { launchIn, VERSION } from "../worker/support";
import { EventEmitter } from "./eventEmitter";

export class Kept {
  readonly values = new Map<string, unknown>();

  readonly memento = {
    get: (key: string) => this.values.get(key),
    update: (key: string, value: unknown) => {
      this.values.set(key, value);
      return Promise.resolve();
    },
  } as unknown as vscode.Memento;

  get running(): unknown {
    return this.values.get("ttVideo.runningJobs");
  }
}

export function openWindow(folder: string, kept: Kept) {
  const health = new EventEmitter<WorkerHealth>();
  const events = new Map<string, EventEmitter<unknown>>();
  const supervisor = new Supervisor({
    version: VERSION,
    patience: { restartDelaysMs: [1] },
    resolveLaunch: () => Promise.resolve(launchIn(folder)),
    onHealth: (value) => {
      health.fire(value);
    },
    onEvent: (event, payload) => events.get(event)?.fire(payload),
    onLine: () => undefined,
  });
  onTestFinished(() => supervisor.stop());
  const on = (event: string, listener: (payload: unknown) => void) => {
    const emitter = events.get(event) ?? new EventEmitter<unknown>();
    events.set(event, emitter);
    return emitter.event(listener);
  };
  const worker = {
    call: supervisor.call.bind(supervisor),
    start: () => supervisor.start(),
    get health() {
      return supervisor.health;
    },
    get hello() {
      return supervisor.hello;
    },
    on,
    onDidChangeHealth: health.event,
  } as unknown as Worker;
  const jobs = new JobList(worker);
  const own = new OwnJobs(worker, jobs, kept.memento);
  /** As VS Code closes a window that it has the time to close */
  const close = async (): Promise<void> => {
    own.leave();
    await supervisor.stop();
  };
  return { worker, jobs, own, close };
}

/** The job as soon as it is so. */
export function when(jobs: JobList, id: string, is: (job: Job) => boolean): Promise<Job> {
  return new Promise((resolve) => {
    const look = (): void => {
      const job = jobs.get(id);
      if (job !== undefined && is(job)) {
        subscription.dispose();
        resolve(job);
      }
    };
    const subscription = jobs.onDidChange(look);
    look();
  });
}
