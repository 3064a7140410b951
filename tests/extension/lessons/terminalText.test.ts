import { expect, test } from "vitest";
import { terminalText } from "../../../extension/src/lessons/terminalText";

test.each([
  ["ls -t ~/videos", "ls -t ~/videos"],
  ["ls\n", "ls"],
  ["# list them\n\ncd videos\nls -t\n", "cd videos && ls -t"],
  ["ttvideo generate \\\n  --steps 4 \\\n  'a ball'", "ttvideo generate   --steps 4   'a ball'"],
  ["export A=1\t2", "export A=1 2"],
  ['echo "it\'s"', 'echo "it\'s"'],
])("one line, without a line break: %j", (code, line) => {
  expect(terminalText("bash", code)).toBe(line);
});

test.each([
  ["cat <<EOF\nx\nEOF"],
  ["for a in b\ndo\n  echo\ndone"],
  ["if true; then\n  ls\nfi"],
  ["f() {\n  ls\n}"],
  ["echo 'a\nb'"],
  ['echo "a\nb"'],
  ["ls |\nwc"],
  ["ls &\nwc"],
  ["cd a # there\nls"],
  ["# only a remark"],
  [""],
])("none, when one line would do something else: %j", (code) => {
  expect(terminalText("bash", code)).toBeNull();
});

test.each(["\r", "\u001b[201~", "\u0003", "\u0000", "\u007f", "\u009b", "\u2028", "\u202e", "\u2066"])(
  "none, when a character would act upon the terminal or mislead the reader: %j",
  (character) => {
    expect(terminalText("bash", `ls ${character} x`)).toBeNull();
    expect(terminalText("bash", `ls${character}`)).toBeNull();
  },
);

test("only shell code", () => {
  expect(terminalText("python", "print()")).toBeNull();
  expect(terminalText("", "ls")).toBeNull();
});

test("whatever the code, the text holds no line break and no other control character", () => {
  const parts = ["ls", "\n", "\t", "\\\n", " ", "'", "#", "&&", "\r\n", "\u001b", "x"];
  const codes = parts.flatMap((a) => parts.flatMap((b) => parts.flatMap((c) => parts.map((d) => a + b + c + d))));
  const texts = codes.map((code) => terminalText("sh", code)).filter((text) => text !== null);
  expect(texts.length).toBeGreaterThan(1000);
  expect(texts.filter((text) => /[\u0000-\u001f\u007f-\u009f]/.test(text))).toEqual([]);
});
