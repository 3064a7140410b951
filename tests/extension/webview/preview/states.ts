// States of the preview for tests; each test changes what it is about.
import type { JobView, OutputView, PreviewState } from "../../../../extension/src/shared/protocol";
import type { ModelInfo } from "../../../../extension/src/worker/contract";

export function job(changes: Partial<JobView> = {}): JobView {
  return {
    id: "job-1",
    title: "a red ball",
    state: "running",
    detail: "denoising 5 of 20",
    hint: null,
    phase: "denoising",
    progress: 0.25,
    etaSeconds: 3,
    previewUrl: null,
    notes: [],
    resumable: false,
    ...changes,
  };
}

export function output(changes: Partial<OutputView> = {}): OutputView {
  return {
    id: "/out/1/clip.mp4",
    url: "https://example.test/clip.mp4",
    name: "clip.mp4",
    kind: "video",
    width: 128,
    height: 128,
    frames: 16,
    fps: 8,
    at: 0,
    posterUrl: null,
    job: {
      id: "job-0",
      title: "a red ball",
      model: "tiny",
      prompt: "a red ball",
      negativePrompt: "",
      parameters: { steps: 20, seed: 7 },
      device: "cpu",
      seconds: 8.4,
      notes: [],
      again: ["makeAgain", "newSeed"],
    },
    ...changes,
  };
}

export const tiny: ModelInfo = {
  id: "tiny",
  title: "Bundled model",
  makes: "clip",
  checkpoints: [],
  parametersSchema: {
    properties: {
      steps: { type: "integer", title: "Steps", default: 20, minimum: 1, maximum: 100 },
      startImage: { anyOf: [{ type: "string", format: "path" }, { type: "null" }], default: null },
      tiling: { type: "boolean", title: "Tiling", default: false, advanced: true },
    },
  },
  vocabulary: ["a", "red", "ball"],
  backends: [],
};

export function state(changes: Partial<PreviewState> = {}): PreviewState {
  return {
    worker: { kind: "ready" },
    queue: { paused: false, reason: null },
    models: [tiny],
    defaultModel: "tiny",
    autoplay: true,
    loop: true,
    visible: true,
    jobs: [],
    outputs: [],
    selected: null,
    interactive: false,
    focusPrompt: 0,
    history: [],
    presets: [],
    startImage: null,
    picked: null,
    storyboard: null,
    ...changes,
  };
}
