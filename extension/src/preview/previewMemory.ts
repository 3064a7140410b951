// What the preview keeps over reloads of the window: its selection, the prompt box, its storyboard, the start image.
import { statSync } from "node:fs";
import type { Memento } from "vscode";
import type { PreviewState } from "../shared/protocol";
import type { FileVersion } from "./previewState";

const SELECTED = "ttVideo.preview.selected";
const INTERACTIVE = "ttVideo.preview.interactive";
const START_IMAGE = "ttVideo.preview.startImage";
const STORYBOARD = "ttVideo.preview.storyboard";

export class PreviewMemory {
  #startImage: FileVersion | null;
  #picked: PreviewState["picked"] = null;

  constructor(
    private readonly memento: Memento,
    private readonly changed: () => void,
  ) {
    const path = memento.get<unknown>(START_IMAGE);
    const isThere = typeof path === "string" && statSync(path, { throwIfNoEntry: false }) !== undefined;
    this.#startImage = isThere ? asStartImage(path) : null;
  }

  /** The chosen output; it may be gone since. */
  get selected(): string | null {
    const path = this.memento.get<unknown>(SELECTED);
    return typeof path === "string" ? path : null;
  }

  set selected(path: string | null) {
    this.#keep(SELECTED, path);
  }

  /** Whether the prompt box is open. */
  get interactive(): boolean {
    return this.memento.get<unknown>(INTERACTIVE) === true;
  }

  set interactive(open: boolean) {
    this.#keep(INTERACTIVE, open);
  }

  /** The storyboard that the prompt box works through. */
  get storyboard(): string | null {
    const file = this.memento.get<unknown>(STORYBOARD);
    return typeof file === "string" ? file : null;
  }

  set storyboard(file: string | null) {
    this.#keep(STORYBOARD, file);
  }

  get startImage(): FileVersion | null {
    return this.#startImage;
  }

  setStartImage(path: string | null): void {
    this.#startImage = path === null ? null : asStartImage(path);
    this.#keep(START_IMAGE, path);
  }

  /** The file that was chosen last for a parameter. Not kept: the form keeps it. */
  get picked(): PreviewState["picked"] {
    return this.#picked;
  }

  pick(key: string, path: string): void {
    this.#picked = { key, path, number: (this.#picked?.number ?? 0) + 1 };
    this.changed();
  }

  #keep(key: string, value: unknown): void {
    void this.memento.update(key, value ?? undefined);
    this.changed();
  }
}

/** Named after what is in it: what has this name never changes. */
function asStartImage(path: string): FileVersion {
  return { path, version: 0 };
}
