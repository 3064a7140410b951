// What the worker last said of this machine's devices. It tells by itself when something changes.
import * as vscode from "vscode";
import type { DeviceStatus } from "../worker/contract";
import type { Worker } from "../worker/worker";

export class Devices implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly { dispose(): unknown }[];
  #status: DeviceStatus | null = null;
  readonly onDidChange = this.#changed.event;

  constructor(private readonly worker: Worker) {
    this.#subscriptions = [
      this.#changed,
      worker.on("device/changed", (status) => {
        this.#set(status);
      }),
      worker.onDidChangeHealth((health) => {
        if (health.kind === "ready") {
          // A worker that ended meanwhile says so by its health.
          this.look().catch(() => undefined);
        } else {
          this.#set(null);
        }
      }),
    ];
  }

  /** None until a worker has told it. */
  get status(): DeviceStatus | null {
    return this.#status;
  }

  /** Starts the worker when needed. Rejects with a Failure only. */
  async look(): Promise<DeviceStatus> {
    const status = await this.worker.call("device/status", {});
    this.#set(status);
    return status;
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #set(status: DeviceStatus | null): void {
    if (status !== this.#status) {
      this.#status = status;
      this.#changed.fire();
    }
  }
}
