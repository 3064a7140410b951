// The jobs that the worker's own tests hold, one in each state.
import { readFileSync } from "node:fs";
import type { Job, StoryboardRequest } from "../../../extension/src/worker/contract";
import type { JobState } from "../../../extension/src/jobs/view";

export const STATES: readonly JobState[] = [
  "queued",
  "running",
  "cancelling",
  "done",
  "failed",
  "cancelled",
  "interrupted",
];

export function golden(state: JobState, change: Partial<Job> = {}): Job {
  const file = new URL(`../../contract/golden/job.${state}.json`, import.meta.url);
  return { ...(JSON.parse(readFileSync(file, "utf8")) as Job), ...change };
}

const CLIP = { formats: ["mp4"], codec: null, crf: null, outputFolder: null, metadata: true } as const;

/** The golden job as it would be had it been made of a storyboard. */
export function boarded(state: JobState, asked: Partial<StoryboardRequest> = {}, change: Partial<Job> = {}): Job {
  return golden(state, {
    request: {
      kind: "storyboard",
      file: "/home/ada/fair/video_prompts.txt",
      text: "a red ball\n\na blue ball",
      only: null,
      reroll: [],
      fresh: false,
      adopt: null,
      settings: {},
      batch: null,
      freeTextEncoders: false,
      device: "auto",
      ...CLIP,
      ...asked,
    },
    folder: "/home/ada/videos/20260102-video-prompts-1f",
    outputs: [],
    ...change,
  });
}

/** The golden job as it would be had it been made of one picture. */
export function animated(state: JobState, change: Partial<Job> = {}): Job {
  return golden(state, {
    request: {
      kind: "animate",
      image: "/home/ada/pictures/sunset.png",
      motion: "pan-up-left",
      seconds: 5,
      fps: 24,
      zoom: 1.25,
      easing: "ease-in-out",
      start: null,
      end: null,
      fadeIn: 0,
      fadeOut: 0,
      width: null,
      height: null,
      ...CLIP,
    },
    parameters: {},
    notes: [],
    ...change,
  });
}

/** The golden job as it would be had it been stitched of a folder's pictures. */
export function stitched(state: JobState, change: Partial<Job> = {}): Job {
  return golden(state, {
    request: {
      kind: "stitch",
      folder: "/home/ada/pictures/sunset",
      files: [],
      fps: 8,
      hold: null,
      transition: "cut",
      transitionSeconds: null,
      fit: "pad",
      ...CLIP,
    },
    parameters: {},
    notes: [],
    ...change,
  });
}

/** The golden job as it would be had it fetched a model. */
export function downloaded(state: JobState, change: Partial<Job> = {}): Job {
  const model = { model: "sdxl", checkpoint: "sdxl" };
  return golden(state, {
    request: { kind: "download", ...model },
    parameters: model,
    notes: [],
    folder: "/home/ada/.cache/huggingface/hub/models--stabilityai--stable-diffusion-xl-base-1.0",
    outputs: [],
    framesDone: 0,
    keptStep: null,
    ...change,
  });
}
