// What concerns this machine's devices, put together: the page, the status bar, and the reset of boards.
import * as vscode from "vscode";
import type { JobList } from "../jobs/jobList";
import type { OwnJobs } from "../jobs/ownJobs";
import type { DeviceStatus } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { BoardReset } from "./boardReset";
import { DeviceItem } from "./deviceItem";
import { DevicePage } from "./devicePage";
import type { Devices } from "./devices";

export class DeviceCommands implements vscode.Disposable {
  readonly #page: DevicePage;
  readonly #reset: BoardReset;
  readonly #parts: readonly { dispose(): unknown }[];

  constructor(extensionUri: vscode.Uri, worker: Worker, devices: Devices, jobs: JobList, own: OwnJobs) {
    this.#page = new DevicePage(extensionUri, worker, devices);
    this.#reset = new BoardReset(worker, devices, jobs, own);
    this.#parts = [this.#page, this.#reset, new DeviceItem(devices)];
  }

  detect(): Promise<DeviceStatus> {
    return this.#page.detect();
  }

  preflight(): Promise<void> {
    return this.#page.preflight();
  }

  reset(): Promise<void> {
    return this.#reset.reset();
  }

  dispose(): void {
    for (const part of this.#parts) {
      part.dispose();
    }
  }
}
