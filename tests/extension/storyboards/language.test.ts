// What package.json contributes for storyboards: which files they are, how they look, where their commands stand.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import manifest from "../../../package.json";
import { ROOT } from "../worker/support";

const [language] = manifest.contributes.languages;
const [grammar] = manifest.contributes.grammars;

interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly patterns?: readonly Rule[];
  readonly include?: string;
}
interface Grammar {
  readonly scopeName: string;
  readonly patterns: readonly Rule[];
  readonly repository: Readonly<Record<string, Rule>>;
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

it("is one language, whose files there are, and nothing starts before one of its files is open", () => {
  expect(language?.id).toBe("ttvideo-storyboard");
  expect(language?.filenames).toEqual(["video_prompts.txt", "a_small_story.txt"]);
  expect(language?.extensions).toEqual([".storyboard", ".storyboard.txt"]);
  expect(grammar).toMatchObject({ language: "ttvideo-storyboard", scopeName: "text.ttvideo-storyboard" });
  const files = [language?.configuration, language?.icon.light, language?.icon.dark, grammar?.path];
  expect(files.filter((file) => file === undefined || !existsSync(join(ROOT, file)))).toEqual([]);
  expect(read(language?.configuration ?? "")).toMatchObject({ comments: { lineComment: "#" } });
  expect(manifest.activationEvents).toEqual(["onWebviewPanel:ttVideo.lesson"]);
});

test("the links' commands are not in the palette, which could not tell them the frame", () => {
  const hidden = manifest.contributes.menus.commandPalette.filter(({ when }) => when === "false");
  expect(hidden.map(({ command }) => command)).toEqual(
    expect.arrayContaining(["ttVideo.storyboardFrame", "ttVideo.storyboardFromHere", "ttVideo.storyboardReroll"]),
  );
});

describe("the grammar", () => {
  const { repository, patterns, scopeName } = read(grammar?.path ?? "") as Grammar;

  it("has the name that is contributed, and includes only rules that it has", () => {
    expect(scopeName).toBe(grammar?.scopeName);
    const all = (rule: Rule): Rule[] => [rule, ...(rule.patterns ?? []).flatMap(all)];
    const rules = [...patterns, ...Object.values(repository)].flatMap(all);
    const included = rules.flatMap(({ include }) => (include === undefined ? [] : [include.replace("#", "")]));
    expect(included.filter((name) => !(name in repository))).toEqual([]);
  });

  // As JavaScript reads them; only \\A, the beginning of the file, is another there.
  const pattern = (name: string, part: "match" | "begin" | "end"): RegExp =>
    new RegExp(repository[name]?.[part]?.replace("\\A", "^") ?? "there is no such rule", "u");

  it.each([
    ["front-matter", "begin", "---", true],
    ["front-matter", "begin", "--- a prompt", false],
    ["front-matter", "end", " --- ", true],
    ["comment", "match", "  # a comment", true],
    ["comment", "match", "a # b", false],
    ["setting", "begin", "seconds per frame: 2s", true],
    ["setting", "begin", "# a comment: yes", false],
    ["override", "begin", "motion=zoom-in", true],
    ["override", "begin", "seed = 7", true],
    ["quoted", "match", '"a \\" b"', true],
    ["quoted", "match", '"not closed', false],
    ["number", "match", "=7.5", true],
    ["number", "match", ": 128x128", true],
    ["number", "match", " 7up", false],
  ] as const)("%s (%s) in %j: %s", (name, part, text, is) => {
    expect(pattern(name, part).test(text)).toBe(is);
  });
});
