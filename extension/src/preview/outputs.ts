// Which files the preview lists, and what news of one means for the list. Knows neither VS Code nor the worker.
import { basename, dirname, extname, isAbsolute, relative, sep } from "node:path";
import type { OutputAppeared } from "../worker/contract";

export const MAX_OUTPUTS = 50;
/** A storyboard makes one picture after the other: its latest, so that everything else stays in the list, too */
export const MAX_PICTURES_OF_A_JOB = 12;
/** How long after a listing the worker may go on telling of old files that it had no time to look into. */
const LATE_SECONDS = 30;
/** How far the times of files and the clock may be apart */
const CLOCK_SECONDS = 1;

/** The newest first, one entry per path. */
export class Outputs {
  #entries: readonly OutputAppeared[] = [];
  /** What appeared since `beginReading`; null when no listing is on its way */
  #meanwhile: readonly OutputAppeared[] | null = null;
  #readings = 0;
  #readAt = 0;

  get entries(): readonly OutputAppeared[] {
    return this.#entries;
  }

  /** `now` is in seconds since 1970. Returns what it is: posters and frames are nothing to show. */
  put(entry: OutputAppeared, now: number): "new" | "late" | "nothing" {
    if (!isShown(entry)) {
      return "nothing";
    }
    // A file written before the listing is new as well when it was moved here, but hardly just then.
    const isLate = entry.at + CLOCK_SECONDS < this.#readAt && now < this.#readAt + LATE_SECONDS;
    this.#entries = isLate ? byTime([...this.#entries, entry]) : inFront([entry], this.#entries);
    if (this.#meanwhile !== null) {
      this.#meanwhile = inFront([entry], this.#meanwhile);
    }
    return isLate ? "late" : "new";
  }

  /** A listing is asked for: what appears until it is there may or may not be in it. */
  beginReading(now: number): number {
    this.#meanwhile = [];
    this.#readAt = now;
    return ++this.#readings;
  }

  /** Take over a listing, unless another was asked for since: that one is to come. */
  replace(listed: readonly OutputAppeared[], reading: number): void {
    if (reading !== this.#readings) {
      return;
    }
    this.#entries = byTime([...(this.#meanwhile ?? []), ...listed.filter(isShown)]);
    this.#meanwhile = null;
  }

  remove(paths: ReadonlySet<string>): boolean {
    const kept = this.#entries.filter((entry) => !paths.has(entry.output.path));
    const changed = kept.length < this.#entries.length;
    this.#entries = kept;
    return changed;
  }
}

/** What to show when `appeared` came while `selected` was shown: of one clip in several formats, the first stays. */
export function follow(selected: string | null, appeared: string): string {
  const isSameClip = selected !== null && selected !== appeared && stem(selected) === stem(appeared);
  return isSameClip ? selected : appeared;
}

/** Whether the path lies below one of the folders; `..` and the like count as what they stand for. */
export function isInside(folders: readonly string[], path: string): boolean {
  return folders.some((folder) => {
    const way = relative(folder, path);
    return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  });
}

/** A job calls all its clips alike and keeps them apart by their folders; outside, the folder's name tells more. */
export function saveName(path: string): string {
  const name = basename(path);
  return /^(clip|partial)\.\w+$/.test(name) ? `${basename(dirname(path))}${extname(path)}` : name;
}

function inFront(newer: readonly OutputAppeared[], older: readonly OutputAppeared[]): readonly OutputAppeared[] {
  const paths = new Set<string>();
  const isFirst = ({ output: { path } }: OutputAppeared): boolean => !paths.has(path) && paths.add(path).has(path);
  const pictures = new Map<string, number>();
  const isOfFew = ({ jobId, output }: OutputAppeared): boolean => {
    if (jobId === null || output.kind !== "image") {
      return true;
    }
    const count = (pictures.get(jobId) ?? 0) + 1;
    pictures.set(jobId, count);
    return count <= MAX_PICTURES_OF_A_JOB;
  };
  return [...newer, ...older].filter((entry) => isFirst(entry) && isOfFew(entry)).slice(0, MAX_OUTPUTS);
}

function byTime(entries: readonly OutputAppeared[]): readonly OutputAppeared[] {
  return inFront(
    [...entries].sort((a, b) => b.at - a.at),
    [],
  );
}

function isShown({ output }: OutputAppeared): boolean {
  return output.kind === "video" || output.kind === "image";
}

function stem(path: string): string {
  return `${dirname(path)}${sep}${basename(path, extname(path))}`;
}
