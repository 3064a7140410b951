import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readLessons } from "../../../extension/src/lessons/readLessons";
import { validateLessons } from "../../../extension/src/lessons/validate";
import { GENERATE, HEAD } from "./source";

const STEP = `\n## 1. Make it\n\n[Make it](<${GENERATE}>)\n`;

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "lessons-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, "lessons/images"), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(root, "lessons", name), text);
  }
  return root;
}

const problemsOf = async (text: string): Promise<readonly string[]> =>
  validateLessons(await folderOf({ "made-up.md": text }));

test("the lessons that are shipped have nothing wrong", async () => {
  expect(await validateLessons(".")).toEqual([]);
});

test("each button of the lessons that are shipped resolves, and each step has one", async () => {
  const lessons = await readLessons("lessons");
  expect(lessons.map((lesson) => lesson.id)).toContain("your-first-video");
  for (const lesson of lessons) {
    expect(lesson.steps.every((step) => step.buttons.length > 0)).toBe(true);
    expect(new Set(lesson.buttons.map((button) => button.key)).size).toBe(lesson.buttons.length);
  }
});

test("a lesson without a fault", async () => {
  expect(await problemsOf(HEAD + STEP)).toEqual([]);
  expect(await problemsOf((HEAD + STEP).replaceAll("\n", "\r\n"))).toEqual([]);
});

test.each<[string, string, string]>([
  ["an unknown key", HEAD.replace("tags:", "author: me\ntags:") + STEP, '7: unknown key "author" in the front matter'],
  ["a missing key", HEAD.replace("tags: [test]\n", "") + STEP, '1: the front matter has no "tags"'],
  ["a wrong category", HEAD.replace("basics", "cooking") + STEP, '5: "category" must be one of basics'],
  ["wrong hardware", HEAD.replace("[cpu]", "[abacus]") + STEP, '8: "supportedHardware" must be a list of cpu,'],
  ["no hardware", HEAD.replace("[cpu]", "[]") + STEP, '8: "supportedHardware" must be a list of cpu,'],
  ["a wrong status", HEAD.replace("validated", "fine") + STEP, '9: "status" must be one of validated, draft, blocked'],
  ["wrong minutes", HEAD.replace("Minutes: 1", "Minutes: soon") + STEP, '11: "estimatedMinutes" must be a whole'],
  [
    "a validated lesson that does not say how",
    HEAD.replace("validated: in a test\n", "") + STEP,
    "1: a validated lesson",
  ],
  ["a requirement that nobody knows", HEAD.replace("tags:", "requires: [luck]\ntags:") + STEP, '7: "requires" must be'],
  ["broken front matter", HEAD.replace("[test]", "[test") + STEP, ":8: "],
  ["a key twice", HEAD.replace("tags:", "title: Other\ntags:") + STEP, ":7: Map keys must be unique"],
  ["no front matter", "# Hello", "1: there is no front matter"],
  ["an id that is not the file's name", HEAD.replace("made-up", "made-down") + STEP, '1: the id "made-down" is not'],
  ["a command that is not allowed", `${HEAD}\n[x](command:a.b)${STEP}`, '14: the command "a.b" is not one'],
  [
    "arguments that are refused",
    `${HEAD}a\nb [x](command:ttVideo.showLog?1)${STEP}`,
    ':14: "ttVideo.showLog" does not',
  ],
  ["a link to no lesson", `${HEAD}\n[x](other.md)${STEP}`, '14: there is no lesson "other"'],
  ["a link to nowhere", `${HEAD}\n[x](#top)${STEP}`, '14: the link "#top" leads neither'],
  ["no such picture", `${HEAD}\n![x](images/x.png)${STEP}`, '14: there is no picture "lessons/images/x.png"'],
  ["a picture without a text", `${HEAD}\n![](images/x.png)${STEP}`, '14: the picture "images/x.png" has no text'],
  ["HTML", `${HEAD}\n\n<div>x</div>\n${STEP}`, "15: HTML, which is not rendered"],
  ["HTML in a line", `${HEAD}\nText <b>x</b>\n${STEP}`, "14: HTML, which is not rendered"],
  ["a title in the text", `${HEAD}\n# Made up\n${STEP}`, "14: a first-level heading"],
  ["a language without colours", `${HEAD}\n\`\`\`cobol\nx\n\`\`\`\n${STEP}`, '14: no colours for the language "cobol"'],
  ["steps out of order", HEAD + STEP.replace("1.", "2."), "14: step 2 comes where 1 is due"],
  ["no step", `${HEAD}Text`, "1: there is no step"],
  ["a step without a button", `${HEAD}\n## 1. Think\n\nText`, '1: the step "Think" has no button'],
])("is told, with file and line: %s", async (_name, text, problem) => {
  const [first, ...others] = await problemsOf(text);
  expect(first).toContain("lessons/made-up.md:");
  expect([first, ...others].join("\n")).toContain(problem);
});

test("the command that the build runs is silent when all is well, and fails with the sentences when not", async () => {
  const script = resolve("extension/validateLessons.mjs");
  expect(execFileSync(process.execPath, [script], { encoding: "utf8" })).toBe("");

  const broken = await folderOf({ "made-up.md": `${HEAD}\n[x](command:a.b)${STEP}` });
  const run = spawnSync(process.execPath, [script, broken], { encoding: "utf8" });
  expect(run.status).toBe(1);
  expect(run.stderr).toBe('lessons/made-up.md:14: the command "a.b" is not one that lessons may run\n');
});
