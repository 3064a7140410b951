// {{projectPath}} in a lesson's shell blocks.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { pageBody } from "../../../extension/src/lessons/pageBody";
import { parseLesson } from "../../../extension/src/lessons/lesson";
import { shownCode } from "../../../extension/src/lessons/markdown";
import { withProjectPath } from "../../../extension/src/lessons/projectPath";
import { HEAD, lessonOf } from "./source";

test.each(["/home/ada/tt-animatediff", "/home/ada/my videos", "/a'b", "/$(reboot)", "/`x`; y", "/$&", '/"'])(
  "is one word of the shell, whatever it is: %s",
  (folder) => {
    const code = withProjectPath('printf "<%s>" {{projectPath}}/examples', folder);
    expect(execFileSync("bash", ["-c", code], { encoding: "utf8" })).toBe(`<${folder}/examples>`);
  },
);

test("the page shows the folder, and so do Copy and Run in Terminal", () => {
  const lesson = lessonOf("\n```bash\ncd {{projectPath}}\nls\n```\n");
  const [block = expect.unreachable()] = lesson.blocks;
  expect(shownCode(block, "/a b")).toEqual({ text: "cd '/a b'\nls", terminal: "cd '/a b' && ls" });
  const html = pageBody(lesson, { previous: undefined, next: undefined }, { image: String, project: "/<b>" });
  expect(html).not.toContain("{{");
  expect(html).not.toContain("<b>");
});

test("a folder that would press Enter in a terminal is not put into one", () => {
  expect(shownCode({ language: "bash", text: "cd {{projectPath}}" }, "/a\nreboot\n").terminal).toBeNull();
});

test.each([
  ["bash", "cd {{extensionPath}}"],
  ["python", 'open("{{projectPath}}")'],
])("what nothing stands for is told by the build: %s", (language, code) => {
  const { problems } = parseLesson(`${HEAD}\n\`\`\`${language}\n${code}\n\`\`\`\n`);
  expect(problems).toEqual([{ line: 14, message: expect.stringContaining("nothing stands for {{") as string }]);
});
