// How storyboard files and their frames are named. Pure.
import { basename } from "node:path";

/** The file's name without its ending: "fair" of "fair.storyboard.txt". */
export function storyboardTitle(file: string): string {
  const name = basename(file);
  return name.replace(/(?<=.)(\.storyboard(\.txt)?|\.txt)$/i, "");
}

/** The number in the name of a frame's file; null for other files. */
export function frameOfFile(path: string): number | null {
  const [, digits] = /^frame_(\d+)\.png$/i.exec(basename(path)) ?? [];
  return digits === undefined ? null : Number(digits);
}
