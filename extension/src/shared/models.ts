// The models to choose from: those that can be used at once come first, and the others say what they need. Pure.
import type { ModelInfo } from "../worker/contract";
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

/** Its title, in a list of its own lines. */
export function titleIn(model: ModelInfo): string {
  const what = lacking(model);
  return what === null ? model.title : `${model.title} (${what})`;
}
