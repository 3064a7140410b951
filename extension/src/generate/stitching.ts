// Of what a video can be stitched, and how it is shown. Pure.
import { basename, dirname } from "node:path";
import { Failure } from "../errors";
import { isResumable, plural } from "../jobs/view";
import { TRANSITION_WORDS } from "../shared/labels";
import type { AnimateRequestInput, Job, StitchRequestInput, Transition } from "../worker/contract";

/** As the contract has it. */
const DEFAULT_FPS = 8;
const MOST_FPS = 120;
const MOST_SECONDS = 3600;
/** What a transition needs when nothing was said: pictures that stay, and enough frames to change smoothly. */
const SMOOTH = { fps: 24, hold: 2 };

/** A folder's pictures, or chosen ones in their order. */
export interface Pictures {
  readonly folder: string;
  readonly files: readonly string[];
}

export interface StitchDraft {
  readonly fps: number;
  /** Seconds; none: each picture is one frame */
  readonly hold: number | null;
  readonly transition: Transition;
}

export interface StitchEntry {
  readonly choice: "stitch" | "fps" | "hold" | "transition";
  readonly icon: string;
  readonly label: string;
  readonly description: string;
}

/** As fast as the job whose frames they are would have shown them. */
export function firstDraft(jobs: readonly Job[], folder: string): StitchDraft {
  const fps = jobs.findLast((job) => job.folder === folder)?.parameters["fps"];
  return { fps: typeof fps === "number" && fps > 0 ? fps : DEFAULT_FPS, hold: null, transition: "cut" };
}

/** Stopped jobs that left finished frames, the newest first. `jobs` has the oldest first, as the worker lists them. */
export function jobsWithFrames(jobs: readonly Job[]): readonly Job[] {
  return [...jobs].reverse().filter((job) => isResumable(job) && job.framesDone > 0);
}

/** In the order of the numbers in their names. Throws a Failure when something else is among them. */
export function picturesOf(files: readonly string[]): Pictures {
  const [strange] = files.filter((file) => !/\.(png|jpe?g|webp|bmp|tiff?)$/i.test(file));
  const [first] = files;
  if (first === undefined || strange !== undefined) {
    throw new Failure(
      "invalidParameters",
      `${strange === undefined ? "Nothing" : basename(strange)} is no picture that can be stitched.`,
      "Select pictures only, or one folder of them.",
    );
  }
  const byNumber = new Intl.Collator("en", { numeric: true });
  const inOrder = [...files].sort((a, b) => byNumber.compare(basename(a), basename(b)) || byNumber.compare(a, b));
  return { folder: dirname(first), files: inOrder };
}

/** Stitch Now comes first: one Enter away. */
export function stitchMenu(draft: StitchDraft): readonly StitchEntry[] {
  const { fps, hold, transition } = draft;
  const held = hold === null ? "one frame" : seconds(hold);
  const words = TRANSITION_WORDS[transition];
  const summary = `${fps} frames per second, ${held} per picture, ${words.toLowerCase()}`;
  return [
    { choice: "stitch", icon: "play", label: "Stitch Now", description: summary },
    { choice: "fps", icon: "dashboard", label: "Frames per Second", description: String(fps) },
    { choice: "hold", icon: "clock", label: "Time per Picture", description: held },
    { choice: "transition", icon: "arrow-swap", label: "Transition", description: words },
  ];
}

/** Only pictures that stay for a while can go over into each other. */
export function withTransition(draft: StitchDraft, transition: Transition): StitchDraft {
  return transition === "cut" || draft.hold !== null ? { ...draft, transition } : { ...SMOOTH, transition };
}

/** An empty text is one frame for each picture, between which nothing can go over. */
export function withHold(draft: StitchDraft, text: string): StitchDraft {
  return text.trim() === "" ? { ...draft, hold: null, transition: "cut" } : { ...draft, hold: numberOf(text) };
}

export function stitchRequest(
  { folder, files }: Pictures,
  { fps, hold, transition }: StitchDraft,
  defaults: { readonly outputFolder: string; readonly metadata: boolean },
): StitchRequestInput {
  return { kind: "stitch", folder, files, fps, hold, transition, ...defaults };
}

export function animateRequest(
  image: string,
  motion: NonNullable<AnimateRequestInput["motion"]>,
  time: string,
  defaults: { readonly outputFolder: string; readonly metadata: boolean },
): AnimateRequestInput {
  return { kind: "animate", image, motion, seconds: numberOf(time), ...defaults };
}

/** With a comma or a point. */
export function numberOf(text: string): number {
  return Number(text.trim().replace(",", "."));
}

/** Why the text is no frame rate, or null. */
export function problemOfRate(text: string): string | null {
  return problemOfNumber(text, MOST_FPS);
}

/** Why the text is no time, or null. */
export function problemOfTime(text: string): string | null {
  return problemOfNumber(text, MOST_SECONDS);
}

function problemOfNumber(text: string, most: number): string | null {
  const number = numberOf(text);
  return text.trim() !== "" && number > 0 && number <= most ? null : `A number above 0, up to ${most}, is needed.`;
}

function seconds(number: number): string {
  return plural(number, "second");
}
