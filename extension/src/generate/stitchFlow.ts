// Stitch Frames into Video: which pictures, how they are shown, and then a job like any other.
import * as vscode from "vscode";
import { jobTitle, plural } from "../jobs/view";
import type { Examples } from "../examples";
import { isExample } from "../shared/examples";
import { askBox, askList, BACK } from "../quickInput";
import { outputFolder, writesMetadata } from "../settings";
import { TRANSITION_WORDS } from "../shared/labels";
import type { Job, Transition } from "../worker/contract";
import type { Worker } from "../worker/worker";
import {
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
  type Pictures,
  type StitchDraft,
  type StitchEntry,
} from "./stitching";

const TITLE = "Stitch Frames into Video";
const TRANSITIONS = Object.keys(TRANSITION_WORDS) as Transition[];

/**
 * `target` is a folder or a picture of the explorer, or a folder's path; `selected` all that is selected there. Without
 * them it is asked. Undefined when the person left.
 */
export async function stitchFrames(
  worker: Worker,
  target: unknown,
  selected: unknown,
  examples: Examples,
): Promise<Job | undefined> {
  const { jobs } = await worker.call("jobs/list", {});
  const given = isExample(target) ? await examples.take(target) : target;
  const pictures = (await picturesIn(given, selected)) ?? (await choosePictures(jobs));
  const first = pictures && firstDraft(jobs, pictures.folder);
  const draft = first && (isExample(target) ? exampleDraft(target, first) : await askHow(first));
  if (pictures === undefined || draft === undefined) {
    return undefined;
  }
  const defaults = { outputFolder: outputFolder(), metadata: writesMetadata() };
  return worker.call("jobs/stitch", stitchRequest(pictures, draft, defaults));
}

/** As the lesson says; what it does not say is as usual. */
function exampleDraft(target: object, first: StitchDraft): StitchDraft {
  const transition = TRANSITIONS.find((each) => "transition" in target && each === target.transition);
  const fps = "fps" in target && typeof target.fps === "number" ? target.fps : first.fps;
  return transition === undefined ? { ...first, fps } : withTransition({ ...first, fps }, transition);
}

/** One folder, or files; undefined when nothing was given. */
async function picturesIn(target: unknown, selected: unknown): Promise<Pictures | undefined> {
  if (typeof target === "string") {
    return { folder: target, files: [] };
  }
  const uris = (Array.isArray(selected) && selected.length > 0 ? selected : [target]).filter(isFile);
  const [first] = uris;
  if (first === undefined) {
    return undefined;
  }
  const isFolder = uris.length === 1 && (await vscode.workspace.fs.stat(first)).type === vscode.FileType.Directory;
  return isFolder ? { folder: first.fsPath, files: [] } : picturesOf(uris.map((uri) => uri.fsPath));
}

function isFile(value: unknown): value is vscode.Uri {
  return value instanceof vscode.Uri && value.scheme === "file";
}

async function choosePictures(jobs: readonly Job[]): Promise<Pictures | undefined> {
  const stopped = jobsWithFrames(jobs).map((job) => ({
    label: jobTitle(job),
    description: `${job.status.state}, ${plural(job.framesDone, "finished frame")}`,
    folder: job.folder,
  }));
  if (stopped.length === 0) {
    return askForFolder();
  }
  const other = { label: "Choose a Folder...", description: "with numbered pictures", folder: null };
  const chosen = await vscode.window.showQuickPick([...stopped, other], {
    title: TITLE,
    placeHolder: "A stopped job's frames, or a folder of pictures",
  });
  return chosen === undefined
    ? undefined
    : chosen.folder === null
      ? askForFolder()
      : { folder: chosen.folder, files: [] };
}

async function askForFolder(): Promise<Pictures | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: "The folder with the pictures, numbered in their names",
    openLabel: "Stitch These Pictures",
    canSelectFiles: false,
    canSelectFolders: true,
  });
  const folder = chosen?.[0]?.fsPath;
  return folder === undefined ? undefined : { folder, files: [] };
}

/** How the pictures are shown; undefined when the person left. */
async function askHow(first: StitchDraft): Promise<StitchDraft | undefined> {
  let draft = first;
  for (;;) {
    const choice = await askList<StitchEntry["choice"]>({
      title: TITLE,
      placeholder: "Press Enter to stitch, or choose what to change",
      back: false,
      items: () =>
        stitchMenu(draft).map(({ choice, icon, label, description }) => ({
          label,
          description,
          iconPath: new vscode.ThemeIcon(icon),
          value: choice,
        })),
    });
    switch (choice) {
      case undefined:
      case BACK:
        return undefined;
      case "stitch":
        return draft;
      case "fps":
        draft = await askRate(draft);
        break;
      case "hold":
        draft = await askHold(draft);
        break;
      case "transition":
        draft = await askTransition(draft);
        break;
    }
  }
}

async function askRate(draft: StitchDraft): Promise<StitchDraft> {
  const rate = await askBox({
    title: `${TITLE}: Frames per Second`,
    back: true,
    value: String(draft.fps),
    prompt: "Frames of the video per second",
    problem: problemOfRate,
  });
  return typeof rate === "string" ? { ...draft, fps: numberOf(rate) } : draft;
}

async function askHold(draft: StitchDraft): Promise<StitchDraft> {
  const time = await askBox({
    title: `${TITLE}: Time per Picture`,
    back: true,
    value: draft.hold === null ? "" : String(draft.hold),
    prompt: "Seconds that each picture is shown. Leave it empty for one frame.",
    problem: (text) => (text.trim() === "" ? null : problemOfTime(text)),
  });
  return typeof time === "string" ? withHold(draft, time) : draft;
}

async function askTransition(draft: StitchDraft): Promise<StitchDraft> {
  const transition = await askList<Transition>({
    title: `${TITLE}: Transition`,
    placeholder: "How one picture becomes the next",
    back: true,
    items: () => TRANSITIONS.map((value) => ({ label: TRANSITION_WORDS[value], value })),
  });
  return typeof transition === "string" ? withTransition(draft, transition) : draft;
}
