// What the tests of the worker's life share: the real worker, and folders that go away.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import type { WorkerHealth } from "../../../extension/src/shared/protocol";
import type { Launch } from "../../../extension/src/worker/process";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const VERSION = "0.1.0";

const own = join(ROOT, ".venv/bin/python");
export const PYTHON = process.env["TTVIDEO_PYTHON"] ?? (existsSync(own) ? own : "python3");

export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "ttvideo-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** How the worker of this tree is started, with a queue of its own. */
export function launchIn(folder: string, args: readonly string[] = ["-m", "ttvideo", "serve"]): Launch {
  const path = [join(ROOT, "worker"), process.env["PYTHONPATH"] ?? ""].filter((part) => part !== "");
  const env = { ...process.env, PYTHONPATH: path.join(delimiter), TTVIDEO_STATE: join(folder, "state") };
  return { program: PYTHON, args, cwd: folder, env };
}

/** Remembers what was told, and lets a test wait for what it expects. */
export class Heard<T> {
  readonly all: T[] = [];
  private readonly waiting = new Set<() => void>();

  readonly hear = (value: T): void => {
    this.all.push(value);
    for (const look of [...this.waiting]) {
      look();
    }
  };

  /** The first value, from the given one on, that is as it should be. */
  async first(is: (value: T) => boolean, from = 0): Promise<T> {
    return new Promise((resolvePromise) => {
      const look = (): void => {
        const index = this.all.findIndex((value, position) => position >= from && is(value));
        const found = this.all[index];
        if (index >= 0 && found !== undefined) {
          this.waiting.delete(look);
          resolvePromise(found);
        }
      };
      this.waiting.add(look);
      look();
    });
  }
}

export function isHealth(kind: WorkerHealth["kind"]): (health: WorkerHealth) => boolean {
  return (health) => health.kind === kind;
}

/** Whether it runs; one that has ended and whom nobody has asked about yet does not. */
export function isAlive(pid: number): boolean {
  const processes = execFileSync("ps", ["-eo", "pid=,state="], { encoding: "utf8" });
  return new RegExp(`^ *${pid} [^Z]`, "m").test(processes);
}
