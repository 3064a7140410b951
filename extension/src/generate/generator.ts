// Makes jobs of prompts, and remembers what people typed: the history of prompts and their presets.
import * as vscode from "vscode";
import { Failure } from "../errors";
import type { JobList } from "../jobs/jobList";
import { chosenDevice, outputFolder, writesMetadata } from "../settings";
import { MOST_VARIATIONS, type FormValues, type Preset } from "../shared/protocol";
import type { Job, ModelInfo } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { experimentRequest, type Experiment } from "./experiment";
import { presetsIn, withoutPreset, withPreset } from "./presets";
import { historyIn, withPrompt } from "./promptHistory";
import { againRequest, generateRequest, variation } from "./requests";

const HISTORY = "ttVideo.promptHistory";
const PRESETS = "ttVideo.presets";

export class Generator implements vscode.Disposable {
  private readonly memento: vscode.Memento;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(
    context: vscode.ExtensionContext,
    private readonly worker: Worker,
    private readonly jobs: JobList,
  ) {
    this.memento = context.globalState;
  }

  /** The newest last. */
  get history(): readonly string[] {
    return historyIn(this.memento.get(HISTORY));
  }

  get presets(): readonly Preset[] {
    return presetsIn(this.memento.get(PRESETS));
  }

  async models(): Promise<readonly ModelInfo[]> {
    return (await this.worker.call("models/list", {})).models;
  }

  /**
   * Variations have the seeds after the first one's; without a device it is the one that the settings choose. Rejects
   * with a Failure; the jobs before it are submitted then.
   */
  async submit(
    prompt: string,
    values: FormValues,
    startImage: string | null = null,
    device: string | null = null,
  ): Promise<readonly Job[]> {
    if (!Number.isInteger(values.count) || values.count < 1 || values.count > MOST_VARIATIONS) {
      throw new Failure(
        "invalidParameters",
        `${values.count} variations cannot be made at once.`,
        `Ask for 1 to ${MOST_VARIATIONS}.`,
      );
    }
    const defaults = { device: device ?? chosenDevice(), outputFolder: outputFolder(), metadata: writesMetadata() };
    const request = generateRequest(prompt, values, startImage, defaults);
    const first = await this.worker.call("jobs/submit", request);
    await this.keep(HISTORY, withPrompt(this.history, prompt));
    const submitted = [first];
    for (let number = 1; number < values.count; number++) {
      const next = variation(request, first.parameters["seed"] ?? null, number);
      submitted.push(await this.worker.call("jobs/submit", next));
    }
    return submitted;
  }

  /** The jobs of an experiment, the one that shows the videos side by side last. Rejects with a Failure. */
  async experiment(experiment: Experiment): Promise<readonly Job[]> {
    const defaults = { device: chosenDevice(), outputFolder: outputFolder(), metadata: writesMetadata() };
    const { jobs } = await this.worker.call("jobs/experiment", experimentRequest(experiment, defaults));
    await this.keep(HISTORY, withPrompt(this.history, experiment.prompt));
    return jobs;
  }

  /** A job that makes the same once more, or the same with another seed. */
  async again(job: Job, newSeed: boolean): Promise<Job> {
    const again = againRequest(this.jobs.get(job.id) ?? job, newSeed, outputFolder());
    switch (again.method) {
      case "jobs/submit":
        return this.worker.call(again.method, again.params);
      case "jobs/stitch":
        return this.worker.call(again.method, again.params);
      case "jobs/animate":
        return this.worker.call(again.method, again.params);
      case "jobs/compare":
        return this.worker.call(again.method, again.params);
    }
  }

  savePreset(preset: Preset): Thenable<void> {
    const named = { ...preset, name: preset.name.trim() };
    return this.keep(PRESETS, withPreset(this.presets, named));
  }

  deletePreset(name: string): Thenable<void> {
    return this.keep(PRESETS, withoutPreset(this.presets, name));
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async keep(key: string, value: readonly unknown[]): Promise<void> {
    await this.memento.update(key, value);
    this.changed.fire();
  }
}
