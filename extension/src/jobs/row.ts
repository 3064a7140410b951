// What a row of the view Jobs says, shows on hover and offers. Pure.
import { duration, MOTION_WORDS, timeLeft, TRANSITION_WORDS } from "../shared/labels";
import { textOf } from "../shared/schema";
import type { Job } from "../worker/contract";
import { describeJob, describeRunning, isActive, isRepeatable, isResumable, mainOutput, plural } from "./view";

/** So that there is room for how far it is, in a side bar as wide as it is at first. */
const RUNNING_LABEL_LENGTH = 22;

export function rowLabel(job: Job): string {
  const { title } = describeJob(job);
  const isLong = job.status.state === "running" && title.length > RUNNING_LABEL_LENGTH;
  return isLong ? `${title.slice(0, RUNNING_LABEL_LENGTH).trimEnd()}…` : title;
}

/** Beside the label; what matters most comes first, because the end may be cut off. */
export function rowDescription(job: Job): string {
  const { phase, progress, etaSeconds } = describeJob(job);
  if (phase === null || progress === null) {
    return rowText(job);
  }
  const left = timeLeft(etaSeconds);
  return `${Math.round(100 * progress)} % ${phase}${left === null ? "" : `, ${left}`}`;
}

/** All of how it stands, in one sentence. */
export function rowText(job: Job): string {
  return job.status.state === "running" ? describeRunning(job.status) : describeJob(job).detail;
}

/** Whether all that is new of a job is how far it is, so that its row may wait a moment. */
export function differInProgressOnly(before: Job, after: Job): boolean {
  return (
    before.status.state === "running" &&
    after.status.state === "running" &&
    before.status.phase === after.status.phase &&
    contextWords(before) === contextWords(after)
  );
}

/** What the menus of package.json match on. */
export function contextWords(job: Job): string {
  const words: readonly (readonly [string, boolean])[] = [
    ["cancellable", job.status.state === "queued" || job.status.state === "running"],
    ["resumable", isResumable(job)],
    ["repeatable", isRepeatable(job)],
    ["hasOutput", mainOutput(job) !== null],
    ["removable", !isActive(job)],
  ];
  return words.flatMap(([word, is]) => (is ? [word] : [])).join(" ");
}

/** What a screen reader says: the state first in words, because it cannot see the icon. */
export function accessibleLabel(job: Job): string {
  const { title, hint } = describeJob(job);
  const text = rowText(job);
  const state = text === job.status.state ? text : `${job.status.state}, ${text}`;
  return hint === null ? `${title}, ${state}` : `${title}, ${state.replace(/\.$/, "")}. ${hint}`;
}

export interface Row {
  /** Empty for the title, notes and the error */
  readonly label: string;
  readonly text: string;
}

export function tooltipRows(job: Job): readonly Row[] {
  const { title, hint, notes } = describeJob(job);
  const rows: Row[] = [{ label: "", text: title }];
  rows.push({ label: "State", text: [`${job.status.state}: ${rowText(job)}`, hint].filter(Boolean).join(" ") });
  rows.push(...notes.map((text) => ({ label: "", text })));
  rows.push(...requestRows(job.request));
  const given = Object.entries(job.parameters).filter(([, value]) => value !== null);
  const parameters = given.map(([key, value]) => `${key} ${textOf(value)}`);
  if (parameters.length > 0) {
    rows.push({ label: "Parameters", text: parameters.join(", ") });
  }
  if (job.device !== null) {
    rows.push({ label: "Device", text: job.device });
  }
  const seconds = Object.entries(job.seconds).map(([phase, spent]) => `${phase} ${duration(spent)}`);
  if (seconds.length > 0) {
    rows.push({ label: "Time", text: seconds.join(", ") });
  }
  rows.push({ label: "Folder", text: job.folder });
  return rows;
}

/** What was asked for, besides what the title says. */
function requestRows(request: Job["request"]): readonly Row[] {
  switch (request.kind) {
    case "generate": {
      const { model, negativePrompt } = request;
      const negative = negativePrompt === "" ? [] : [{ label: "Negative prompt", text: negativePrompt }];
      return [{ label: "Model", text: model }, ...negative];
    }
    case "storyboard": {
      const { file, only, reroll } = request;
      return [
        { label: "Storyboard", text: file },
        ...(only === null ? [] : [{ label: "Only frames", text: only.join(", ") }]),
        ...(reroll.length === 0 ? [] : [{ label: "With another seed", text: reroll.join(", ") }]),
      ];
    }
    case "stitch": {
      const { folder, files, fps, transition } = request;
      const pictures = files.length === 0 ? folder : `${plural(files.length, "picture")} of ${folder}`;
      return [
        { label: "Pictures", text: pictures },
        { label: "Video", text: `${fps} frames per second, ${TRANSITION_WORDS[transition].toLowerCase()}` },
      ];
    }
    case "animate": {
      const { image, motion, seconds } = request;
      return [
        { label: "Picture", text: image },
        { label: "Video", text: `${MOTION_WORDS[motion]}, ${seconds} s` },
      ];
    }
    case "compare":
      return [{ label: "Videos", text: request.labels.join("; ") }];
    case "download":
      return [];
  }
}
