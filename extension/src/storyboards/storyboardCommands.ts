// The commands about storyboard files: make all frames, some, or go through them one by one.
import { basename } from "node:path";
import * as vscode from "vscode";
import { Failure } from "../errors";
import type { Examples } from "../examples";
import { isExample } from "../shared/examples";
import { plainText } from "../plainText";
import type { OutputPreview } from "../preview/previewView";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { LANGUAGE } from "./documents";
import { parseFrameArgument, type Wish } from "./requests";
import { submitStoryboard } from "./submit";

export class StoryboardCommands {
  constructor(
    private readonly worker: Worker,
    private readonly preview: OutputPreview,
    private readonly examples: Examples,
  ) {}

  /** Without a target, the storyboard in the active editor, or one that is chosen. Undefined when the person left. */
  async generate(target: unknown): Promise<Job | undefined> {
    await this.worker.start();
    const file = await this.fileOf(target);
    return file === undefined ? undefined : this.make(file, { kind: "all" });
  }

  frame(target: unknown): Promise<Job> {
    return this.makeFrame("only", target);
  }

  fromHere(target: unknown): Promise<Job> {
    return this.makeFrame("from", target);
  }

  reroll(target: unknown): Promise<Job> {
    return this.makeFrame("reroll", target);
  }

  async interactive(target: unknown): Promise<void> {
    await this.worker.start();
    const file = await this.fileOf(target);
    if (file !== undefined) {
      // What is changed in the prompt box is changed in the file: it is seen there.
      await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false, preserveFocus: true });
      await this.preview.openStoryboard(file);
    }
  }

  private fileOf(target: unknown): Promise<string | undefined> {
    return isExample(target) ? this.examples.take(target) : chooseFile(target);
  }

  private async makeFrame(kind: "only" | "from" | "reroll", target: unknown): Promise<Job> {
    const { file, frame } = parseFrameArgument(target);
    return this.make(file, { kind, frame });
  }

  private async make(file: string, wish: Wish): Promise<Job> {
    const job = await submitStoryboard(this.worker, file, wish);
    this.preview.letSee();
    return job;
  }
}

/** The path of the file that is meant; undefined when the person left. */
async function chooseFile(target: unknown): Promise<string | undefined> {
  if (typeof target === "string") {
    return target;
  }
  if (target instanceof vscode.Uri) {
    return fileOf(target);
  }
  if (target !== undefined) {
    throw new Failure(
      "invalidParameters",
      "The command was called with something that is no file.",
      "It takes a path.",
    );
  }
  const active = vscode.window.activeTextEditor?.document;
  if (active?.languageId === LANGUAGE) {
    return fileOf(active.uri);
  }
  const chosen = await vscode.window.showOpenDialog({
    title: "A storyboard: a text file with one prompt per frame",
    openLabel: "Use This Storyboard",
    filters: { Storyboards: ["storyboard", "txt"] },
  });
  return chosen?.[0] && fileOf(chosen[0]);
}

/** A storyboard that is in no file yet can be saved first; undefined when the person does not. */
async function fileOf(uri: vscode.Uri): Promise<string | undefined> {
  if (uri.scheme === "file") {
    return uri.fsPath;
  }
  if (uri.scheme !== "untitled") {
    throw new Failure(
      "unsupported",
      `${basename(uri.path)} is not on the machine that the worker runs on.`,
      "Save a copy of it there.",
    );
  }
  const save = "Save";
  const question = plainText(`${basename(uri.path)} must be saved before its frames can be made.`);
  if ((await vscode.window.showInformationMessage(question, save)) !== save) {
    return undefined;
  }
  const saved = await vscode.workspace.save(uri);
  return saved?.scheme === "file" ? saved.fsPath : undefined;
}
