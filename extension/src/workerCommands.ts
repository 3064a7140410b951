// The commands about the worker and its machine.
import * as vscode from "vscode";
import type { JobList } from "./jobs/jobList";
import type { OwnJobs } from "./jobs/ownJobs";
import { isActive } from "./jobs/view";
import { selectInterpreter, setUpWorker } from "./worker/setUp";
import type { Worker } from "./worker/worker";

export class WorkerCommands {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly worker: Worker,
    private readonly jobs: JobList,
    private readonly own: OwnJobs,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  setUp(): Promise<boolean> {
    return setUpWorker(this.context, this.worker, this.log);
  }

  selectInterpreter(): Promise<void> {
    return selectInterpreter(this.context, this.worker);
  }

  async restart(): Promise<void> {
    if (this.jobs.jobs.some((job) => isActive(job) && this.own.has(job))) {
      const restart = "Restart";
      const detail = "A video is being made. It is interrupted, and can be resumed where it stopped.";
      const answer = await vscode.window.showWarningMessage("Restart the worker?", { modal: true, detail }, restart);
      if (answer !== restart) {
        return;
      }
    }
    await this.worker.restart();
  }

  showLog(): void {
    this.log.show();
  }
}
