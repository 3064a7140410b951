// Every command that package.json contributes, and what it does. Knows no VS Code, so that a test can read the table.
import type { DeviceCommands } from "./devices/deviceCommands";
import type { Examples } from "./examples";
import type { VideoCommands } from "./generate/videoCommands";
import type { JobCommands } from "./jobs/jobCommands";
import type { OutputCommands } from "./jobs/outputCommands";
import type { Lessons } from "./lessons/lessons";
import type { ModelCommands } from "./models/modelCommands";
import type { AnimateDiffCommands } from "./package/animateDiffCommands";
import type { OutputPreview } from "./preview/previewView";
import type { StoryboardCommands } from "./storyboards/storyboardCommands";
import type { WorkerCommands } from "./workerCommands";

export interface Rooms {
  readonly videos: VideoCommands;
  readonly jobs: JobCommands;
  readonly outputs: OutputCommands;
  readonly worker: WorkerCommands;
  readonly devices: DeviceCommands;
  readonly models: ModelCommands;
  readonly animateDiff: AnimateDiffCommands;
  readonly preview: OutputPreview;
  readonly lessons: Lessons;
  readonly storyboards: StoryboardCommands;
  readonly examples: Examples;
}

/**
 * `target` is what a menu or another command gives; without it, the command asks. The explorer also gives all that is
 * selected.
 */
export type Handler = (target?: unknown, selected?: unknown) => unknown;

export function commands(rooms: Rooms): Readonly<Record<string, Handler>> {
  return {
    "ttVideo.generateVideo": (target) => rooms.videos.generate(target),
    "ttVideo.runExperiment": (target) => rooms.videos.experiment(target),
    "ttVideo.startInteractiveGeneration": () => rooms.preview.openPrompt(),
    "ttVideo.stitchFrames": (target, selected) => rooms.videos.stitch(target, selected),
    "ttVideo.animateStill": (target) => rooms.videos.animate(target),
    "ttVideo.generateFromStoryboard": (target) => rooms.storyboards.generate(target),
    "ttVideo.interactiveStoryboard": (target) => rooms.storyboards.interactive(target),
    "ttVideo.storyboardFrame": (target) => rooms.storyboards.frame(target),
    "ttVideo.storyboardFromHere": (target) => rooms.storyboards.fromHere(target),
    "ttVideo.storyboardReroll": (target) => rooms.storyboards.reroll(target),
    "ttVideo.cancelJob": (target) => rooms.jobs.cancel(target),
    "ttVideo.resumeJob": (target) => rooms.jobs.resume(target),
    "ttVideo.makeAgain": (target) => rooms.jobs.again(target),
    "ttVideo.removeJob": (target) => rooms.jobs.remove(target),
    "ttVideo.pauseQueue": () => rooms.jobs.pauseQueue(),
    "ttVideo.resumeQueue": () => rooms.jobs.resumeQueue(),
    "ttVideo.showOutput": (target) => rooms.outputs.show(target),
    "ttVideo.openOutput": (target) => rooms.outputs.open(target),
    "ttVideo.revealOutput": (target) => rooms.outputs.reveal(target),
    "ttVideo.saveOutputAs": (target) => rooms.outputs.saveAs(target),
    "ttVideo.copyOutputPath": (target) => rooms.outputs.copyPath(target),
    "ttVideo.openLesson": (target) => rooms.lessons.open(typeof target === "string" ? target : undefined),
    "ttVideo.openExample": (target) => rooms.examples.open(target),
    "ttVideo.downloadModel": (target) => rooms.models.download(target),
    "ttVideo.removeModel": (target) => rooms.models.remove(target),
    "ttVideo.setHuggingFaceToken": () => rooms.models.setToken(),
    "ttVideo.deployAnimateDiff": () => rooms.animateDiff.deploy(),
    "ttVideo.runAnimateDiffPhase1": () => rooms.animateDiff.phase1(),
    "ttVideo.runAnimateDiffPhase2": () => rooms.animateDiff.phase2(),
    "ttVideo.viewAnimateDiffOutput": () => rooms.animateDiff.viewOutput(),
    "ttVideo.detectHardware": () => rooms.devices.detect(),
    "ttVideo.preflight": () => rooms.devices.preflight(),
    "ttVideo.resetBoards": () => rooms.devices.reset(),
    "ttVideo.setUpWorker": () => rooms.worker.setUp(),
    "ttVideo.selectInterpreter": () => rooms.worker.selectInterpreter(),
    "ttVideo.restartWorker": () => rooms.worker.restart(),
    "ttVideo.showLog": () => {
      rooms.worker.showLog();
    },
  };
}

/** Ids that Tenstorrent's lessons use, for when nothing else answers to them. */
export const ALIASES: Readonly<Record<string, string>> = {
  "tenstorrent.runHardwareDetection": "ttVideo.detectHardware",
  "tenstorrent.startInteractiveImageGen": "ttVideo.startInteractiveGeneration",
};

/** Owns those ids, and could not activate if they were taken. */
export const ALIASES_OWNER = "Tenstorrent.tt-vscode-toolkit";
