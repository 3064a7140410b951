// What the worker last said of this machine's devices, and of the models that are here for them. It tells by itself
// when a device changes; models change by downloads and removals.
import * as vscode from "vscode";
import type { JobList } from "../jobs/jobList";
import type { DeviceStatus, ModelInfo, Preflight, PreflightParams, Reset } from "../worker/contract";
import type { Worker } from "../worker/worker";

export class Devices implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly { dispose(): unknown }[];
  #status: DeviceStatus | null = null;
  #reset: Reset | null = null;
  #models: readonly ModelInfo[] | null = null;
  #preflight: Preflight | null = null;
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly worker: Worker,
    jobs: JobList,
  ) {
    this.#subscriptions = [
      this.#changed,
      jobs.onDidEnd((job) => {
        if (job.request.kind === "download") {
          this.lookForModels().catch(() => undefined);
        }
      }),
      worker.on("device/changed", (status) => {
        this.#set(status, this.#reset);
      }),
      worker.on("device/reset", (reset) => {
        this.follow(reset);
      }),
      worker.on("device/preflight", (preflight) => {
        this.#followPreflight(preflight);
      }),
      worker.onDidChangeHealth((health) => {
        if (health.kind === "ready") {
          // A worker that ended meanwhile says so by its health.
          this.look().catch(() => undefined);
        } else {
          this.#preflight = null;
          this.#set(null, null);
        }
      }),
    ];
  }

  /** None until a worker has told it. */
  get status(): DeviceStatus | null {
    return this.#status;
  }

  /** The reset of the boards that goes on, or ended since somebody last looked. */
  get reset(): Reset | null {
    return this.#reset;
  }

  /** Starts the worker when needed. Rejects with a Failure only. */
  async look(): Promise<DeviceStatus> {
    const status = await this.worker.call("device/status", {});
    await this.lookForModels();
    this.#set(status, this.#reset?.state === "running" ? this.#reset : null);
    return status;
  }

  /** Starts the worker when needed. Rejects with a Failure only. */
  async lookForModels(): Promise<void> {
    this.#models = (await this.worker.call("models/list", {})).models;
    this.#changed.fire();
  }

  /** None until a worker has told it. */
  get models(): readonly ModelInfo[] | null {
    return this.#models;
  }

  /** The last one, under way or ended. */
  get preflight(): Preflight | null {
    return this.#preflight;
  }

  async begin(asked: PreflightParams): Promise<void> {
    this.#followPreflight(await this.worker.call("device/preflight", asked));
  }

  follow(reset: Reset): void {
    // What was asked for may be answered when it has already ended.
    if (this.#reset?.startedAt !== reset.startedAt || this.#reset.state === "running") {
      this.#set(this.#status, reset);
    }
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #followPreflight(preflight: Preflight): void {
    const last = this.#preflight;
    // What was asked for may be answered when it is already farther.
    if (last === null || last.id < preflight.id || (last.id === preflight.id && last.state === "running")) {
      this.#preflight = preflight;
      this.#changed.fire();
    }
  }

  #set(status: DeviceStatus | null, reset: Reset | null): void {
    if (status !== this.#status || reset !== this.#reset) {
      this.#status = status;
      this.#reset = reset;
      this.#changed.fire();
    }
  }
}
