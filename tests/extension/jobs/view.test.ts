import { describe, expect, it } from "vitest";
import { describeJob, describeRunning, isRepeatable, mainOutput, nameOfResult } from "../../../extension/src/jobs/view";
import type { Job } from "../../../extension/src/worker/contract";
import { animated, boarded, downloaded, golden, STATES, stitched } from "./golden";

describe("describeJob", () => {
  it("tells each state in words", () => {
    expect(STATES.map((state) => [state, describeJob(golden(state)).detail])).toEqual([
      ["queued", "waiting for ttvideo generate (pid 815)"],
      ["running", "denoising 5 of 12"],
      ["cancelling", "stopping"],
      ["done", "16 frames, 128×128, in 5.5 s"],
      ["failed", "There was not enough memory for this job."],
      ["cancelled", "cancelled"],
      ["interrupted", "ttvideo serve (pid 4711) ended without finishing it."],
    ]);
  });

  it("tells what to do where something is to be done", () => {
    expect(STATES.map((state) => [state, describeJob(golden(state)).hint])).toEqual([
      ["queued", null],
      ["running", null],
      ["cancelling", null],
      ["done", null],
      ["failed", "Close other programs that use the device, or ask for fewer frames or a smaller size."],
      ["cancelled", "Resume keeps its 4 finished frames."],
      ["interrupted", "Resume goes on after step 8."],
    ]);
    const early = golden("interrupted", { keptStep: null });
    expect(describeJob(early).hint).toBe("Resume starts it from the beginning.");
    expect(describeJob(boarded("cancelled")).hint).toBe("Resume makes the frames that are missing.");
  });

  it("gives progress and time of a running job only", () => {
    const running = describeJob(golden("running"));
    expect([running.phase, running.progress, running.etaSeconds]).toEqual(["denoising", 5 / 12, 3.5]);
    const others = STATES.filter((state) => state !== "running").map((state) => describeJob(golden(state)));
    expect(others.flatMap((each) => [each.phase, each.progress, each.etaSeconds]).filter(Boolean)).toEqual([]);
  });

  it("says what the watchdog sees of a job that stands still, and what to do", () => {
    const { status } = golden("running");
    const stall = { message: "No step for 2 min.", hint: "Reset the boards." };
    expect(describeJob(golden("running")).hint).toBeNull();
    const still = golden("running", { status: { ...status, stall } as Job["status"] });
    expect(describeJob(still).hint).toBe("No step for 2 min. Reset the boards.");
  });

  it("has no progress for a phase of unknown length, and never more than all of it", () => {
    const nothing = { step: 0, total: 0, within: 0, etaSeconds: null, preview: null, stall: null } as const;
    const status = { state: "running", phase: "loading", ...nothing } as const;
    const loading = describeJob(golden("running", { status }));
    expect([loading.detail, loading.progress]).toEqual(["loading", null]);
    expect(describeJob(golden("running", { status: { ...status, step: 6, total: 5 } })).progress).toBe(1);
  });

  it("lets go on what stopped before it was done", () => {
    const resumable = STATES.filter((state) => describeJob(golden(state)).resumable);
    expect(resumable).toEqual(["failed", "cancelled", "interrupted"]);
  });

  it("names a job after what it is made of", () => {
    expect(describeJob(stitched("running")).title).toBe("Stitch sunset");
    expect(describeJob(golden("running")).title).toBe("a red ball bouncing on green grass");
    expect(describeJob(animated("running")).title).toBe("sunset.png");
    expect(describeJob(boarded("running")).title).toBe("video_prompts");
  });

  it("passes the notes on", () => {
    expect(describeJob(golden("done")).notes).toEqual(["This small model doesn't know: dragon."]);
  });
});

it("a download is told in bytes, goes on where it was, and is not made again", () => {
  const status = {
    ...({ state: "running", phase: "downloading", step: 1.2e9, total: 6_937_675_734, within: 0 } as const),
    ...{ etaSeconds: 75, preview: null, stall: null },
  };
  const running = downloaded("running", { status });
  expect(describeJob(running).title).toBe("Download sdxl");
  expect(describeRunning(status)).toBe("downloading 1.2 GB of 6.9 GB, 17 %, 1 min 15 s left");
  expect(describeJob({ ...running, status: { ...status, total: 0 } }).detail).toBe("downloading");
  expect(describeJob(downloaded("cancelled")).hint).toBe("Resume fetches what is missing.");
  expect(describeJob(downloaded("done")).detail).toBe("done");
  expect(isRepeatable(downloaded("done"))).toBe(false);
});

it("the main output is the clip, or else the picture, and never the poster", () => {
  const done = golden("done");
  expect(mainOutput(done)).toBe(`${done.folder}/clip.mp4`);
  const image = { path: "/home/ada/a.png", kind: "image", width: 1, height: 1, frames: 1, fps: null } as const;
  const poster = done.outputs.filter((output) => output.kind === "poster");
  expect(mainOutput({ ...done, outputs: [...poster, image] })).toBe(image.path);
  expect(mainOutput({ ...done, outputs: poster })).toBeNull();
  const next = { ...image, path: "/home/ada/b.png" };
  expect(mainOutput({ ...done, outputs: [image, next] })).toBe(next.path);
  expect(describeJob({ ...done, outputs: [image, next] }).detail).toBe("2 frames, 1×1, in 5.5 s");
  expect([nameOfResult(done), nameOfResult({ ...done, outputs: [image] })]).toEqual(["Video", "Picture"]);
});
