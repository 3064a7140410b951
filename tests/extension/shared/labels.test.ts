import { expect, test } from "vitest";
import { duration, labelOf, sizeText, timeLeft, valueText } from "../../../extension/src/shared/labels";

test("keys read like words", () => {
  expect(["steps", "motionScale", "num_frames", "fps"].map(labelOf)).toEqual([
    "Steps",
    "Motion scale",
    "Num frames",
    "Frame rate",
  ]);
});

test("durations grow coarser", () => {
  expect([0.5, 8.44, 12.6, 60, 185, 7800].map(duration)).toEqual([
    "0.5 s",
    "8.4 s",
    "13 s",
    "1 min",
    "3 min 5 s",
    "2 h 10 min",
  ]);
});

test("what is left is told no finer than in seconds", () => {
  expect([null, 0, 0.2, 3.2, 75].map(timeLeft)).toEqual([
    null,
    "almost done",
    "1 s left",
    "4 s left",
    "1 min 15 s left",
  ]);
});

test("values read like words", () => {
  expect([true, false, 3, "ddim", [1, 2]].map(valueText)).toEqual(["on", "off", "3", "ddim", "[1,2]"]);
});

test("sizes are told as the worker tells them", () => {
  expect([0, 999, 1500, 34e6, 9.94e9, 27_619_931_214].map(sizeText)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.5 kB",
    "34 MB",
    "9.9 GB",
    "28 GB",
  ]);
});
