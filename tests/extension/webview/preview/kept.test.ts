import { expect, test } from "vitest";
import { Memory } from "../../../../extension/src/webview/preview/kept";

function memoryOf(kept: unknown): { memory: Memory; stored: () => unknown } {
  let stored = kept;
  const memory = new Memory({
    getState: () => stored,
    setState: (next) => {
      stored = next;
    },
  });
  return { memory, stored: () => stored };
}

test("what was kept is there again after a reload", () => {
  const before = memoryOf(undefined);
  const place = { id: "/out/clip.mp4", seconds: 1.25, paused: true };
  before.memory.keep({ draft: "a ball", speed: 0.5, loop: false, entries: { steps: "8", tiling: true }, place });
  const after = memoryOf(JSON.parse(JSON.stringify(before.stored())));
  expect(after.memory.kept).toEqual(before.memory.kept);
});

test.each([[undefined], [null], ["text"], [7], [[]], [{ draft: 3, count: "9", entries: [null, 4], place: { id: 1 } }]])(
  "whatever else lies there is no harm: %j",
  (kept) => {
    expect(memoryOf(kept).memory.kept).toEqual(memoryOf(undefined).memory.kept);
  },
);

test("a number of variations that no choice offers is brought in range", () => {
  expect(memoryOf({ count: 99 }).memory.kept.count).toBe(8);
  expect(memoryOf({ count: -1 }).memory.kept.count).toBe(1);
});
