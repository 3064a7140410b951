// Which commands help with which kind of failure. Knows no VS Code; `report.ts` shows them.
import type { FailureKind } from "./errors";

export interface Button {
  readonly title: string;
  readonly command: string;
}

export const SET_UP: Button = { title: "Set Up Worker", command: "ttVideo.setUpWorker" };
const SELECT: Button = { title: "Select Interpreter", command: "ttVideo.selectInterpreter" };
export const RESTART: Button = { title: "Restart Worker", command: "ttVideo.restartWorker" };
export const LOG: Button = { title: "Show Log", command: "ttVideo.showLog" };
const DOWNLOAD: Button = { title: "Download Model", command: "ttVideo.downloadModel" };
const TOKEN: Button = { title: "Set Hugging Face Token", command: "ttVideo.setHuggingFaceToken" };
export const RESET: Button = { title: "Reset Boards", command: "ttVideo.resetBoards" };
export const HARDWARE: Button = { title: "Detect Hardware", command: "ttVideo.detectHardware" };

export const BUTTONS: Readonly<Record<FailureKind, readonly Button[]>> = {
  notSetUp: [SET_UP, SELECT],
  setUpFailed: [SET_UP, LOG],
  workerEnded: [RESTART, LOG],
  internal: [LOG],
  noDevice: [HARDWARE],
  deviceBusy: [HARDWARE],
  deviceFailed: [RESET, HARDWARE, LOG],
  unsupported: [HARDWARE],
  modelMissing: [DOWNLOAD, SET_UP],
  modelBroken: [SET_UP, LOG],
  network: [LOG],
  accessDenied: [TOKEN],
  encoder: [SET_UP, LOG],
  badOutput: [LOG],
  disk: [],
  outOfMemory: [],
  invalidParameters: [],
  notFound: [],
  wrongState: [],
  cancelled: [],
};
