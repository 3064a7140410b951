// The commands about jobs. Each takes what a menu or another command gives it: a job, its id, or nothing, and then asks.
import * as vscode from "vscode";
import { Failure } from "../errors";
import type { Generator } from "../generate/generator";
import { plainText } from "../plainText";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { resumeJob } from "./jobActions";
import type { JobList } from "./jobList";
import { rowText } from "./row";
import { hasEnded, isActive, isRepeatable, isResumable, jobTitle, mainOutput } from "./view";

export class JobCommands {
  constructor(
    private readonly worker: Worker,
    private readonly jobs: JobList,
    private readonly generator: Generator,
  ) {}

  async cancel(target: unknown): Promise<Job | undefined> {
    const job = await this.choose(target, "cancel", (each) => !hasEnded(each) && each.status.state !== "cancelling");
    return job && this.worker.call("jobs/cancel", { id: job.id });
  }

  async resume(target: unknown): Promise<Job | undefined> {
    const job = await this.choose(target, "resume", isResumable);
    return job && resumeJob(this.worker, job.id);
  }

  async again(target: unknown): Promise<Job | undefined> {
    const job = await this.choose(target, "make again", isRepeatable);
    return job && this.generator.again(job, false);
  }

  async remove(target: unknown): Promise<void> {
    const job = await this.choose(target, "remove", (each) => !isActive(each));
    if (job === undefined) {
      return;
    }
    const [keep, erase] = ["Keep Files", "Delete Files"];
    const made = job.request.kind !== "download";
    const answer = await vscode.window.showWarningMessage(
      plainText(`Remove the job “${jobTitle(job)}” from the list?`),
      {
        modal: true,
        detail: made
          ? `Its files are in ${job.folder}. Files that are deleted cannot be brought back.`
          : "What has been downloaded stays; Remove Model deletes it.",
      },
      ...(made ? [keep, erase] : ["Remove"]),
    );
    if (answer !== undefined) {
      await this.worker.call("jobs/remove", { id: job.id, deleteFiles: answer === erase });
    }
  }

  async pauseQueue(): Promise<void> {
    await this.worker.call("queue/pause", {});
  }

  async resumeQueue(): Promise<void> {
    await this.worker.call("queue/resume", {});
  }

  /** The path of what the job made; asks for one of all that made something. */
  async output(target: unknown): Promise<string | undefined> {
    const job = await this.choose(target, "show", (each) => mainOutput(each) !== null);
    return job && (mainOutput(job) ?? undefined);
  }

  /** The job that is meant; of those that fit, the one that is chosen. Undefined when the person left. */
  async choose(target: unknown, verb: string, fits: (job: Job) => boolean): Promise<Job | undefined> {
    // The worker knows the jobs: who asks with none running gets it started, or learns why it cannot be.
    const { jobs } = await this.worker.call("jobs/list", {});
    const id = idOf(target);
    if (id !== undefined) {
      return this.named(id);
    }
    const fitting = [...jobs].reverse().filter(fits);
    if (fitting.length === 0) {
      void vscode.window.showInformationMessage(`There is no job to ${verb}.`);
      return undefined;
    }
    const items = fitting.map((job) => ({ label: jobTitle(job), description: rowText(job), job }));
    const placeHolder = `Choose the job to ${verb}`;
    return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.job;
  }

  private async named(id: string): Promise<Job> {
    return this.jobs.get(id) ?? (await this.worker.call("jobs/get", { id }));
  }
}

function idOf(target: unknown): string | undefined {
  if (target === undefined || target === null) {
    return undefined;
  }
  if (typeof target === "string") {
    return target;
  }
  if (typeof target === "object" && "id" in target && typeof target.id === "string") {
    return target.id;
  }
  throw new Failure(
    "invalidParameters",
    "The command was called with something that is no job.",
    "It takes a job's id.",
  );
}
