// Walking through earlier prompts with the arrow keys, as a shell does; what was being typed is kept as the draft.

export interface Walk {
  readonly text: string;
  /** How far back; 0 is the draft itself */
  readonly back: number;
  readonly draft: string;
}

/** Somebody typed: what stands there is the draft from now on. */
export function typed(text: string): Walk {
  return { text, back: 0, draft: text };
}

/** One entry older (+1) or newer (-1). The same walk when there is none; `history` has the newest last. */
export function walk(from: Walk, history: readonly string[], step: 1 | -1): Walk {
  const back = from.back + step;
  if (back < 0 || back > history.length) {
    return from;
  }
  const text = back === 0 ? from.draft : history[history.length - back];
  return text === undefined ? from : { text, back, draft: from.draft };
}
