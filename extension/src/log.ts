// The log channel of the extension and its worker.
import * as vscode from "vscode";
import type { LogLine } from "./worker/logLines";

export function createLog(): vscode.LogOutputChannel {
  return vscode.window.createOutputChannel("TT Video Lab", { log: true });
}

export function writeLine(log: vscode.LogOutputChannel, { level, text }: LogLine): void {
  switch (level) {
    case "debug":
      log.debug(text);
      break;
    case "info":
      log.info(text);
      break;
    case "warning":
      log.warn(text);
      break;
    case "error":
      log.error(text);
      break;
  }
}
