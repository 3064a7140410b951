// The dialog for a file that a parameter names.
import * as vscode from "vscode";

const VIDEOS = ["mp4", "mov", "webm"];

/** The path; undefined when nothing was chosen. Only of this machine: the worker reads the file itself. */
export async function chooseFile(title: string, video: boolean): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title,
    openLabel: "Use",
    filters: video ? { Videos: VIDEOS } : { "All Files": ["*"] },
  });
  const file = picked?.[0];
  return file?.scheme === "file" ? file.fsPath : undefined;
}
