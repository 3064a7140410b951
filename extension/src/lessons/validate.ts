// What the build checks of all lessons together: whatever would be wrong, dead or without effect on a lesson's page.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "./frontMatter";
import { parseLesson } from "./lesson";

/** Sentences with file and line; none when all is well. */
export async function validateLessons(root: string): Promise<readonly string[]> {
  const names = (await readdir(join(root, "lessons"))).filter((name) => name.endsWith(".md")).sort();
  if (names.length === 0) {
    return ["lessons: there is no lesson"];
  }
  const ids = new Set(names.map((name) => name.replace(/\.md$/, "")));
  const sentences = await Promise.all(
    names.map(async (name) => {
      const source = await readFile(join(root, "lessons", name), "utf8");
      const problems = await validateLesson(source, name, ids, (path) => readIfThere(join(root, path)));
      return problems.map(({ line, message }) => `lessons/${name}:${line}: ${message}`);
    }),
  );
  return sentences.flat();
}

/** An id is its file's name, so no two lessons have the same. */
export async function validateLesson(
  source: string,
  name: string,
  ids: ReadonlySet<string>,
  read: (path: string) => Promise<string | null>,
): Promise<readonly Problem[]> {
  const { lesson, problems } = parseLesson(source);
  if (lesson === null) {
    return problems;
  }
  const found = [...problems];
  if (`${lesson.id}.md` !== name) {
    found.push({ line: 1, message: `the id "${lesson.id}" is not the file's name` });
  }
  if (lesson.steps.length === 0) {
    found.push({ line: 1, message: "there is no step: no second-level heading that begins with a number" });
  }
  for (const step of lesson.steps) {
    if (step.buttons.length === 0) {
      found.push({ line: 1, message: `the step "${step.title}" has no button, so it can never be done` });
    }
  }
  for (const { target, line } of lesson.lessons) {
    if (!ids.has(target)) {
      found.push({ line, message: `there is no lesson "${target}"` });
    }
  }
  for (const { target, line } of lesson.images) {
    const file = await read(target);
    if (file === null) {
      found.push({ line, message: `there is no picture "${target}"` });
    } else if (target.endsWith(".svg") && !isPlainDrawing(file)) {
      found.push({ line, message: `"${target}" holds more than shapes and text` });
    }
  }
  return found;
}

/** Nothing that loads, runs, listens or styles: it becomes part of the page. */
function isPlainDrawing(svg: string): boolean {
  const names = [...svg.matchAll(/<\s*([^\s/>!?]+)/g)].map(([, name]) => name);
  return (
    svg.startsWith("<svg ") &&
    names.every((name) => ["svg", "g", "rect", "path", "text", "circle", "line"].includes(name ?? "")) &&
    !/\s(on\w+|href|style|xlink:href)\s*=|url\(|<!|<\?/i.test(svg)
  );
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}
