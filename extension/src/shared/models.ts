// The models to choose from: those that can be used at once come first, and the others say what they need. Pure.
import type { Checkpoint, ModelInfo } from "../worker/contract";
import { sizeText } from "./labels";

export function isInstalled(model: ModelInfo): boolean {
  return model.checkpoints.some(({ installed }) => installed);
}

export function installedFirst(models: readonly ModelInfo[]): readonly ModelInfo[] {
  return [...models.filter(isInstalled), ...models.filter((model) => !isInstalled(model))];
}

/** What is still to be done for it; null when nothing is. */
export function lacking(model: ModelInfo): string | null {
  const first = model.checkpoints[0];
  return isInstalled(model) || first === undefined ? null : `not downloaded yet, ${sizeText(first.sizeBytes)}`;
}

/** The checkpoint that is used when none is named and one is here. */
export function usedFirst({ checkpoints }: ModelInfo): Checkpoint | undefined {
  return checkpoints.find(({ installed }) => installed) ?? checkpoints[0];
}

/** How it was tried, by backend. */
export function verification(checkpoint: Checkpoint | undefined): string {
  const tried = Object.entries(checkpoint?.verified ?? {}).map(([backend, how]) => `${backend} with ${how}`);
  return tried.length === 0 ? "Not verified" : `Verified on ${tried.join("; ")}`;
}

/** Its title, in a list of its own lines. */
export function titleIn(model: ModelInfo): string {
  const what = lacking(model);
  return what === null ? model.title : `${model.title} (${what})`;
}
