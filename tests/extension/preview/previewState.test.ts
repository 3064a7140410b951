import { expect, test } from "vitest";
import {
  previewState,
  selectedOf,
  shownJobs,
  type FileVersion,
  type Sources,
} from "../../../extension/src/preview/previewState";
import { jobTitle } from "../../../extension/src/jobs/view";
import { animated, boarded, stitched } from "../jobs/golden";
import { appeared, job, models } from "./goldens";

const DONE = job("done");
const CLIP = appeared();

function sources(change: Partial<Sources> = {}): Sources {
  return {
    worker: { kind: "ready" },
    queue: { paused: false, reason: null },
    jobs: [],
    outputs: [],
    models: models(),
    defaultModel: "tiny",
    autoplay: true,
    loop: false,
    visible: true,
    selected: null,
    interactive: false,
    focusPrompt: 0,
    history: [],
    presets: [],
    startImage: null,
    picked: null,
    storyboard: null,
    emerging: [],
    url: ({ path, version }: FileVersion) => `res:${path}?v=${version}`,
    ...change,
  };
}

test("a clip is shown with its poster, its prompt and its effective parameters", () => {
  const [output] = previewState(sources({ jobs: [DONE], outputs: [CLIP] })).outputs;
  const folder = DONE.folder;

  expect(output).toEqual({
    id: `${folder}/clip.mp4`,
    url: `res:${folder}/clip.mp4?v=1767323052500`,
    name: "clip.mp4",
    kind: "video",
    width: 128,
    height: 128,
    frames: 16,
    fps: 8,
    at: 1767323052500,
    posterUrl: `res:${folder}/poster.jpg?v=1767323052500`,
    job: {
      id: "1f0c9a2e",
      model: "tiny",
      title: "a red ball bouncing on green grass",
      prompt: "a red ball bouncing on green grass",
      negativePrompt: "",
      parameters: DONE.parameters,
      device: "cpu",
      seconds: expect.closeTo(5.5) as number,
      notes: ["This small model doesn't know: dragon."],
      again: ["makeAgain", "newSeed"],
    },
  });
});

test("another program's file has no maker and no poster, and neither has that of a removed job", () => {
  const outputs = [appeared({ path: "/v/foreign.mp4", jobId: null }), appeared({ jobId: "removed" })];
  const views = previewState(sources({ jobs: [DONE], outputs })).outputs;

  expect(views.map(({ job, posterUrl }) => [job, posterUrl])).toEqual([
    [null, null],
    [null, null],
  ]);
});

test("what was made of pictures has no prompt, and can be made again as it was", () => {
  for (const made of [stitched("done"), animated("done")]) {
    const [output] = previewState(sources({ jobs: [made], outputs: [CLIP] })).outputs;
    expect(output?.job).toMatchObject({ title: jobTitle(made), prompt: null, model: null, again: ["makeAgain"] });
  }
});

test("a frame of a storyboard is named by its number and made again with another seed; its clip is not", () => {
  const board = boarded("done");
  const outputs = [appeared({ path: `${board.folder}/frames/frame_003.png` }), CLIP];
  const views = previewState(sources({ jobs: [board], outputs })).outputs;
  expect(views.map(({ job }) => [job?.title, job?.prompt, job?.again])).toEqual([
    ["video_prompts, frame 3", null, ["newSeed"]],
    ["video_prompts", null, []],
  ]);
});

test.each([
  ["clip.mp4", "video"],
  ["clip.webm", "video"],
  ["clip.gif", "image"],
  ["moving.APNG", "image"],
  ["a.webp", "image"],
])("%s is shown as %s", (name, kind) => {
  const view = previewState(sources({ jobs: [DONE], outputs: [appeared({ path: `/v/${name}` })] })).outputs[0];
  expect([view?.kind, view?.posterUrl === null]).toEqual([kind, kind === "image"]);
});

test("a file that is overwritten gets another address", () => {
  const url = (at: number): string | undefined =>
    previewState(sources({ outputs: [appeared({ at })] })).outputs[0]?.url;
  expect(url(1.001)).not.toBe(url(1.002));
  expect(url(1.001)).toBe(url(1.001));
});

test.each([
  `it's "new".mp4`,
  "<script>alert(1)<.mp4",
  "<img src=x onerror=alert(1)>.mp4",
  "..%2e%2e%2f.mp4",
  "two\nlines.mp4",
  "50% off?#1.png",
])("the name %j goes to the page and to the address as it is, as data", (name) => {
  const asked: FileVersion[] = [];
  const url = (file: FileVersion): string => {
    asked.push(file);
    return "res:";
  };
  const [view] = previewState(sources({ outputs: [appeared({ path: `/v/${name}`, at: 2 })], url })).outputs;

  expect([view?.id, view?.name]).toEqual([`/v/${name}`, name]);
  expect(asked).toEqual([{ path: `/v/${name}`, version: 2000 }]);
});

test("the running job comes first, then those that wait, the longest waiting first", () => {
  const first = job("queued", { id: "first", createdAt: 1 });
  const second = job("queued", { id: "second", createdAt: 2 });
  const running = job("running", { id: "running", createdAt: 0 });

  expect(shownJobs([second, first, running, DONE]).map(({ id }) => id)).toEqual(["running", "first", "second"]);
});

test.each(["failed", "cancelled", "interrupted"] as const)("the last job is shown when it is %s", (state) => {
  const stopped = job(state, { id: "stopped", endedAt: 10 });
  expect(shownJobs([{ ...DONE, endedAt: 9 }, stopped])).toEqual([stopped]);
});

test("of several stopped jobs the last is shown, and none when one was done since", () => {
  const older = job("failed", { id: "older", endedAt: 10 });
  const newer = job("interrupted", { id: "newer", endedAt: 20 });

  expect(shownJobs([older, newer]).map(({ id }) => id)).toEqual(["newer"]);
  expect(shownJobs([older, newer, { ...DONE, endedAt: 30 }])).toEqual([]);
});

test("a running job is told with its step and its emerging picture, by the picture's own version", () => {
  const running = job("running");
  const path = `${running.folder}/preview.webp`;
  const state = previewState(sources({ jobs: [running], emerging: [{ path, version: 77 }] }));

  expect(state.jobs).toEqual([
    {
      id: "1f0c9a2e",
      title: "a red ball bouncing on green grass",
      state: "running",
      detail: "denoising 5 of 12",
      hint: null,
      phase: "denoising",
      progress: expect.closeTo(5 / 12) as number,
      etaSeconds: 3.5,
      previewUrl: `res:${path}?v=77`,
      notes: running.notes,
      resumable: false,
    },
  ]);
  expect(previewState(sources({ jobs: [running] })).jobs[0]?.previewUrl).toBeNull();
});

test("a failed job is told with what happened and what to do", () => {
  expect(previewState(sources({ jobs: [job("failed")] })).jobs[0]).toMatchObject({
    state: "failed",
    detail: "There was not enough memory for this job.",
    hint: expect.stringContaining("fewer frames") as string,
    resumable: true,
  });
});

test("the chosen output is shown as long as it is there, else the newest", () => {
  const outputs = [appeared({ path: "/v/new.mp4" }), appeared({ path: "/v/old.mp4" })];

  expect(selectedOf(outputs, "/v/old.mp4")).toBe("/v/old.mp4");
  expect(selectedOf(outputs, "/v/gone.mp4")).toBe("/v/new.mp4");
  expect(selectedOf(outputs, null)).toBe("/v/new.mp4");
  expect(selectedOf([], "/v/gone.mp4")).toBeNull();
});

test("the start image is shown by its address and name", () => {
  const startImage = { path: "/kept/0af3.png", version: 0 };
  expect(previewState(sources({ startImage })).startImage).toEqual({
    path: "/kept/0af3.png",
    url: "res:/kept/0af3.png?v=0",
    name: "0af3.png",
  });
});

test("the rest is passed on as it is", () => {
  const change = {
    worker: { kind: "crashed", message: "It ended.", hint: "Restart it." },
    queue: { paused: true, reason: "Paused." },
    autoplay: false,
    loop: true,
    visible: false,
    interactive: true,
    focusPrompt: 3,
    history: ["one", "two"],
    presets: [{ name: "Fast", values: { model: "tiny", negativePrompt: "", parameters: {}, count: 1 } }],
  } as const;
  expect(previewState(sources(change))).toMatchObject(change);
});
