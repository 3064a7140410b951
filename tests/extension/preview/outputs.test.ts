import { sep } from "node:path";
import { expect, test } from "vitest";
import {
  follow,
  isInside,
  MAX_OUTPUTS,
  MAX_PICTURES_OF_A_JOB,
  Outputs,
  saveName,
} from "../../../extension/src/preview/outputs";
import { appeared } from "./goldens";

const NOW = 2000;

function paths(outputs: Outputs): string[] {
  return outputs.entries.map((entry) => entry.output.path);
}

function listing(outputs: Outputs, ...entries: ReturnType<typeof appeared>[]): void {
  outputs.replace(entries, outputs.beginReading(NOW));
}

test("a job's clip and another program's file appear, the newest first", () => {
  const outputs = new Outputs();
  listing(outputs, appeared({ path: "/v/old.mp4", at: 10 }));

  expect(outputs.put(appeared({ path: "/v/job/clip.mp4", at: NOW + 1 }), NOW + 2)).toBe("new");
  expect(outputs.put(appeared({ path: "/v/foreign.png", jobId: null, at: NOW + 2 }), NOW + 3)).toBe("new");
  expect(paths(outputs)).toEqual(["/v/foreign.png", "/v/job/clip.mp4", "/v/old.mp4"]);
});

test("of a storyboard's many frames the latest are listed, and push nothing else out", () => {
  const outputs = new Outputs();
  listing(outputs, appeared({ path: "/v/old.mp4", jobId: "old", at: 10 }));
  for (let number = 0; number < 300; number++) {
    const entry = appeared({ path: `/v/fair/frames/frame_${number}.png`, jobId: "fair", at: NOW + number });
    outputs.put({ ...entry, output: { ...entry.output, kind: "image" } }, NOW + number);
  }
  outputs.put(appeared({ path: "/v/fair/clip.mp4", jobId: "fair", at: NOW + 300 }), NOW + 300);

  expect(paths(outputs)).toHaveLength(MAX_PICTURES_OF_A_JOB + 2);
  expect(paths(outputs).slice(0, 2)).toEqual(["/v/fair/clip.mp4", "/v/fair/frames/frame_299.png"]);
  expect(paths(outputs).at(-1)).toBe("/v/old.mp4");
});

test.each(["poster", "frame"] as const)("a %s is not listed", (kind) => {
  const outputs = new Outputs();
  const entry = appeared({ path: "/v/job/poster.jpg" });

  expect(outputs.put({ ...entry, output: { ...entry.output, kind } }, NOW)).toBe("nothing");
  listing(outputs, { ...entry, output: { ...entry.output, kind } });
  expect(outputs.entries).toEqual([]);
});

test("a file that is overwritten is one entry, with its new time and in front", () => {
  const outputs = new Outputs();
  outputs.put(appeared({ path: "/v/a.mp4", at: 1 }), NOW);
  outputs.put(appeared({ path: "/v/b.mp4", at: 2 }), NOW);
  outputs.put(appeared({ path: "/v/a.mp4", at: 3, jobId: null }), NOW);

  expect(outputs.entries).toEqual([
    appeared({ path: "/v/a.mp4", at: 3, jobId: null }),
    appeared({ path: "/v/b.mp4", at: 2 }),
  ]);
});

test("an old file that is moved here is in front, one that the listing had no time for is not", () => {
  const outputs = new Outputs();
  listing(outputs, appeared({ path: "/v/b.mp4", at: 20 }), appeared({ path: "/v/d.mp4", at: 5 }));

  expect(outputs.put(appeared({ path: "/v/c.mp4", at: 10 }), NOW + 2)).toBe("late");
  expect(outputs.put(appeared({ path: "/v/a.mp4", at: 1 }), NOW + 600)).toBe("new");
  expect(paths(outputs)).toEqual(["/v/a.mp4", "/v/b.mp4", "/v/c.mp4", "/v/d.mp4"]);
});

test("what appears while a listing is on its way is kept, whether the listing has it or not", () => {
  const outputs = new Outputs();
  const reading = outputs.beginReading(NOW);
  outputs.put(appeared({ path: "/v/both.mp4", at: NOW + 2 }), NOW + 2);
  outputs.put(appeared({ path: "/v/only.mp4", at: NOW + 3 }), NOW + 3);
  outputs.replace([appeared({ path: "/v/both.mp4", at: NOW + 1 }), appeared({ path: "/v/old.mp4", at: 1 })], reading);

  expect(paths(outputs)).toEqual(["/v/only.mp4", "/v/both.mp4", "/v/old.mp4"]);
  expect(outputs.entries[1]?.at).toBe(NOW + 2);
});

test("a listing replaces what was there before it was asked for", () => {
  const outputs = new Outputs();
  outputs.put(appeared({ path: "/elsewhere/a.mp4", at: 1 }), NOW);
  listing(outputs, appeared({ path: "/v/b.mp4", at: 1 }));

  expect(paths(outputs)).toEqual(["/v/b.mp4"]);
});

test("a listing that was overtaken by another is not used", () => {
  const outputs = new Outputs();
  const first = outputs.beginReading(NOW);
  const second = outputs.beginReading(NOW);
  outputs.replace([appeared({ path: "/before/a.mp4" })], first);
  outputs.put(appeared({ path: "/v/c.mp4", at: NOW + 1 }), NOW + 1);
  outputs.replace([appeared({ path: "/v/b.mp4", at: 1 })], second);

  expect(paths(outputs)).toEqual(["/v/c.mp4", "/v/b.mp4"]);
});

test("only the newest are kept", () => {
  const outputs = new Outputs();
  for (let number = 0; number < MAX_OUTPUTS + 10; number++) {
    outputs.put(appeared({ path: `/v/${number}.mp4`, at: number }), NOW);
  }

  expect(outputs.entries).toHaveLength(MAX_OUTPUTS);
  expect(paths(outputs)[0]).toBe(`/v/${MAX_OUTPUTS + 9}.mp4`);
});

test("removing says whether anything was there", () => {
  const outputs = new Outputs();
  outputs.put(appeared({ path: "/v/a.mp4" }), NOW);

  expect(outputs.remove(new Set(["/v/b.mp4"]))).toBe(false);
  expect(outputs.remove(new Set(["/v/a.mp4"]))).toBe(true);
  expect(outputs.entries).toEqual([]);
});

test.each([
  [null, "/v/1/clip.mp4", "/v/1/clip.mp4"],
  ["/v/1/clip.mp4", "/v/2/clip.mp4", "/v/2/clip.mp4"],
  ["/v/1/clip.mp4", "/v/1/clip.gif", "/v/1/clip.mp4"],
  ["/v/1/partial.mp4", "/v/1/clip.mp4", "/v/1/clip.mp4"],
  ["/v/a.png", "/v/a.png", "/v/a.png"],
])("looking at %j when %j appears, %j is shown", (selected, path, shown) => {
  expect(follow(selected, path)).toBe(shown);
});

test.each([
  ["/v/a.mp4", true],
  ["/v/sub/folder/a.mp4", true],
  ["/v/..a.mp4", true],
  ["/v/%2e%2e/a.mp4", true],
  ['/v/it\'s "new"\n<script>.mp4', true],
  ["/v", false],
  ["/va/a.mp4", false],
  ["/v/../secret.png", false],
  ["/v/sub/../../secret.png", false],
  ["/etc/passwd", false],
])("%j is inside of the output folder: %j", (path, inside) => {
  expect(isInside([`${sep}nothing`, "/v"], path)).toBe(inside);
});

test.each([
  ["/v/20260102-a-red-ball-1f/clip.mp4", "20260102-a-red-ball-1f.mp4"],
  ["/v/20260102-a-red-ball-1f/partial.gif", "20260102-a-red-ball-1f.gif"],
  ["/v/holiday.mp4", "holiday.mp4"],
  ["/v/clip.of.me.mp4", "clip.of.me.mp4"],
])("%j is saved as %j", (path, name) => {
  expect(saveName(path)).toBe(name);
});
