// A prompt from the preview's box becomes a frame of the storyboard: first in the file, when its words were changed.
import * as vscode from "vscode";
import { Failure } from "../errors";
import { outputFolder } from "../settings";
import type { Storyboard } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { applyEdit, folded, promptEdit, type Edit } from "./promptEdit";
import { submitStoryboard } from "./submit";

/** Throws a Failure when there is no such frame any more, or the words cannot be a prompt. */
export async function makeTyped(worker: Worker, file: string, number: number, prompt: string): Promise<void> {
  const document = await open(file);
  const { version } = document;
  const lines = document.getText().split(/\r\n|\r|\n/);
  const before = await check(worker, file, lines);
  const frame = before.frames.find((each) => each.number === number);
  if (frame === undefined) {
    throw new Failure(
      "notFound",
      `The storyboard has no frame ${number} any more.`,
      "Go on with the one that is shown.",
    );
  }
  const edit = promptEdit(lines, frame, prompt);
  if (edit !== null) {
    requireFit(before, await check(worker, file, applyEdit(lines, edit)), number, prompt);
    await write(document, version, edit);
  }
  await submitStoryboard(worker, file, { kind: "only", frame: number });
}

async function open(file: string): Promise<vscode.TextDocument> {
  try {
    return await vscode.workspace.openTextDocument(vscode.Uri.file(file));
  } catch {
    throw new Failure("notFound", `${file} cannot be read.`, "Check that it still exists.");
  }
}

function check(worker: Worker, file: string, lines: readonly string[]): Promise<Storyboard> {
  return worker.call("storyboard/check", { file, text: lines.join("\n"), outputFolder: outputFolder() });
}

/** Words that mean something to the file, such as a comment, are none of a prompt. */
function requireFit(before: Storyboard, after: Storyboard, number: number, prompt: string): void {
  const said = after.frames.find((each) => each.number === number)?.prompt;
  if (said !== folded(prompt) || after.frames.length !== before.frames.length) {
    throw new Failure(
      "invalidParameters",
      "These words would not be one prompt in the storyboard's file.",
      "Do not begin with # or ---.",
    );
  }
}

/** A file that was saved is saved again. */
async function write(document: vscode.TextDocument, version: number, edit: Edit): Promise<void> {
  const wasDirty = document.isDirty;
  const change = new vscode.WorkspaceEdit();
  change.replace(document.uri, new vscode.Range(edit.line, 0, edit.endLine, edit.endColumn), edit.text);
  if (document.version !== version || !(await vscode.workspace.applyEdit(change))) {
    throw new Failure("wrongState", "The storyboard was changed in the editor meanwhile.", "Press Enter again.");
  }
  if (!wasDirty) {
    await document.save();
  }
}
