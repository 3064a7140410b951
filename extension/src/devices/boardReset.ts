// Reset Boards: says what will happen, then how it goes and how it ended; and offers it where a job stands still.
import * as vscode from "vscode";
import { Failure } from "../errors";
import { HARDWARE, RESET } from "../failureButtons";
import type { JobList } from "../jobs/jobList";
import type { OwnJobs } from "../jobs/ownJobs";
import { jobTitle } from "../jobs/view";
import { plainText } from "../plainText";
import { report } from "../report";
import type { Reset } from "../worker/contract";
import type { Worker } from "../worker/worker";
import type { Devices } from "./devices";
import { resetEnding, resetQuestion } from "./resetWords";

export class BoardReset implements vscode.Disposable {
  readonly #subscription: vscode.Disposable;
  /** Jobs that were told to stand still, until they go on */
  readonly #still = new Set<string>();

  constructor(
    private readonly worker: Worker,
    private readonly devices: Devices,
    private readonly jobs: JobList,
    private readonly own: OwnJobs,
  ) {
    this.#subscription = jobs.onDidChange(() => {
      this.#lookForStalls();
    });
  }

  /** Asks first. Resolves when it has ended and that was told, or when it was called off. */
  async reset(): Promise<void> {
    const status = await this.devices.look();
    if (status.boards.length === 0) {
      throw new Failure("noDevice", "There are no Tenstorrent boards to reset.", "Detect Hardware says why.");
    }
    const { message, detail } = resetQuestion(status, this.jobs.jobs);
    const yes = "Reset";
    if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) !== yes) {
      return;
    }
    this.devices.follow(await this.worker.call("device/reset", {}));
    await tell(await this.#ended());
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /** None when the worker went away first, which its health tells. */
  #ended(): Thenable<Reset | null> {
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Resetting the boards" },
      (progress) =>
        new Promise<Reset | null>((resolve) => {
          const look = (): void => {
            const { reset } = this.devices;
            if (reset?.state === "running") {
              progress.report({ message: plainText(reset.message) });
            } else {
              subscription.dispose();
              resolve(reset);
            }
          };
          const subscription = this.devices.onDidChange(look);
          look();
        }),
    );
  }

  #lookForStalls(): void {
    for (const job of this.jobs.jobs) {
      const stall = job.status.state === "running" ? job.status.stall : null;
      if (stall === null) {
        this.#still.delete(job.id);
      } else if (!this.#still.has(job.id) && this.own.has(job)) {
        this.#still.add(job.id);
        void offer(`“${jobTitle(job)}” stands still. ${stall.message} ${stall.hint}`);
      }
    }
  }
}

async function tell(reset: Reset | null): Promise<void> {
  if (reset === null) {
    return;
  }
  const { well, text } = resetEnding(reset);
  if (well) {
    void vscode.window.showInformationMessage(plainText(text));
  } else {
    await offer(text, [HARDWARE]);
  }
}

async function offer(text: string, buttons = [RESET, HARDWARE]): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(plainText(text), ...buttons.map((button) => button.title));
  const button = buttons.find((each) => each.title === chosen);
  if (button !== undefined) {
    await vscode.commands.executeCommand(button.command).then(undefined, report);
  }
}
