// The commands that make videos: of a prompt, and of pictures that exist.
import { join } from "node:path";
import type * as vscode from "vscode";
import type { Examples } from "../examples";
import type { OutputPreview } from "../preview/previewView";
import { defaultModel } from "../settings";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { parseArguments } from "./arguments";
import { animateStill } from "./animateFlow";
import { parseExperiment } from "./experiment";
import { askForExperiment } from "./experimentFlow";
import { askForVideo } from "./generateFlow";
import type { Generator } from "./generator";
import { stitchFrames } from "./stitchFlow";

export class VideoCommands {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly worker: Worker,
    private readonly generator: Generator,
    private readonly preview: OutputPreview,
    private readonly examples: Examples,
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
    this.preview.letSee();
    return submitted;
  }

  /** With `{prompt, vary, …}` it asks nothing. Resolves to the jobs; undefined when the person left. */
  async experiment(request: unknown): Promise<readonly Job[] | undefined> {
    const asked =
      request === undefined ? await askForExperiment(this.generator) : parseExperiment(request, defaultModel());
    if (asked === undefined) {
      return undefined;
    }
    const submitted = await this.generator.experiment(asked);
    this.preview.letSee();
    return submitted;
  }

  /** `selected` is everything that is selected in the explorer, with the target. */
  async stitch(target: unknown, selected: unknown): Promise<Job | undefined> {
    return this.see(await stitchFrames(this.worker, target, selected, this.examples));
  }

  async animate(target: unknown): Promise<Job | undefined> {
    // Nobody should choose a picture and a motion to hear only then that there is no worker.
    await this.worker.start();
    return this.see(await animateStill(this.worker, target, this.examples));
  }

  private see(job: Job | undefined): Job | undefined {
    if (job !== undefined) {
      this.preview.letSee();
    }
    return job;
  }
}
