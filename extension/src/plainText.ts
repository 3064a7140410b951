// Text of other people where VS Code would read more into it: prompts, names of files, sentences of programs.

/** For messages, which make links, also such that run commands, of `[label](command:…)`. Says the same and holds none. */
export function plainText(text: string): string {
  return text.replaceAll("](", "] (");
}

/**
 * For Markdown: reads as it stands, on one line. VS Code's own `appendText` would let lines break only within words,
 * because it makes every space one that holds words together.
 */
export function escapeMarkdown(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[!-/:-@[-`{-~]/g, "\\$&");
}
