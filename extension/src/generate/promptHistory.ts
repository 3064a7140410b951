// The prompts that were used, the newest last. Pure; the generator keeps it over restarts.
export const HISTORY_LENGTH = 100;

/** A prompt that is there already moves to the end. */
export function withPrompt(history: readonly string[], prompt: string): readonly string[] {
  const text = prompt.trim();
  if (text === "") {
    return history;
  }
  return [...history.filter((each) => each !== text), text].slice(-HISTORY_LENGTH);
}

/** What was kept, whoever wrote it. */
export function historyIn(kept: unknown): readonly string[] {
  const texts = Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  return texts.slice(-HISTORY_LENGTH);
}
