import { describe, expect, it } from "vitest";
import { parseArguments } from "../../../extension/src/generate/arguments";
import { againRequest, generateRequest, variation } from "../../../extension/src/generate/requests";
import {
  animateRequest,
  firstDraft,
  jobsWithFrames,
  numberOf,
  picturesOf,
  problemOfRate,
  problemOfTime,
  stitchMenu,
  stitchRequest,
  withHold,
  withTransition,
} from "../../../extension/src/generate/stitching";
import { Failure } from "../../../extension/src/errors";
import { animated, boarded, golden, stitched } from "../jobs/golden";

const FIRST_DRAFT = firstDraft([], "/a");
const DEFAULTS = { device: "auto", outputFolder: "/home/ada/videos", metadata: false };
const VALUES = { model: "tiny", negativePrompt: " blue ", parameters: { steps: 4 }, count: 1 };

describe("a request", () => {
  it("holds prompt, values, start image and what the settings say", () => {
    expect(generateRequest(" a red ball ", VALUES, "/home/ada/start.png", DEFAULTS)).toEqual({
      kind: "generate",
      model: "tiny",
      prompt: "a red ball",
      negativePrompt: "blue",
      parameters: { steps: 4, startImage: "/home/ada/start.png" },
      ...DEFAULTS,
    });
    expect(generateRequest("a", VALUES, null, DEFAULTS).parameters).toEqual({ steps: 4 });
  });

  it("varies by the seeds after the one that was drawn", () => {
    const request = generateRequest("a", VALUES, null, DEFAULTS);
    expect(variation(request, 41, 2).parameters).toEqual({ steps: 4, seed: 43 });
    expect(variation(request, null, 1)).toEqual(request);
  });
});

describe("again", () => {
  it("is the same clip: with the seed that was drawn", () => {
    const job = golden("done", { parameters: { steps: 12, seed: 99 } });
    const drawn = job.request.kind === "generate" ? { ...job, request: { ...job.request, parameters: {} } } : job;
    expect(againRequest(drawn, false, "/elsewhere").params).toMatchObject({
      prompt: "a red ball bouncing on green grass",
      parameters: { seed: 99 },
      outputFolder: "/elsewhere",
    });
  });

  it("with a new seed leaves it to be drawn", () => {
    expect(againRequest(golden("done"), true, "/x").params).toMatchObject({ parameters: { steps: 12 } });
    expect(againRequest(golden("done"), true, "/x").params).not.toHaveProperty("parameters.seed");
  });

  it("stitches what was stitched", () => {
    const { method, params } = againRequest(stitched("done"), true, "/x");
    expect([method, params]).toMatchObject([
      "jobs/stitch",
      { folder: "/home/ada/pictures/sunset", outputFolder: "/x" },
    ]);
  });
});

it("animates what was animated, and does not make a storyboard again as a whole", () => {
  expect(againRequest(animated("done"), false, "/x")).toMatchObject({
    method: "jobs/animate",
    params: { motion: "pan-up-left", outputFolder: "/x" },
  });
  expect(() => againRequest(boarded("done"), false, "/x")).toThrow(Failure);
});

describe("arguments of other commands", () => {
  it("may leave out all but the prompt", () => {
    expect(parseArguments({ prompt: "a" }, "tiny")).toEqual({
      prompt: "a",
      values: { model: "tiny", negativePrompt: "", parameters: {}, count: 1 },
    });
    const all = { prompt: "a", model: "b", negativePrompt: "c", parameters: { steps: 3, fast: true }, count: 2 };
    expect(parseArguments(all, "tiny").values).toEqual({
      model: "b",
      negativePrompt: "c",
      parameters: { steps: 3, fast: true },
      count: 2,
    });
  });

  it.each([
    [{}],
    ["a red ball"],
    [["a"]],
    [null],
    [{ prompt: 3 }],
    [{ prompt: "a", outputFolder: "/etc" }],
    [{ prompt: "a", count: "2" }],
    [{ prompt: "a", parameters: [1] }],
    [{ prompt: "a", parameters: { steps: { $ref: "x" } } }],
  ])("%j is refused with a sentence", (value) => {
    expect(() => parseArguments(value, "tiny")).toThrow(Failure);
  });
});

describe("stitching", () => {
  it("offers stopped jobs with finished frames, the newest first", () => {
    const old = golden("cancelled", { id: "old" });
    const fresh = golden("interrupted", { id: "fresh", framesDone: 2 });
    const jobs = [old, golden("interrupted"), golden("running", { framesDone: 3 }), golden("done"), fresh];
    expect(jobsWithFrames(jobs).map((job) => job.id)).toEqual(["fresh", "old"]);
  });

  it("takes pictures in the order of their numbers, and nothing else", () => {
    const files = ["/a/frame_10.png", "/a/frame_9.png", "/a/frame_001.PNG", "/a/b 2.jpeg"];
    expect(picturesOf(files)).toEqual({
      folder: "/a",
      files: ["/a/b 2.jpeg", "/a/frame_001.PNG", "/a/frame_9.png", "/a/frame_10.png"],
    });
    expect(() => picturesOf(["/a/1.png", "/a/notes.txt"])).toThrow(/notes.txt is no picture/);
    expect(() => picturesOf([])).toThrow(Failure);
  });

  it("is one Enter away, and says what Enter makes", () => {
    expect(stitchMenu(FIRST_DRAFT)[0]).toMatchObject({
      choice: "stitch",
      description: "8 frames per second, one frame per picture, cut",
    });
    const held = withHold(FIRST_DRAFT, "0,5");
    expect(stitchMenu(held).map(({ description }) => description)).toEqual([
      "8 frames per second, 0.5 seconds per picture, cut",
      "8",
      "0.5 seconds",
      "Cut",
    ]);
    const defaults = { outputFolder: "/out", metadata: true };
    expect(stitchRequest({ folder: "/a", files: [] }, held, defaults)).toEqual({
      kind: "stitch",
      folder: "/a",
      files: [],
      fps: 8,
      hold: 0.5,
      transition: "cut",
      ...defaults,
    });
  });

  it("begins with the frame rate of the job whose frames they are", () => {
    const jobs = [golden("cancelled", { folder: "/a", parameters: { fps: 2 } }), stitched("done", { folder: "/b" })];
    expect([firstDraft(jobs, "/a").fps, firstDraft(jobs, "/b").fps, firstDraft(jobs, "/c").fps]).toEqual([2, 8, 8]);
  });

  it("lets pictures stay for a while when they go over into each other, and cuts them when they do not stay", () => {
    const faded = withTransition(FIRST_DRAFT, "crossfade");
    expect(faded).toEqual({ fps: 24, hold: 2, transition: "crossfade" });
    expect(withTransition({ ...faded, hold: 3 }, "fade")).toEqual({ fps: 24, hold: 3, transition: "fade" });
    expect(withHold(faded, " ")).toEqual({ fps: 24, hold: null, transition: "cut" });
  });

  it("animates a picture for a time that is a number", () => {
    const defaults = { outputFolder: "/out", metadata: true };
    expect(animateRequest("/a.png", "zoom-in", "2,5", defaults)).toEqual({
      kind: "animate",
      image: "/a.png",
      motion: "zoom-in",
      seconds: 2.5,
      ...defaults,
    });
    expect([problemOfTime("2,5"), problemOfTime("3600")]).toEqual([null, null]);
    expect([problemOfTime("0"), problemOfTime("3601"), problemOfTime("soon")]).not.toContain(null);
  });

  it.each(["", "0", "-1", "121", "x", "NaN", "Infinity"])("%j is no frame rate", (text) => {
    expect(problemOfRate(text)).toMatch(/number/);
  });

  it.each([
    ["8", 8],
    [" 23.976 ", 23.976],
    ["12,5", 12.5],
    ["120", 120],
  ])("%j is a frame rate", (text, rate) => {
    expect([problemOfRate(text), numberOf(text)]).toEqual([null, rate]);
  });
});
