// The commands Set Up Worker and Select Python Interpreter.
import { mkdir, readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { asFailure, Failure } from "../errors";
import { install } from "./install";
import { probePython, describeSource, present, whyNoWorker, type Candidate, type Python } from "./python";
import { activePython } from "./pythonExtension";
import { launchSettings, setInterpreter } from "./settings";
import { describePlan, planSetUp, progressOf, VENV_HINT, type Plan, type Surroundings } from "./setUpPlan";
import { lookAround, PYTHON_NAMES, ttMetalPython } from "./surroundings";
import type { Worker } from "./worker";

/** True when the worker is ready afterwards, false when the person decided against it. Rejects with a Failure. */
export async function setUpWorker(
  context: vscode.ExtensionContext,
  worker: Worker,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const { environments } = worker;
  const wheel = await findWheel(context.extensionPath);
  const { env, interpreter } = launchSettings();
  await mkdir(environments.root, { recursive: true });
  const around = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Looking for Python" },
    () => lookAround({ cwd: worker.folder, env }, ttMetalPython(env)),
  );
  const plan = planSetUp(environments.root, wheel, around) ?? throwNoPython(around);
  if (!(await confirm(plan, environments.root, interpreter !== null))) {
    return false;
  }
  try {
    await installWithProgress(worker, wheel, around, log);
  } catch (error) {
    const failure = asFailure(error);
    if (failure.kind === "cancelled") {
      log.info(failure.message);
      return false;
    }
    throw failure;
  }
  if (interpreter !== null) {
    await setInterpreter(null);
  }
  await worker.relaunch();
  await worker.start();
  return true;
}

/** Lets a person choose the worker's Python. Rejects with a Failure when that cannot run it. */
export async function selectInterpreter(_context: vscode.ExtensionContext, worker: Worker): Promise<void> {
  const automatic = { label: "Automatic", detail: "Use the first that can run the worker.", python: null };
  const find = { label: "Find...", detail: "Look for a Python on this machine.", python: null };
  const items = listPythons(worker).then((found) => [automatic, ...found, find]);
  const chosen = await vscode.window.showQuickPick<PythonItem>(items, {
    title: "Select Python Interpreter",
    placeHolder: "The Python that runs the worker",
    matchOnDescription: true,
  });
  if (chosen === undefined) {
    return;
  }
  const python = chosen === find ? await findFile() : chosen.python;
  if (python === undefined) {
    return;
  }
  if (python !== null) {
    await assertUsable(python, worker);
  }
  await setInterpreter(python);
  await worker.relaunch();
  await worker.start();
}

interface PythonItem extends vscode.QuickPickItem {
  /** Null for what is no Python */
  readonly python: string | null;
}

async function listPythons(worker: Worker): Promise<PythonItem[]> {
  const { env, interpreter } = launchSettings();
  const candidates = present([
    { source: "setting", python: interpreter },
    { source: "pythonExtension", python: await activePython() },
    { source: "ttMetal", python: ttMetalPython(env) },
    { source: "managed", python: await worker.environments.current() },
    ...PYTHON_NAMES.map((python) => ({ source: "path" as const, python })),
  ]);
  const items = new Map<string, PythonItem>();
  for (const candidate of candidates) {
    const answer = await probePython(candidate.python, { cwd: worker.folder, env });
    if ("python" in answer && !items.has(answer.python.executable)) {
      items.set(answer.python.executable, itemOf(candidate, answer.python, worker.version));
    }
  }
  return [...items.values()];
}

function itemOf({ source }: Candidate, python: Python, version: string): PythonItem {
  const reason = whyNoWorker(python, version);
  return {
    label: `Python ${python.version}`,
    description: python.executable,
    detail: `${describeSource(source)}; ${reason ?? `ttvideo ${python.ttvideo ?? ""} is there`}`,
    python: python.executable,
  };
}

async function findFile(): Promise<string | undefined> {
  const files = await vscode.window.showOpenDialog({ title: "Select Python Interpreter", openLabel: "Select" });
  return files?.[0]?.fsPath;
}

async function assertUsable(python: string, worker: Worker): Promise<void> {
  const answer = await probePython(python, { cwd: worker.folder, env: launchSettings().env });
  const reason = "reason" in answer ? answer.reason : whyNoWorker(answer.python, worker.version);
  if (reason !== null) {
    throw new Failure(
      "notSetUp",
      `${python} cannot run the worker: ${reason}.`,
      "Install ttvideo there with pip, choose another Python, or run Set Up Worker.",
    );
  }
}

async function findWheel(extensionPath: string): Promise<string> {
  const folder = join(extensionPath, "dist");
  const names = await readdir(folder).catch(() => []);
  const wheel = names.find((name) => name.startsWith("ttvideo-") && name.endsWith(".whl"));
  if (wheel === undefined) {
    throw new Failure("setUpFailed", `The worker's package is missing in ${folder}.`, "Install the extension again.");
  }
  return join(folder, wheel);
}

async function confirm(plan: Plan, root: string, clearsSetting: boolean): Promise<boolean> {
  const { bavail, bsize } = await statfs(root);
  const freeGB = (bavail * bsize) / 1e9;
  const neededGB = plan.diskGB + plan.downloadGB;
  if (freeGB < neededGB) {
    throw new Failure(
      "disk",
      `Setting the worker up needs about ${neededGB.toFixed(1)} GB, and ${freeGB.toFixed(1)} GB are free in ${root}.`,
      "Free some space, then run Set Up Worker again.",
    );
  }
  const start = "Set Up";
  const detail = describePlan(plan, root, freeGB, clearsSetting);
  const options = { modal: true, detail };
  return (await vscode.window.showInformationMessage("Set up the worker that makes videos?", options, start)) === start;
}

async function installWithProgress(
  worker: Worker,
  wheel: string,
  around: Surroundings,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const location = vscode.ProgressLocation.Notification;
  const title = "Setting up the worker ([log](command:ttVideo.showLog))";
  await vscode.window.withProgress({ location, title, cancellable: true }, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => {
      progress.report({ message: "Cancelling" });
      abort.abort();
    });
    await install({
      environments: worker.environments,
      wheel,
      version: worker.version,
      around,
      env: launchSettings().env,
      signal: abort.signal,
      onLine: (line) => {
        log.info(line);
        const message = progressOf(line);
        if (message !== null) {
          progress.report({ message });
        }
      },
      onStep: (message) => {
        progress.report({ message });
      },
    });
  });
}

function throwNoPython(around: Surroundings): never {
  if (around.base !== null) {
    throw new Failure(
      "setUpFailed",
      `Python ${around.base.version} is here, but it cannot make environments.`,
      VENV_HINT,
    );
  }
  throw new Failure(
    "setUpFailed",
    "No Python 3.10, 3.11 or 3.12 was found.",
    "Install one (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.12) or uv.",
  );
}
