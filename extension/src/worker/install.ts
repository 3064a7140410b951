// Makes an environment for the worker, all of it or nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Failure } from "../errors";
import { pythonOf, type ManagedEnvironments } from "./managedEnvironment";
import { whyNot } from "./process";
import { probePython, whyNoWorker, type Python } from "./python";
import { overlayFile, overlayText, planSetUp, whyInstallFailed, type Step, type Surroundings } from "./setUpPlan";

export interface Installation {
  readonly environments: ManagedEnvironments;
  readonly wheel: string;
  readonly version: string;
  readonly around: Surroundings;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Everything that the installers print */
  readonly onLine: (line: string) => void;
  readonly onStep: (title: string) => void;
}

/** Rejects with a Failure; then what was there before is as it was. */
export async function install(installation: Installation): Promise<Python> {
  const { environments } = installation;
  return environments.exclusively(async () => {
    // Remains of a set-up that was killed.
    await environments.removeUnused();
    const folder = await environments.next();
    try {
      const python = await fill(folder, installation);
      await environments.use(folder);
      return python;
    } catch (error) {
      await environments.remove(folder);
      throw error;
    } finally {
      await environments.removeUnused();
    }
  });
}

async function fill(folder: string, installation: Installation): Promise<Python> {
  const { around, wheel, version, environments, onLine } = installation;
  const plan = planSetUp(folder, wheel, around);
  if (plan === null) {
    throw new Failure("setUpFailed", "There is no Python to begin with.", "Install Python 3.10, 3.11 or 3.12, or uv.");
  }
  const env = installerEnvironment(installation.env);
  await runStep(plan.make, env, installation);
  if (plan.over !== null && around.ttMetal !== null) {
    await writeFile(overlayFile(folder, around.ttMetal.version), overlayText(plan.over));
  }
  for (const step of plan.install) {
    await runStep(step, env, installation);
  }
  const answer = await probePython(pythonOf(folder), { cwd: environments.root, env });
  const reason = "reason" in answer ? answer.reason : whyNoWorker(answer.python, version);
  if (reason !== null || "reason" in answer) {
    throw new Failure("setUpFailed", `The new environment cannot run the worker: ${reason ?? ""}.`, "See the log.");
  }
  onLine(`Ready: ${answer.python.executable}, Python ${answer.python.version}`);
  return answer.python;
}

/** Without what would make pip look at other environments, or ask. What else its user told pip and uv is kept. */
function installerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    PYTHONPATH: undefined,
    PYTHONHOME: undefined,
    VIRTUAL_ENV: undefined,
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_INPUT: "1",
    PIP_PROGRESS_BAR: "off",
    PIP_USER: "0",
    PYTHONUNBUFFERED: "1",
  };
}

async function runStep(step: Step, env: NodeJS.ProcessEnv, installation: Installation): Promise<void> {
  const { signal, onStep, onLine, environments } = installation;
  onStep(step.title);
  throwIfCancelled(signal);
  onLine(`$ ${[step.program, ...step.args].join(" ")}`);
  const lines: string[] = [];
  const tell = (line: string): void => {
    lines.push(line);
    onLine(line);
  };
  const succeeded = await runProgram(step, { env, cwd: environments.root, signal, tell });
  throwIfCancelled(signal);
  if (succeeded) {
    return;
  }
  if (step.otherwise !== null) {
    onLine(step.otherwise);
    return;
  }
  const { message, hint } = whyInstallFailed(lines);
  throw new Failure("setUpFailed", `The worker could not be set up: ${message}`, hint);
}

interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Whether it exited with 0. When it is cancelled, it and all it started are killed. */
async function runProgram(step: Step, { env, cwd, signal, tell }: RunOptions): Promise<boolean> {
  const child = spawn(step.program, step.args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  createInterface({ input: child.stdout }).on("line", tell);
  createInterface({ input: child.stderr }).on("line", tell);
  const kill = (): void => {
    try {
      if (child.pid !== undefined) {
        process.kill(-child.pid, "SIGKILL");
      }
    } catch {
      // It has ended already.
    }
  };
  signal.addEventListener("abort", kill);
  try {
    await once(child, "close");
  } catch (error) {
    tell(`${step.program} cannot be run: ${whyNot(error)}`);
    return false;
  } finally {
    signal.removeEventListener("abort", kill);
  }
  return child.exitCode === 0;
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new Failure("cancelled", "Setting the worker up was cancelled.", "What was set up before is unchanged.");
  }
}
