// The commands about files that were made: those of a job, or the one that the Output Preview shows.
import * as vscode from "vscode";
import { copyOutputPath, openOutput, revealOutput, saveOutputAs } from "../preview/outputActions";
import { OutputPreview } from "../preview/previewView";
import type { JobCommands } from "./jobCommands";
import { mainOutput } from "./view";

export class OutputCommands {
  constructor(
    private readonly jobCommands: JobCommands,
    private readonly preview: OutputPreview,
  ) {}

  /** A job that has made nothing yet is shown as it goes. */
  async show(target: unknown): Promise<void> {
    const job = await this.jobCommands.choose(target, "show", (each) => mainOutput(each) !== null);
    if (job === undefined) {
      return;
    }
    const path = mainOutput(job);
    if (path === null) {
      await vscode.commands.executeCommand(`${OutputPreview.viewId}.focus`, { preserveFocus: true });
    } else {
      await this.preview.show(path);
    }
  }

  open(target: unknown): Promise<void> {
    return this.act(target, openOutput);
  }

  reveal(target: unknown): Promise<void> {
    return this.act(target, revealOutput);
  }

  saveAs(target: unknown): Promise<void> {
    return this.act(target, saveOutputAs);
  }

  copyPath(target: unknown): Promise<void> {
    return this.act(target, copyOutputPath);
  }

  private async act(target: unknown, action: (path: string) => Promise<void>): Promise<void> {
    const shown = target === undefined ? this.preview.selected?.output.path : undefined;
    const path = shown ?? (await this.jobCommands.output(target));
    if (path !== undefined) {
      await action(path);
    }
  }
}
