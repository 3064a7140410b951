// A storyboard of three frames for tests, with what a test needs to be different.
import type { Board } from "../../../extension/src/storyboards/making";
import type { Storyboard, StoryboardFrame, StoryboardProblem } from "../../../extension/src/worker/contract";

export const FILE = "/home/ada/fair/video_prompts.txt";
export const FOLDER = "/home/ada/videos/20260102-video-prompts-1f";

export function frame(number: number, change: Partial<StoryboardFrame> = {}): StoryboardFrame {
  const place = { number, line: 2 * number, endLine: 2 * number, prompt: `prompt ${number}` };
  return { ...place, state: "missing", picture: null, seed: null, seconds: null, device: null, ...change };
}

export function made(number: number, change: Partial<StoryboardFrame> = {}): StoryboardFrame {
  const picture = `${FOLDER}/frames/frame_00${number}.png`;
  return frame(number, { state: "made", picture, seed: 7, seconds: 3.2, device: "cpu", ...change });
}

export function storyboard(change: Partial<Storyboard> = {}): Storyboard {
  const frames = [frame(0), frame(1), frame(2)];
  return { model: "tiny", frames, problems: [], folder: FOLDER, adoptable: [], ...change };
}

export function board(change: Partial<Storyboard> = {}): Board {
  return { file: FILE, storyboard: storyboard(change) };
}

export function problem(change: Partial<StoryboardProblem> = {}): StoryboardProblem {
  return { line: 3, column: 4, endColumn: 9, severity: "error", message: "That is no key.", ...change };
}
