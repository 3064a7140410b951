import { expect, test } from "vitest";
import { partsOf, unknownWords } from "../../../../extension/src/webview/preview/vocabulary";

const vocabulary = new Set(["a", "red", "ball", "it's", "on", "grass"]);

test("unknown words are found whatever their case, each once, in order", () => {
  expect(unknownWords("A Zebra, a red BALL and a zebra", vocabulary)).toEqual(["zebra", "and"]);
});

test("words are cut as the worker cuts them", () => {
  expect(unknownWords("it's a dog's ball", vocabulary)).toEqual(["dog's"]);
  expect(unknownWords("red_ball red-ball", vocabulary)).toEqual([]);
  expect(unknownWords("ein Bär, 3 мяча, 球", vocabulary)).toEqual(["ein", "bär", "3", "мяча", "球"]);
  expect(unknownWords("… — !?", vocabulary)).toEqual([]);
});

test.each(["", "a red ball", "zebra", "a <b>zebra</b>\n on\tgrass ", "it's'x"])(
  "the parts join to the text: %j",
  (text) => {
    const parts = partsOf(text, vocabulary);
    expect(parts.map((part) => part.text).join("")).toBe(text);
    expect(parts.every((part) => part.text !== "")).toBe(true);
  },
);
