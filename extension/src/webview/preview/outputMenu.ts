// What can be done with an output.
import type { OutputAction, OutputView, PreviewMessage } from "../../shared/protocol";
import type { MenuGroups, MenuItem } from "./menu";

export const AGAIN_WORDS = { makeAgain: "Make Again", newSeed: "New Seed" } as const;

export type Send = (message: PreviewMessage) => Promise<boolean>;

/** A GIF is a video to who made it, and a picture to who shows it. */
export function isPicture(output: OutputView): boolean {
  return output.kind === "image" || /\.(gif|png|apng|webp|jpe?g)$/i.test(output.name);
}

/** Whether it is one picture that does not move. */
function isStill(output: OutputView): boolean {
  return isPicture(output) && output.frames === 1 && !/\.gif$/i.test(output.name);
}

/** What a double click does. */
export function openAction(output: OutputView): OutputAction {
  return isPicture(output) ? "open" : "openExternal";
}

/**
 * `frame`: the one that is looked at, null when none in particular. `canStart`: whether a model begins with a picture.
 * `compare`: what else there is to do when another video can stand beside it.
 */
export function outputMenu(
  output: OutputView,
  frame: number | null,
  canStart: boolean,
  compare: readonly MenuItem[],
  send: Send,
): MenuGroups {
  const item = (label: string, action: OutputAction): MenuItem => ({
    label,
    run: () => void send({ type: "output", action, id: output.id }),
  });
  const useFrame: MenuItem = {
    label: frame === null ? "Use First Frame as Start" : "Use This Frame as Start",
    run: () => void send({ type: "useFrame", id: output.id, frame: frame ?? 0 }),
  };
  return [
    isPicture(output)
      ? [item("Open in Editor", "open")]
      : [item("Open in Default Player", "openExternal"), item("Open in Editor", "open")],
    [
      ...(output.job?.again ?? []).map((action) => item(AGAIN_WORDS[action], action)),
      ...(output.job && canStart ? [useFrame] : []),
      ...(isStill(output) ? [item("Animate...", "animate")] : []),
      ...compare,
    ],
    [item("Save As...", "saveAs"), item("Reveal in Folder", "reveal")],
    [
      item("Copy Path", "copyPath"),
      ...(typeof output.job?.prompt === "string" ? [item("Copy Prompt", "copyPrompt")] : []),
    ],
    [item("Delete", "delete")],
  ];
}
