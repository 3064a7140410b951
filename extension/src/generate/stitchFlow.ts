// Stitch Frames into Video: which pictures, how fast, and then a job like any other.
import * as vscode from "vscode";
import { jobTitle, plural } from "../jobs/view";
import { outputFolder, writesMetadata } from "../settings";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { framesPerSecond, jobsWithFrames, problemOfRate } from "./stitching";

const TITLE = "Stitch Frames into Video";

/** `target` is a folder of the explorer; without one it is asked for. Undefined when the person left. */
export async function stitchFrames(worker: Worker, target: unknown): Promise<Job | undefined> {
  const folder = target instanceof vscode.Uri && target.scheme === "file" ? target.fsPath : await chooseFolder(worker);
  if (folder === undefined) {
    return undefined;
  }
  const rate = await vscode.window.showInputBox({
    title: TITLE,
    prompt: "Frames per second",
    value: "8",
    validateInput: problemOfRate,
    ignoreFocusOut: true,
  });
  if (rate === undefined) {
    return undefined;
  }
  return worker.call("jobs/stitch", {
    kind: "stitch",
    folder,
    fps: framesPerSecond(rate),
    outputFolder: outputFolder(),
    metadata: writesMetadata(),
  });
}

async function chooseFolder(worker: Worker): Promise<string | undefined> {
  const { jobs } = await worker.call("jobs/list", {});
  const stopped = jobsWithFrames(jobs).map((job) => ({
    label: jobTitle(job),
    description: `${job.status.state}, ${plural(job.framesDone, "finished frame")}`,
    folder: job.folder,
  }));
  if (stopped.length === 0) {
    return askForFolder();
  }
  const other = { label: "Choose a Folder...", description: "with numbered pictures", folder: null };
  const chosen = await vscode.window.showQuickPick([...stopped, other], {
    title: TITLE,
    placeHolder: "A stopped job's frames, or a folder of pictures",
  });
  return chosen === undefined ? undefined : (chosen.folder ?? askForFolder());
}

async function askForFolder(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: "The folder with the pictures, numbered in their names",
    openLabel: "Stitch These Pictures",
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return chosen?.[0]?.fsPath;
}
