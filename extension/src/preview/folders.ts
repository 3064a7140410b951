// The folders whose files are shown, and no others.
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { outputFolder } from "../settings";

/** Where other programs put what they make for the Output Preview */
const SCRATCHPAD = "tt-scratchpad";

/** The output folder and the scratchpad, as they are named and as they are without symbolic links. */
export function watchedFolders(): readonly string[] {
  const named = [outputFolder(), join(homedir(), SCRATCHPAD)];
  return [...new Set([...named, ...named.map(withoutLinks)])];
}

/** Of a path that does not exist yet, the part that does is resolved: the worker names files so, too. */
export function withoutLinks(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(withoutLinks(parent), basename(path));
  }
}
