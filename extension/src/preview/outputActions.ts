// What can be done with a file that was made: by the preview's menu and by the commands. All throw Failure only.
import { randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { basename, dirname, extname, posix } from "node:path";
import * as vscode from "vscode";
import { Failure } from "../errors";
import type { JobList } from "../jobs/jobList";
import { plainText } from "../plainText";
import type { OutputList } from "./outputList";
import { saveName } from "./outputs";

/** In the editor; VS Code itself shows images and plays MP4 and WebM. */
export async function openOutput(path: string): Promise<void> {
  await requireFile(path);
  await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(path));
}

/** In the program that the system uses for such files. */
export async function openExternal(path: string): Promise<void> {
  if (isElsewhere()) {
    await openOutput(path);
    tell(`${basename(path)} is on another machine, so it was opened in the editor.`);
    return;
  }
  await requireFile(path);
  if (!(await vscode.env.openExternal(vscode.Uri.file(path)))) {
    throw new Failure("unsupported", `No program opened ${basename(path)}.`, "Open it in the editor instead.");
  }
}

export async function revealOutput(path: string): Promise<void> {
  await requireFile(path);
  const uri = vscode.Uri.file(path);
  if (!isElsewhere()) {
    await vscode.commands.executeCommand("revealFileInOS", uri);
  } else if (vscode.workspace.getWorkspaceFolder(uri) !== undefined) {
    await vscode.commands.executeCommand("revealInExplorer", uri);
  } else {
    await vscode.env.clipboard.writeText(path);
    tell(`${basename(path)} is on another machine, outside the open folder. Its path was copied.`);
  }
}

export async function copyOutputPath(path: string): Promise<void> {
  await vscode.env.clipboard.writeText(path);
}

export async function saveOutputAs(path: string): Promise<void> {
  await requireFile(path);
  const ending = extname(path).slice(1);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, saveName(path)),
    filters: { [ending.toUpperCase()]: [ending] },
    title: `Save ${basename(path)} As`,
  });
  if (target !== undefined) {
    await copyWhole(vscode.Uri.file(path), target);
  }
}

/** To the trash, where there is one; asks first. Only this file: frames and settings of its job stay. */
export async function deleteOutput(path: string, jobs: JobList, outputs: OutputList): Promise<void> {
  const job = jobs.get(outputs.get(path)?.jobId ?? "");
  const rest = job
    ? `The frames and settings in ${job.folder} stay; Remove Job deletes those.`
    : `It is in ${dirname(path)}.`;
  const name = basename(path);
  // Only the machine that VS Code's window is on has a trash.
  if (isElsewhere()) {
    await confirm(`Delete “${name}” permanently?`, `There is no trash on this machine. ${rest}`, "Delete Permanently");
    await remove(path, false);
  } else {
    await confirm(`Move “${name}” to the trash?`, rest, "Move to Trash");
    try {
      await remove(path, true);
    } catch {
      const detail = `It could not be moved to the trash. ${rest}`;
      await confirm(`Delete “${name}” permanently instead?`, detail, "Delete Permanently");
      await remove(path, false);
    }
  }
  outputs.remove(path);
}

/** Whether the files are on another machine than the window, whose programs then cannot open them. */
function isElsewhere(): boolean {
  return vscode.env.remoteName !== undefined || vscode.env.uiKind === vscode.UIKind.Web;
}

function tell(sentence: string): void {
  vscode.window.setStatusBarMessage(sentence, 8000);
}

async function confirm(message: string, detail: string, button: string): Promise<void> {
  if ((await vscode.window.showWarningMessage(plainText(message), { modal: true, detail }, button)) !== button) {
    throw new Failure("cancelled", "Nothing was deleted.", "");
  }
}

async function requireFile(path: string): Promise<void> {
  try {
    await vscode.workspace.fs.stat(vscode.Uri.file(path));
  } catch {
    throw new Failure("notFound", `${path} does not exist any more.`, "Make it again, or choose another one.");
  }
}

async function remove(path: string, useTrash: boolean): Promise<void> {
  try {
    await vscode.workspace.fs.delete(vscode.Uri.file(path), { useTrash });
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") {
      return;
    }
    throw new Failure(
      "disk",
      `${path} could not be deleted: ${reason(error)}`,
      "Check that you may write to its folder.",
    );
  }
}

/** An earlier file under the same name stays as it is until the new one is complete. */
async function copyWhole(source: vscode.Uri, target: vscode.Uri): Promise<void> {
  const partial = target.with({ path: posix.join(posix.dirname(target.path), `.${randomUUID()}.partial`) });
  try {
    await vscode.workspace.fs.copy(source, partial);
    await vscode.workspace.fs.rename(partial, target, { overwrite: true });
  } catch (error) {
    await vscode.workspace.fs.delete(partial).then(undefined, () => undefined);
    throw new Failure(
      "disk",
      `${posix.basename(target.path)} could not be saved: ${reason(error)}`,
      "Choose a folder that you may write to and that has free space.",
    );
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
