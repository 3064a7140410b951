// Animate Still: which picture, how the camera moves over it, for how long; then a job like any other.
import * as vscode from "vscode";
import { Failure } from "../errors";
import type { Examples } from "../examples";
import { isExample } from "../shared/examples";
import { askBox, askList, BACK } from "../quickInput";
import { outputFolder, writesMetadata } from "../settings";
import { MOTION_WORDS } from "../shared/labels";
import type { Job, Motion } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { animateRequest, problemOfTime } from "./stitching";

const TITLE = "Animate Still";
/** As the contract has it. */
const SECONDS = "5";
const MOTIONS = Object.keys(MOTION_WORDS) as Motion[];

/**
 * `target` is a picture of the explorer or its path, or an example and how the camera moves; without one it is asked.
 * Undefined when the person left.
 */
export async function animateStill(worker: Worker, target: unknown, examples: Examples): Promise<Job | undefined> {
  const image = isExample(target) ? await examples.take(target) : await choosePicture(target);
  const answers = image === undefined ? undefined : (motionOf(target) ?? (await askHow()));
  if (image === undefined || answers === undefined) {
    return undefined;
  }
  const defaults = { outputFolder: outputFolder(), metadata: writesMetadata() };
  return worker.call("jobs/animate", animateRequest(image, answers.motion, answers.seconds, defaults));
}

/** Of an example that says how the camera moves. */
function motionOf(target: unknown): { readonly motion: Motion; readonly seconds: string } | undefined {
  if (!isExample(target) || !("motion" in target)) {
    return undefined;
  }
  const motion = MOTIONS.find((each) => each === target.motion);
  return motion === undefined ? undefined : { motion, seconds: SECONDS };
}

async function choosePicture(target: unknown): Promise<string | undefined> {
  if (typeof target === "string") {
    return target;
  }
  if (target instanceof vscode.Uri) {
    if (target.scheme !== "file") {
      throw new Failure("unsupported", "This picture is not on the worker's machine.", "Save a copy of it there.");
    }
    return target.fsPath;
  }
  const chosen = await vscode.window.showOpenDialog({
    title: "The picture to animate",
    openLabel: "Animate This Picture",
    filters: { Pictures: ["png", "jpg", "jpeg", "webp"] },
  });
  return chosen?.[0]?.fsPath;
}

async function askHow(): Promise<{ readonly motion: Motion; readonly seconds: string } | undefined> {
  for (;;) {
    const motion = await askList<Motion>({
      title: TITLE,
      placeholder: "How the camera moves over the picture",
      step: 1,
      totalSteps: 2,
      back: false,
      items: () => MOTIONS.map((value) => ({ label: MOTION_WORDS[value], value })),
    });
    if (typeof motion !== "string") {
      return undefined;
    }
    const seconds = await askBox({
      title: TITLE,
      prompt: "How many seconds the video takes",
      step: 2,
      totalSteps: 2,
      back: true,
      value: SECONDS,
      problem: problemOfTime,
    });
    if (seconds !== BACK) {
      return seconds === undefined ? undefined : { motion, seconds };
    }
  }
}
