// The environment that is active in Microsoft's Python extension, when that is installed. We do not depend on it.
import * as vscode from "vscode";
import { within } from "./process";

const ACTIVATION_MS = 5000;

export async function activePython(): Promise<string | null> {
  // What is active may come from the workspace, so it is run only in one that is trusted.
  const extension = vscode.workspace.isTrusted ? vscode.extensions.getExtension<unknown>("ms-python.python") : undefined;
  if (extension === undefined) {
    return null;
  }
  try {
    const activation = Promise.resolve(extension.activate());
    if (!(await within(activation, ACTIVATION_MS))) {
      return null;
    }
    return await pathOf(await activation);
  } catch {
    // Another version of it, or it failed: then it has no environment for us.
    return null;
  }
}

interface Environments {
  getActiveEnvironmentPath(): unknown;
  resolveEnvironment(environment: unknown): Promise<unknown>;
}

async function pathOf(api: unknown): Promise<string | null> {
  if (!isObject(api) || !isEnvironments(api["environments"])) {
    return null;
  }
  const environments = api["environments"];
  const resolved = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  const executable = isObject(resolved) ? resolved["executable"] : undefined;
  const uri = isObject(executable) ? executable["uri"] : undefined;
  return uri instanceof vscode.Uri ? uri.fsPath : null;
}

function isEnvironments(value: unknown): value is Environments {
  return (
    isObject(value) &&
    typeof value["getActiveEnvironmentPath"] === "function" &&
    typeof value["resolveEnvironment"] === "function"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
