import { readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { Uri } from "vscode";
import { Examples } from "../../extension/src/examples";
import { EXAMPLES, isExample } from "../../extension/src/shared/examples";

vi.mock("vscode", () => ({
  Uri: { joinPath: (base: string, ...names: string[]) => ({ fsPath: join(base, ...names) }) },
}));

let folder: string;
let examples: Examples;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "examples-")), "videos");
  examples = new Examples(process.cwd() as unknown as Uri, () => folder);
});

test.each(EXAMPLES)("%s is there, and a person gets a copy", async (example) => {
  const copy = await examples.take({ example });
  expect(copy).toBe(join(folder, example));
  expect(statSync(copy).isDirectory()).toBe(example === "postcards");
});

test("a copy that was changed stays", async () => {
  const copy = await examples.take({ example: "a_small_story.txt" });
  writeFileSync(copy, "a red ball");
  expect(await examples.take({ example: "a_small_story.txt" })).toBe(copy);
  expect(readFileSync(copy, "utf8")).toBe("a red ball");
});

test("a folder that cannot be made is told, with what to do", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "examples-")), "file");
  writeFileSync(file, "");
  const there = new Examples(process.cwd() as unknown as Uri, () => join(file, "videos"));
  await expect(there.take({ example: "postcards" })).rejects.toMatchObject({ kind: "disk" });
});

test.each([
  undefined,
  "a_small_story.txt",
  {},
  { example: "../package.json" },
  { example: 1 },
  [{ example: "postcards" }],
])("%j is no example", async (value) => {
  expect(isExample(value)).toBe(false);
  await expect(examples.open(value)).rejects.toMatchObject({ kind: "invalidParameters" });
});
