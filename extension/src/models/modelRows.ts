// What is said of models that can be downloaded or removed, and of what that costs. Pure.
import { sizeText } from "../shared/labels";
import { verification } from "../shared/models";
import type { Checkpoint, Models } from "../worker/contract";

/** One checkpoint of a family, as a list shows it. */
export interface ModelRow {
  readonly model: string;
  readonly checkpoint: Checkpoint;
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

export interface Question {
  readonly text: string;
  readonly detail: string;
}

/** What is not here yet, or not all of it. */
export function downloadable({ models }: Models): readonly ModelRow[] {
  return rows(models, ({ bundled, installed }) => !bundled && !installed);
}

/** What takes room here and is not part of the worker. */
export function removable({ models }: Models): readonly ModelRow[] {
  return rows(models, ({ bundled, diskBytes }) => !bundled && diskBytes > 0);
}

/** The row of a model that another command names. */
export function named(rows: readonly ModelRow[], target: unknown): ModelRow | undefined {
  const fits = ({ checkpoint }: ModelRow): boolean => [checkpoint.name, checkpoint.id].some((each) => each === target);
  return rows.find(fits) ?? rows.find(({ model }) => model === target);
}

/** Null when it can be begun at once; the worker looks again, at what the hub says it takes. */
export function whyNoRoom({ checkpoint }: ModelRow, { freeBytes, downloadFolder }: Models): string | null {
  const left = leftBytes(checkpoint);
  return left <= freeBytes
    ? null
    : `${checkpoint.title} needs ${sizeText(left)} more, and ${sizeText(freeBytes)} are free for ${downloadFolder}.`;
}

export function downloadQuestion({ checkpoint }: ModelRow, { freeBytes, downloadFolder }: Models): Question {
  const free = `${sizeText(freeBytes)} are free for ${downloadFolder}.`;
  const begun = checkpoint.diskBytes > 0 ? ` ${sizeText(checkpoint.diskBytes)} of it are here already.` : "";
  const gated = checkpoint.gated
    ? ` Only those may download it who have accepted its licence at ${licencePage(checkpoint)} and give a token.`
    : "";
  return {
    text: `Download ${checkpoint.title} (${sizeText(checkpoint.sizeBytes)})?`,
    detail: `Licence: ${checkpoint.license}.${gated} ${free}${begun}`,
  };
}

export function removalQuestion({ checkpoint }: ModelRow): Question {
  return {
    text: `Delete ${checkpoint.title} from this machine?`,
    detail: `${sizeText(checkpoint.diskBytes)} in ${checkpoint.folder ?? "the cache"}. It can be downloaded again.`,
  };
}

export function licencePage({ id }: Checkpoint): string {
  return `https://huggingface.co/${id}`;
}

function rows(models: Models["models"], fits: (checkpoint: Checkpoint) => boolean): ModelRow[] {
  return models.flatMap(({ id, checkpoints }) =>
    checkpoints.filter(fits).map((checkpoint) => ({
      model: id,
      checkpoint,
      label: checkpoint.title,
      description: sizes(checkpoint),
      detail: [
        checkpoint.license,
        checkpoint.gated ? "licence must be accepted" : "",
        checkpoint.id,
        verification(checkpoint),
      ]
        .filter((part) => part !== "")
        .join(" · "),
    })),
  );
}

function sizes({ installed, diskBytes, sizeBytes }: Checkpoint): string {
  if (installed) {
    return sizeText(diskBytes);
  }
  return diskBytes > 0 ? `${sizeText(diskBytes)} of ${sizeText(sizeBytes)} are here` : sizeText(sizeBytes);
}

function leftBytes({ sizeBytes, diskBytes }: Checkpoint): number {
  return Math.max(0, sizeBytes - diskBytes);
}
