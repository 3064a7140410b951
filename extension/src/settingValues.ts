// What the settings of `ttVideo.*` that the extension itself reads may hold. Knows no VS Code; `settings.ts` reads them.
import * as path from "node:path";

/** Each setting with its default, as package.json contributes it. */
export const DEFAULTS = {
  "output.folder": "~/tt-scratchpad",
  "output.metadata": true,
  "generate.model": "tiny",
  "generate.device": "auto",
  "preview.autoplay": true,
  "preview.loop": true,
};

export type Setting = keyof typeof DEFAULTS;

/** What stands in the settings file, unless it is of another type: that is as if nothing stood there. */
export function checked<Key extends Setting>(key: Key, value: unknown): (typeof DEFAULTS)[Key] {
  return typeof value === typeof DEFAULTS[key] ? (value as (typeof DEFAULTS)[Key]) : DEFAULTS[key];
}

/** An absolute path: `~` is the home folder, and what is relative lies there. */
export function absoluteFolder(folder: string, home: string): string {
  const named = folder.trim() === "" ? DEFAULTS["output.folder"] : folder.trim();
  return path.resolve(home, named.replace(/^~(?=$|[\\/])/, home));
}
