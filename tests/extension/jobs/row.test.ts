import { expect, it } from "vitest";
import manifest from "../../../package.json";
import {
  accessibleLabel,
  contextWords,
  rowDescription,
  rowLabel,
  rowText,
  tooltipRows,
} from "../../../extension/src/jobs/row";
import type { Job } from "../../../extension/src/worker/contract";
import { animated, boarded, golden, STATES, stitched } from "./golden";

it("each state offers what can be done then", () => {
  expect(STATES.map((state) => [state, contextWords(golden(state))])).toEqual([
    ["queued", "cancellable removable"],
    ["running", "cancellable"],
    ["cancelling", ""],
    ["done", "repeatable hasOutput removable"],
    ["failed", "resumable repeatable removable"],
    ["cancelled", "resumable repeatable removable"],
    ["interrupted", "resumable repeatable removable"],
  ]);
});

it("the menus ask for the words that rows have, and for no others", () => {
  const asked = manifest.contributes.menus["view/item/context"]
    .filter((item) => item.when.includes("ttVideo.jobs"))
    .map((item) => /\\b(\w+)\\b/.exec(item.when)?.[1]);
  const had = STATES.flatMap((state) => contextWords(golden(state)).split(" ")).filter((word) => word !== "");
  expect(new Set(asked)).toEqual(new Set(had));
});

it("a running job's row leaves room for how far it is", () => {
  expect([rowLabel(golden("running")), rowDescription(golden("running"))]).toEqual([
    "a red ball bouncing on…",
    "42 % denoising, 4 s left",
  ]);
  expect([rowLabel(golden("done")), rowDescription(golden("done"))]).toEqual([
    "a red ball bouncing on green grass",
    "16 frames, 128×128, in 5.5 s",
  ]);
});

it("a running job says how far it is and how long it takes", () => {
  expect(rowText(golden("running"))).toBe("denoising 5 of 12, 42 %, 4 s left");
});

it("a screen reader hears title, state and what to do", () => {
  expect(accessibleLabel(golden("interrupted"))).toBe(
    "a red ball bouncing on green grass, interrupted, ttvideo serve (pid 4711) ended without finishing it." +
      " Resume goes on after step 8.",
  );
  expect(accessibleLabel(golden("cancelled"))).toMatch(/, cancelled\. Resume/);
});

it("the tooltip holds prompt, state, notes, parameters and where it is", () => {
  expect(tooltipRows(golden("failed"))).toEqual([
    { label: "", text: "a red ball bouncing on green grass" },
    {
      label: "State",
      text:
        "failed: There was not enough memory for this job." +
        " Close other programs that use the device, or ask for fewer frames or a smaller size.",
    },
    { label: "", text: "This small model doesn't know: dragon." },
    { label: "Model", text: "tiny" },
    { label: "Parameters", text: "frames 16, steps 12, guidance 3, seed 7, fps 8, width 128, height 128" },
    { label: "Device", text: "cuda" },
    { label: "Folder", text: "/home/ada/videos/20260102-030405-a-red-ball-1f0c9a2e" },
  ]);
});

it("the tooltip of what was made of pictures says of which, and how", () => {
  const rows = (job: Job): string[] =>
    tooltipRows(job)
      .slice(2, 4)
      .map(({ label, text }) => `${label}: ${text}`);
  expect(rows(stitched("done"))).toEqual(["Pictures: /home/ada/pictures/sunset", "Video: 8 frames per second, cut"]);
  expect(rows(animated("done"))).toEqual(["Picture: /home/ada/pictures/sunset.png", "Video: Pan up to the left, 5 s"]);
});

it("the tooltip of a storyboard says which frames were asked for", () => {
  const job = boarded("done", { only: [3, 4], reroll: [4] }, { parameters: {}, notes: [] });
  expect(tooltipRows(job).slice(2, 5)).toEqual([
    { label: "Storyboard", text: "/home/ada/fair/video_prompts.txt" },
    { label: "Only frames", text: "3, 4" },
    { label: "With another seed", text: "4" },
  ]);
});

it("a storyboard is not made again as a whole", () => {
  expect(contextWords(boarded("done"))).not.toContain("repeatable");
  expect(contextWords(animated("done"))).toContain("repeatable");
});
