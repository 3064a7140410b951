// How other words come into a storyboard's file: the prompt changes, and what follows its bar stays. Pure.
import type { StoryboardFrame } from "../worker/contract";

export interface Edit {
  /** From the beginning of this line */
  readonly line: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}

/** A prompt is one line of words, however it was typed. */
export function folded(prompt: string): string {
  return prompt.replace(/\s+/g, " ").trim();
}

/** `lines` are those of the file; null when the frame has these words already. Comments between its lines stay. */
export function promptEdit(lines: readonly string[], frame: StoryboardFrame, prompt: string): Edit | null {
  const words = folded(prompt);
  if (words === frame.prompt) {
    return null;
  }
  const last = lines[frame.endLine] ?? "";
  const bar = last.search(/(?<!\\)\|/);
  const overrides = bar < 0 ? "" : ` ${last.slice(bar).trimEnd()}`;
  const comments = lines.slice(frame.line, frame.endLine).filter((line) => line.trimStart().startsWith("#"));
  const text = [...comments, words.replaceAll("|", "\\|") + overrides].join("\n");
  return { line: frame.line, endLine: frame.endLine, endColumn: last.length, text };
}

export function applyEdit(lines: readonly string[], { line, endLine, text }: Edit): readonly string[] {
  return [...lines.slice(0, line), text, ...lines.slice(endLine + 1)];
}
