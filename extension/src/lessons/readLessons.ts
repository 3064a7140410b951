// The lessons of a folder, in the order in which they are offered.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CATEGORIES } from "./frontMatter";
import { parseLesson, type Lesson } from "./lesson";

/** A file that is no lesson is left out; the build has checked that there is none. */
export async function readLessons(folder: string): Promise<readonly Lesson[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".md"));
  const sources = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return sources.flatMap((source) => parseLesson(source).lesson ?? []).sort(inOrder);
}

const ORDER = Object.keys(CATEGORIES);

function inOrder(a: Lesson, b: Lesson): number {
  return ORDER.indexOf(a.category) - ORDER.indexOf(b.category) || a.order - b.order;
}
