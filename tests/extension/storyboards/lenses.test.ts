import { describe, expect, it } from "vitest";
import { lensesOf, workerLens, type Lens } from "../../../extension/src/storyboards/lenses";
import { making, signatureOf } from "../../../extension/src/storyboards/making";
import type { Job, JobStatus } from "../../../extension/src/worker/contract";
import { boarded } from "../jobs/golden";
import { board, FILE, FOLDER, frame, made, problem } from "./board";

const DENOISING: JobStatus = {
  state: "running",
  phase: "denoising",
  step: 12,
  total: 20,
  within: 0,
  etaSeconds: 4,
  preview: null,
  stall: null,
};

function titles(lenses: readonly Lens[], line: number): string[] {
  return lenses.filter((lens) => lens.line === line).map(({ title }) => title);
}

function drawn(...numbers: number[]): Job["outputs"] {
  const size = { kind: "image", width: 8, height: 8, frames: 1, fps: null } as const;
  return numbers.map((number) => ({ ...size, path: `${FOLDER}/frames/frame_00${number}.png` }));
}

describe("above the prompts", () => {
  it("a storyboard of which nothing is made offers everything", () => {
    const lenses = lensesOf(board({ folder: null }), []);
    expect(titles(lenses, 0)).toEqual([
      "Generate all 3 frames",
      "Interactive generation",
      "Frame 0: not made yet",
      "Generate this frame",
      "Generate from here",
    ]);
    expect(titles(lenses, 4)).toEqual(["Frame 2: not made yet", "Generate this frame"]);
    expect(lenses.flatMap(({ command, arguments: args }) => (command === null ? [] : [[command, ...args]]))).toEqual([
      ["ttVideo.generateFromStoryboard", FILE],
      ["ttVideo.interactiveStoryboard", FILE],
      ["ttVideo.storyboardFrame", { file: FILE, frame: 0 }],
      ["ttVideo.storyboardFromHere", { file: FILE, frame: 0 }],
      ["ttVideo.storyboardFrame", { file: FILE, frame: 1 }],
      ["ttVideo.storyboardFromHere", { file: FILE, frame: 1 }],
      ["ttVideo.storyboardFrame", { file: FILE, frame: 2 }],
    ]);
  });

  it("a made frame says how, opens its picture and can be made with another seed; a changed one is to be made", () => {
    const frames = [made(0), made(1, { state: "changed" }), made(2, { seed: null, seconds: null, device: null })];
    const lenses = lensesOf(board({ frames }), []);
    expect(titles(lenses, 0)).toEqual([
      "Generate the missing frame",
      "Interactive generation",
      "Stitch 2 frames",
      "Frame 0: made, seed 7, cpu, 3.2 s",
      "Make again with another seed",
      "Generate from here",
    ]);
    expect(titles(lenses, 2)).toEqual(["Frame 1: prompt or parameters changed", "Generate this frame"]);
    expect(titles(lenses, 4)).toEqual(["Frame 2: made", "Make again with another seed"]);
    expect(lenses.find(({ line }) => line === 2)?.picture).toBe(`${FOLDER}/frames/frame_001.png`);
  });

  it("of a whole storyboard only the video is left to make", () => {
    const lenses = lensesOf(board({ frames: [made(0), made(1)] }), []);
    expect(titles(lenses, 0).slice(0, 2)).toEqual(["Make the video of 2 frames", "Frame 0: made, seed 7, cpu, 3.2 s"]);
  });

  it("a storyboard with errors offers to see them, and nothing that would fail", () => {
    const lenses = lensesOf(board({ problems: [problem(), problem({ severity: "warning" })] }), []);
    expect(lenses).toMatchObject([{ title: "1 problem to solve first", command: "workbench.actions.view.problems" }]);
    expect(lensesOf(board({ problems: [problem({ severity: "warning" })] }), []).length).toBeGreaterThan(1);
  });

  it("an empty storyboard has none", () => {
    expect(lensesOf(board({ frames: [] }), [])).toEqual([]);
  });

  it("a worker that is not there can be set up or restarted", () => {
    expect([workerLens("notSetUp").command, workerLens("crashed").command]).toEqual([
      "ttVideo.setUpWorker",
      "ttVideo.restartWorker",
    ]);
  });
});

describe("while a job makes frames", () => {
  it("its progress and Cancel are at the top, and each frame says how far it is", () => {
    const job = boarded("running", {}, { id: "a", status: DENOISING, outputs: drawn(0), framesDone: 1 });
    const lenses = lensesOf(board({ frames: [made(0), frame(1), frame(2)] }), [job]);
    expect(titles(lenses, 0)).toEqual([
      "Making: denoising 12 of 20, 60 %, 4 s left",
      "Cancel",
      "Interactive generation",
      "Frame 0: made, seed 7, cpu, 3.2 s",
      "Make again with another seed",
      "Generate from here",
    ]);
    expect(titles(lenses, 2)).toEqual(["Frame 1: making"]);
    expect(titles(lenses, 4)).toEqual(["Frame 2: waiting"]);
    expect(lenses.find(({ command }) => command === "ttVideo.cancelJob")?.arguments).toEqual(["a"]);
  });

  it("the steps are told of a job that makes one frame: those of several are counted together", () => {
    const frames = (job: Job): [number, string][] => [...making(board(), [job]).frames];
    expect(frames(boarded("running", { only: [1] }, { status: DENOISING }))).toEqual([[1, "making, 12 of 20"]]);
    const loading: JobStatus = { ...DENOISING, phase: "loading" };
    expect(frames(boarded("running", { only: [1] }, { status: loading }))).toEqual([[1, "making"]]);
  });

  it("a frame that is made again is being made until its picture comes", () => {
    const asked = { only: [0], reroll: [0] };
    const all = board({ frames: [made(0), made(1), made(2)] });
    expect([...making(all, [boarded("running", asked)]).frames.keys()]).toEqual([0]);
    expect([...making(all, [boarded("running", asked, { outputs: drawn(0) })]).frames.keys()]).toEqual([]);
  });

  it("a job that waits is after the one that runs, and others do not count", () => {
    const running = boarded("running", { only: [2] }, { id: "running", createdAt: 2 });
    const waiting = boarded("queued", { only: [1, 2] }, { id: "waiting", createdAt: 1 });
    const other = boarded("running", { file: "/elsewhere/a.txt" }, { folder: "/elsewhere/out" });
    const now = making(board(), [other, waiting, boarded("done"), boarded("cancelled"), running]);
    expect(now.job?.id).toBe("running");
    expect([...now.frames]).toEqual([
      [2, "making, 5 of 12"],
      [1, "waiting"],
    ]);
  });

  it("a file under another name of its folder is known by where its frames are", () => {
    const job = boarded("running", { file: "/private/fair/video_prompts.txt" });
    expect(making(board(), [job]).job).toBe(job);
    expect(making(board({ folder: null }), [job]).job).toBeNull();
  });

  it("states are asked for again when a frame is there or a job ends, not at every step", () => {
    const one = boarded("running", {}, { status: DENOISING });
    const signature = (job: Job): string => signatureOf(FILE, FOLDER, [job]);
    expect(signature({ ...one, status: { ...DENOISING, step: 13 } })).toBe(signature(one));
    expect(signature({ ...one, outputs: drawn(0) })).not.toBe(signature(one));
    expect(signature({ ...one, framesDone: one.framesDone + 1 })).not.toBe(signature(one));
    expect(signature({ ...one, status: { state: "done" } })).not.toBe(signature(one));
  });
});
