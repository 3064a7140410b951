// What runs on this machine on behalf of one server: everything that inherited its TTVIDEO_STATE.
import { readdirSync, readFileSync } from "node:fs";

export interface RunningProcess {
  readonly pid: number;
  readonly command: readonly string[];
}

/** All processes whose environment holds `TTVIDEO_STATE=state`; those that ended but were not waited for have none. */
export function processesOf(state: string): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => words(`/proc/${name}/environ`).includes(`TTVIDEO_STATE=${state}`))
    .map((name) => ({ pid: Number(name), command: words(`/proc/${name}/cmdline`) }));
}

/** The workers among them. */
export function workersOf(state: string): number[] {
  return processesOf(state)
    .filter(({ command }) => command.some((word) => /(^|\/)ttvideo$/.test(word)) && command.includes("serve"))
    .map(({ pid }) => pid);
}

function words(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\0");
  } catch {
    return []; // It ended meanwhile, or belongs to somebody else.
  }
}
