// The commands that make videos: of a prompt, and of pictures that exist.
import { join } from "node:path";
import * as vscode from "vscode";
import { OutputPreview } from "../preview/previewView";
import { defaultModel } from "../settings";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { parseArguments } from "./arguments";
import { askForVideo } from "./generateFlow";
import type { Generator } from "./generator";
import { stitchFrames } from "./stitchFlow";

export class VideoCommands {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly worker: Worker,
    private readonly generator: Generator,
    private readonly preview: OutputPreview,
  ) {}

  /** With `{prompt, …}` it asks nothing. Resolves to the jobs; undefined when the person left. */
  async generate(request: unknown): Promise<readonly Job[] | undefined> {
    const startImages = join(this.context.globalStorageUri.fsPath, "startImages");
    const asked =
      request === undefined
        ? await askForVideo(this.generator, startImages)
        : { ...parseArguments(request, defaultModel()), startImage: null };
    if (asked === undefined) {
      return undefined;
    }
    const submitted = await this.generator.submit(asked.prompt, asked.values, asked.startImage);
    this.letSee();
    return submitted;
  }

  async stitch(target: unknown): Promise<Job | undefined> {
    const job = await stitchFrames(this.worker, target);
    if (job !== undefined) {
      this.letSee();
    }
    return job;
  }

  /** The preview shows how it goes; the cursor stays where it is. */
  private letSee(): void {
    if (!this.preview.visible) {
      void vscode.commands.executeCommand(`${OutputPreview.viewId}.focus`, { preserveFocus: true });
    }
  }
}
