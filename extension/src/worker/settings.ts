// The settings that decide how the worker is started.
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";

export const LAUNCH_SETTINGS = [
  "ttVideo.python.interpreter",
  "ttVideo.worker.environment",
  "ttVideo.worker.logLevel",
] as const;

export interface LaunchSettings {
  /** Null when none is chosen */
  readonly interpreter: string | null;
  /** The whole environment of the worker */
  readonly env: NodeJS.ProcessEnv;
}

export function launchSettings(): LaunchSettings {
  const settings = vscode.workspace.getConfiguration("ttVideo");
  const interpreter = settings.get<string>("python.interpreter", "").trim();
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const [name, value] of Object.entries(settings.get<Record<string, unknown>>("worker.environment", {}))) {
    if (typeof value === "string") {
      env[name] = value;
    }
  }
  env["TTVIDEO_LOG_LEVEL"] = settings.get<string>("worker.logLevel", "info");
  return { interpreter: interpreter === "" ? null : expandHome(interpreter), env };
}

/** Choose a Python; null leaves it to the extension. */
export function setInterpreter(python: string | null): Thenable<void> {
  const settings = vscode.workspace.getConfiguration("ttVideo");
  return settings.update("python.interpreter", python ?? undefined, vscode.ConfigurationTarget.Global);
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
