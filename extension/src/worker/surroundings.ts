// What there is on this machine to make an environment with.
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { probePython, type ProbeOptions, type Python } from "./python";
import { isPipConfigured, type Surroundings } from "./setUpPlan";

const run = promisify(execFile);

/** The names under which a Python may be found, those first that packages are built for longest. */
export const PYTHON_NAMES = [
  "python3.12",
  "python3.11",
  "python3.10",
  "python3",
  "python",
  "/usr/bin/python3",
  "/usr/local/bin/python3",
  "/opt/homebrew/bin/python3.12",
] as const;

export async function lookAround(options: ProbeOptions, ttMetalPython: string | null): Promise<Surroundings> {
  const base = await findBase(options);
  return {
    base,
    uv: await findUv(options),
    pipConfigured: isPipConfigured(await pipConfiguration(base, options), options.env),
    ttMetal: ttMetalPython === null ? null : await usable(ttMetalPython, options),
    nvidia: (await exists("/proc/driver/nvidia/version")) || (await exists("/dev/nvidiactl")),
    platform: process.platform,
  };
}

/** tt-metal's own environment, if the variable that names tt-metal is set. */
export function ttMetalPython(env: NodeJS.ProcessEnv): string | null {
  const home = env["TT_METAL_HOME"] ?? "";
  return home === "" ? null : join(home, "python_env", "bin", "python");
}

async function findBase(options: ProbeOptions): Promise<Python | null> {
  let withoutVenv: Python | null = null;
  for (const name of PYTHON_NAMES) {
    const python = await usable(name, options);
    if (python?.ensurepip === true) {
      return python;
    }
    withoutVenv ??= python;
  }
  return withoutVenv;
}

async function usable(python: string, options: ProbeOptions): Promise<Python | null> {
  const answer = await probePython(python, options);
  return "python" in answer ? answer.python : null;
}

/** An editor that was not started from a shell lacks the folders that uv installs itself to. */
async function findUv(options: ProbeOptions): Promise<string | null> {
  for (const uv of ["uv", join(homedir(), ".local", "bin", "uv"), join(homedir(), ".cargo", "bin", "uv")]) {
    try {
      await run(uv, ["--version"], { cwd: options.cwd, env: options.env, timeout: 10_000 });
      return uv;
    } catch {
      // Not this one.
    }
  }
  return null;
}

async function pipConfiguration(base: Python | null, options: ProbeOptions): Promise<string> {
  if (base === null) {
    return "";
  }
  try {
    const args = ["-m", "pip", "config", "list"];
    const { stdout } = await run(base.executable, args, { cwd: options.cwd, env: options.env, timeout: 20_000 });
    return stdout;
  } catch {
    // A Python without pip has no configuration of it.
    return "";
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
