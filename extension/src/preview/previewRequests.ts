// What each request of the preview's page does. Throws Failure only for what a person can do something about.
import * as vscode from "vscode";
import { chooseFile } from "../chooseFile";
import { Failure } from "../errors";
import type { Generator } from "../generate/generator";
import { problemOfName } from "../generate/presets";
import { resumeJob } from "../jobs/jobActions";
import type { JobList } from "../jobs/jobList";
import { outputFolder, writesMetadata } from "../settings";
import { labelOf } from "../shared/labels";
import type { FormValues, JobAction, OutputAction, PreviewMessage } from "../shared/protocol";
import type { Job, OutputAppeared } from "../worker/contract";
import { frameOfFile } from "../storyboards/fileNames";
import { submitStoryboard } from "../storyboards/submit";
import { makeTyped } from "../storyboards/typedPrompt";
import type { Worker } from "../worker/worker";
import { copyOutputPath, deleteOutput, openExternal, openOutput, revealOutput, saveOutputAs } from "./outputActions";
import type { OutputList } from "./outputList";
import type { PreviewMemory } from "./previewMemory";
import { IMAGE_TYPES, keepDropped, keepFile, keepFrame, keepPicture } from "./startImage";

export interface Asked {
  readonly worker: Worker;
  readonly jobs: JobList;
  readonly outputs: OutputList;
  readonly generator: Generator;
  readonly memory: PreviewMemory;
  /** Go through another storyboard in the prompt box, or none */
  readonly useStoryboard: (file: string | null) => void;
  /** The folder that start images are kept in */
  readonly startImages: string;
  /** The listed file that the page means. Throws a Failure when there is none. */
  readonly find: (path: string) => OutputAppeared;
}

export async function carryOut(message: Exclude<PreviewMessage, { type: "ready" }>, asked: Asked): Promise<void> {
  const { generator, memory, startImages } = asked;
  switch (message.type) {
    case "submit":
      await generator.submit(message.prompt, message.values, memory.startImage?.path ?? null);
      break;
    case "job":
      await doWithJob(message.action, findJob(asked.jobs, message.id), asked);
      break;
    case "output":
      await doWithOutput(message.action, asked.find(message.id), asked);
      break;
    case "select":
      memory.selected = asked.find(message.id).output.path;
      break;
    case "compare":
      await compare(asked, message.ids);
      break;
    case "command":
      await vscode.commands.executeCommand(message.command);
      break;
    case "interactive":
      memory.interactive = message.open;
      break;
    case "storyboardFrame":
      await makeFrame(asked, message.frame, message.prompt);
      break;
    case "leaveStoryboard":
      asked.useStoryboard(null);
      break;
    case "savePreset":
      await savePreset(generator, message.values);
      break;
    case "deletePreset":
      await generator.deletePreset(message.name);
      break;
    case "pickStartImage":
      await pickStartImage(asked);
      break;
    case "pickFile":
      await pickFile(memory, message.key, message.video);
      break;
    case "dropStartImage":
      memory.setStartImage(await keepDropped(startImages, message.data));
      break;
    case "useFrame": {
      const { output, jobId } = asked.find(message.id);
      const job = jobId === null ? undefined : asked.jobs.get(jobId);
      memory.setStartImage(await keepFrame(startImages, output, job, message.frame));
      break;
    }
    case "clearStartImage":
      memory.setStartImage(null);
      break;
  }
}

async function doWithJob(action: JobAction, job: Job, { worker, generator }: Asked): Promise<void> {
  switch (action) {
    case "cancel":
      await worker.call("jobs/cancel", { id: job.id });
      break;
    case "resume":
      await resumeJob(worker, job.id);
      break;
    case "makeAgain":
      await generator.again(job, false);
      break;
    case "newSeed":
      await generator.again(job, true);
      break;
    case "remove":
      await worker.call("jobs/remove", { id: job.id });
      break;
  }
}

async function doWithOutput(action: OutputAction, entry: OutputAppeared, asked: Asked): Promise<void> {
  const { path } = entry.output;
  switch (action) {
    case "open":
      return openOutput(path);
    case "openExternal":
      return openExternal(path);
    case "saveAs":
      return saveOutputAs(path);
    case "reveal":
      return revealOutput(path);
    case "copyPath":
      return copyOutputPath(path);
    case "copyPrompt":
      return copyPrompt(maker(asked.jobs, entry));
    case "makeAgain":
      await asked.generator.again(maker(asked.jobs, entry), false);
      return;
    case "newSeed":
      return newSeed(asked, entry);
    case "animate":
      await vscode.commands.executeCommand("ttVideo.animateStill", path);
      return;
    case "delete":
      return deleteOutput(path, asked.jobs, asked.outputs);
  }
}

/** Of a storyboard, only this frame is made again. */
async function newSeed({ generator, jobs, worker }: Asked, entry: OutputAppeared): Promise<void> {
  const job = maker(jobs, entry);
  const frame = frameOfFile(entry.output.path);
  if (job.request.kind === "storyboard" && frame !== null) {
    await submitStoryboard(worker, job.request.file, { kind: "reroll", frame });
  } else {
    await generator.again(job, true);
  }
}

async function compare(asked: Asked, ids: readonly string[]): Promise<void> {
  const jobs = ids.map((id) => maker(asked.jobs, asked.find(id)).id);
  await asked.worker.call("jobs/compare", { jobs, outputFolder: outputFolder(), metadata: writesMetadata() });
}

async function makeFrame({ memory, worker }: Asked, frame: number, prompt: string): Promise<void> {
  if (memory.storyboard === null) {
    throw new Failure("notFound", "There is no storyboard in the prompt box any more.", "Choose one again.");
  }
  await makeTyped(worker, memory.storyboard, frame, prompt);
}

function findJob(jobs: JobList, id: string): Job {
  const job = jobs.get(id);
  if (job === undefined) {
    throw new Failure("notFound", "This job is not in the list any more.", "The Jobs view shows those that are.");
  }
  return job;
}

function maker(jobs: JobList, { jobId }: OutputAppeared): Job {
  if (jobId === null) {
    throw new Failure(
      "unsupported",
      "Another program made this file, so its prompt and parameters are not known.",
      "Type a prompt to make something like it.",
    );
  }
  return findJob(jobs, jobId);
}

async function copyPrompt({ request }: Job): Promise<void> {
  if (request.kind !== "generate") {
    throw new Failure("unsupported", "This was not made of one prompt.", "Copy its path instead.");
  }
  await vscode.env.clipboard.writeText(request.prompt);
}

async function savePreset(generator: Generator, values: FormValues): Promise<void> {
  const known = new Set(generator.presets.map((preset) => preset.name));
  const name = await vscode.window.showInputBox({
    title: "Save Preset",
    prompt: "A name for these values",
    validateInput: (text) => {
      const severity = vscode.InputBoxValidationSeverity.Info;
      const replaces = known.has(text.trim()) ? { message: "Replaces the preset of this name.", severity } : null;
      return problemOfName(text) ?? replaces;
    },
  });
  if (name !== undefined) {
    await generator.savePreset({ name, values });
  }
}

async function pickFile(memory: PreviewMemory, key: string, video: boolean): Promise<void> {
  const path = await chooseFile(labelOf(key), video);
  if (path !== undefined) {
    memory.pick(key, path);
  }
}

async function pickStartImage({ memory, startImages }: Asked): Promise<void> {
  const picked = await vscode.window.showOpenDialog({
    title: "Start Image",
    openLabel: "Use",
    filters: { Images: [...IMAGE_TYPES, "jpeg"] },
  });
  const [file] = picked ?? [];
  if (file !== undefined) {
    // In a remote window, a file of the machine that the window is on can be picked, too.
    const isHere = file.scheme === "file";
    const kept = isHere
      ? keepFile(startImages, file.fsPath)
      : keepPicture(startImages, await vscode.workspace.fs.readFile(file));
    memory.setStartImage(await kept);
  }
}
