// Terminals in which `ttvideo` and `python` are the worker's, with a command that a person may start or change.
import { mkdir } from "node:fs/promises";
import { delimiter, dirname } from "node:path";
import * as vscode from "vscode";
import type { Worker } from "./worker/worker";

/** A terminal of its own, because in another one something may be running that would take the text. */
export async function showInTerminal(worker: Worker, name: string, cwd: string, text: string): Promise<void> {
  // VS Code refuses a folder that is not there.
  await mkdir(cwd, { recursive: true });
  const python = await worker.python();
  // The environment that Set Up Worker makes is on nobody's PATH.
  const path = python && [dirname(python), process.env["PATH"] ?? ""].join(delimiter);
  const terminal = vscode.window.createTerminal({ name, cwd, ...(path === null ? {} : { env: { PATH: path } }) });
  terminal.show();
  terminal.sendText(text, false);
}
