// The commands of the lessons on AnimateDiff.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Generator } from "../generate/generator";
import { revealOutput } from "../preview/outputActions";
import type { OutputList } from "../preview/outputList";
import type { OutputPreview } from "../preview/previewView";
import { report } from "../report";
import { deployFolder } from "../settings";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { deploy } from "./deploy";
import { newestOutput, PHASE_1, PHASE_2, type Phase } from "./phases";

export class AnimateDiffCommands {
  constructor(
    private readonly worker: Worker,
    private readonly generator: Generator,
    private readonly outputs: OutputList,
    private readonly preview: OutputPreview,
  ) {}

  deploy(): Promise<void> {
    return deploy(this.worker);
  }

  phase1(): Promise<readonly Job[]> {
    return this.make(PHASE_1);
  }

  phase2(): Promise<readonly Job[]> {
    return this.make(PHASE_2);
  }

  /** Resolves with whether there is one; what to do when not is asked, and not waited for. */
  async viewOutput(): Promise<boolean> {
    const { jobs } = await this.worker.call("jobs/list", {});
    const path = newestOutput(jobs, await this.outputs.look(), deployFolder());
    if (path === null) {
      void offerFirst().catch(report);
      return false;
    }
    await this.preview.show(path);
    return true;
  }

  private async make({ prompt, values, device }: Phase): Promise<readonly Job[]> {
    const submitted = await this.generator.submit(prompt, values, null, device);
    this.preview.letSee();
    return submitted;
  }
}

async function offerFirst(): Promise<void> {
  const [run, open] = ["Run Phase 1", "Open Folder"];
  const chosen = await vscode.window.showInformationMessage("AnimateDiff has made nothing here yet.", run, open);
  if (chosen === run) {
    await vscode.commands.executeCommand("ttVideo.runAnimateDiffPhase1");
  } else if (chosen === open) {
    const folder = join(deployFolder(), "output");
    await mkdir(folder, { recursive: true });
    await revealOutput(folder);
  }
}
