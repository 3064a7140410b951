// What the view remembers by itself over hiding and reloading: drafts, disclosures, the place in the clip.
import { useState } from "preact/hooks";
import type { Entries } from "../../shared/schema";

export interface Kept {
  readonly draft: string;
  /** Other words for a frame of a storyboard than its file has */
  readonly frameDraft: { readonly frame: string; readonly text: string } | null;
  readonly model: string | null;
  readonly negativePrompt: string;
  readonly entries: Entries;
  readonly count: number;
  readonly preset: string;
  readonly parametersOpen: boolean;
  readonly advancedOpen: boolean;
  readonly detailsOpen: boolean;
  readonly speed: number;
  /** None: as the setting says */
  readonly loop: boolean | null;
  readonly fullWidth: boolean;
  /** The output beside the shown one */
  readonly beside: string | null;
  readonly place: { readonly id: string; readonly seconds: number; readonly paused: boolean } | null;
}

const NOTHING_YET: Kept = {
  draft: "",
  frameDraft: null,
  model: null,
  negativePrompt: "",
  entries: {},
  count: 1,
  preset: "",
  parametersOpen: false,
  advancedOpen: false,
  detailsOpen: false,
  speed: 1,
  loop: null,
  fullWidth: false,
  beside: null,
  place: null,
};

export class Memory {
  private value: Kept;

  constructor(private readonly store: { getState(): unknown; setState(kept: unknown): void }) {
    this.value = restore(store.getState());
  }

  get kept(): Kept {
    return this.value;
  }

  keep(change: Partial<Kept>): void {
    this.value = { ...this.value, ...change };
    this.store.setState(this.value);
  }
}

/** Like useState, and remembered. */
export function useKept<K extends keyof Kept>(memory: Memory, key: K): [Kept[K], (value: Kept[K]) => void] {
  const [value, setValue] = useState(memory.kept[key]);
  const set = (next: Kept[K]): void => {
    memory.keep({ [key]: next });
    setValue(() => next);
  };
  return [value, set];
}

/** What was kept, as far as it still has the right form. */
function restore(kept: unknown): Kept {
  if (typeof kept !== "object" || kept === null) {
    return NOTHING_YET;
  }
  const found = new Map(Object.entries(kept));
  const text = (key: keyof Kept): string => (typeof found.get(key) === "string" ? String(found.get(key)) : "");
  const flag = (key: keyof Kept): boolean => found.get(key) === true;
  const number = (key: keyof Kept): number => (typeof found.get(key) === "number" ? Number(found.get(key)) : 1);
  return {
    draft: text("draft"),
    frameDraft: restoreFrameDraft(found.get("frameDraft")),
    model: text("model") || null,
    negativePrompt: text("negativePrompt"),
    entries: restoreEntries(found.get("entries")),
    count: Math.min(Math.max(Math.round(number("count")), 1), 8),
    preset: text("preset"),
    parametersOpen: flag("parametersOpen"),
    advancedOpen: flag("advancedOpen"),
    detailsOpen: flag("detailsOpen"),
    speed: number("speed"),
    loop: typeof found.get("loop") === "boolean" ? flag("loop") : null,
    fullWidth: flag("fullWidth"),
    beside: text("beside") || null,
    place: restorePlace(found.get("place")),
  };
}

function restoreEntries(kept: unknown): Entries {
  const entries: Record<string, string | boolean> = {};
  for (const [key, value] of Object.entries(typeof kept === "object" && kept !== null ? kept : {})) {
    if (typeof value === "string" || typeof value === "boolean") {
      entries[key] = value;
    }
  }
  return entries;
}

function restoreFrameDraft(kept: unknown): Kept["frameDraft"] {
  if (typeof kept !== "object" || kept === null || !("frame" in kept && "text" in kept)) {
    return null;
  }
  return typeof kept.frame === "string" && typeof kept.text === "string"
    ? { frame: kept.frame, text: kept.text }
    : null;
}

function restorePlace(kept: unknown): Kept["place"] {
  if (typeof kept !== "object" || kept === null || !("id" in kept && "seconds" in kept && "paused" in kept)) {
    return null;
  }
  return typeof kept.id === "string" && typeof kept.seconds === "number"
    ? { id: kept.id, seconds: kept.seconds, paused: kept.paused === true }
    : null;
}
