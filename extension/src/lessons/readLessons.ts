// The lessons of a folder, in the order in which they are offered.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CATEGORIES } from "./frontMatter";
import { parseLesson, type Lesson } from "./lesson";

/** A file that is no lesson is left out; the build has checked that there is none. */
export async function readLessons(folder: string): Promise<readonly Lesson[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".md"));
  const lessons = await Promise.all(names.map((name) => readLesson(folder, name)));
  return lessons.flatMap((lesson) => lesson ?? []).sort(inOrder);
}

async function readLesson(folder: string, name: string): Promise<Lesson | null> {
  const { lesson } = parseLesson(await readFile(join(folder, name), "utf8"));
  const paths = lesson?.images.map(({ target }) => target).filter((path) => path.endsWith(".svg")) ?? [];
  const drawings = await Promise.all(
    paths.map(async (path) => [path, await readFile(join(folder, "..", path), "utf8")] as const),
  );
  return lesson && { ...lesson, drawings: Object.fromEntries(drawings) };
}

const ORDER = Object.keys(CATEGORIES);

function inOrder(a: Lesson, b: Lesson): number {
  return ORDER.indexOf(a.category) - ORDER.indexOf(b.category) || a.order - b.order;
}
