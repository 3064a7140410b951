// The environments that Set Up Worker makes: numbered folders, because one cannot be moved once it is made, and a file
// that names the one in use. A new one is made beside and takes over when it is complete.
import { execFile } from "node:child_process";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../errors";

const POINTER = "current.json";
const LOCK = "set-up.lock";

export class ManagedEnvironments {
  constructor(readonly root: string) {}

  /** The Python of the environment in use, null when there is none. */
  async current(): Promise<string | null> {
    const folder = await this.currentFolder();
    return folder === null ? null : pythonOf(folder);
  }

  /** A folder that is not there yet, for a new environment. */
  async next(): Promise<string> {
    return join(this.root, String(Math.max(0, ...(await this.numbers())) + 1));
  }

  /** From now on the environment in this folder is the one in use. */
  async use(folder: string): Promise<void> {
    const number = this.numberOf(folder);
    const beside = join(this.root, `${POINTER}.new`);
    const file = await open(beside, "w");
    try {
      await file.writeFile(`${JSON.stringify({ folder: number })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, join(this.root, POINTER));
  }

  async remove(folder: string): Promise<void> {
    this.numberOf(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Removes all but the one in use and those that some process still runs from, such as another window's worker. */
  async removeUnused(): Promise<void> {
    const current = await this.currentFolder();
    const commands = await runningCommands();
    for (const number of await this.numbers()) {
      const folder = join(this.root, String(number));
      if (folder !== current && !commands.some((command) => command.includes(`${folder}/`))) {
        await this.remove(folder);
      }
    }
  }

  /** Runs it while no other window does the same. Rejects with a Failure when one does. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    await mkdir(this.root, { recursive: true });
    const lock = join(this.root, LOCK);
    await takeLock(lock);
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  private async currentFolder(): Promise<string | null> {
    try {
      const pointer: unknown = JSON.parse(await readFile(join(this.root, POINTER), "utf8"));
      if (typeof pointer !== "object" || pointer === null || !("folder" in pointer)) {
        return null;
      }
      const { folder } = pointer;
      const valid = typeof folder === "number" && Number.isSafeInteger(folder) && folder > 0;
      return valid ? join(this.root, String(folder)) : null;
    } catch {
      return null;
    }
  }

  private async numbers(): Promise<number[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.filter((name) => /^[0-9]{1,9}$/.test(name)).map(Number);
  }

  private numberOf(folder: string): number {
    const number = Number(folder.slice(this.root.length + 1));
    if (join(this.root, String(number)) !== folder) {
      throw new Error(`${folder} is no environment of ${this.root}`);
    }
    return number;
  }
}

export function pythonOf(folder: string): string {
  return join(folder, "bin", "python");
}

async function takeLock(lock: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      return;
    } catch {
      const pid = Number(await readFile(lock, "utf8").catch(() => "0"));
      if (pid > 0 && pid !== process.pid && isAlive(pid)) {
        throw new Failure("setUpFailed", "Another window is setting the worker up.", "Wait until it is done.");
      }
      // Left behind by a window that was killed.
      await rm(lock, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Command lines of all processes that may be seen. */
async function runningCommands(): Promise<string[]> {
  if ((await stat("/proc/self/cmdline").catch(() => null)) === null) {
    const { stdout } = await promisify(execFile)("ps", ["-axo", "args="], { maxBuffer: 64 * 2 ** 20 });
    return stdout.split("\n");
  }
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}
