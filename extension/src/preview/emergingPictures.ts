// The pictures that running jobs replace as they grow, each with the time of its last change.
import { stat } from "node:fs/promises";
import type { Job } from "../worker/contract";
import type { FileVersion } from "./previewState";

export class EmergingPictures {
  #pictures: readonly FileVersion[] = [];
  #paths: readonly string[] = [];

  constructor(private readonly changed: () => void) {}

  get pictures(): readonly FileVersion[] {
    return this.#pictures;
  }

  /** A step does not always bring a new picture: loading the old one again would start it from its first frame. */
  look(jobs: readonly Job[]): void {
    this.#paths = jobs.flatMap(({ status }) => (status.state === "running" ? (status.preview ?? []) : []));
    this.#pictures = this.#pictures.filter(({ path }) => this.#paths.includes(path));
    for (const path of this.#paths) {
      void this.#lookAt(path);
    }
  }

  async #lookAt(path: string): Promise<void> {
    const version = await stat(path).then(
      ({ mtimeMs }) => Math.round(mtimeMs),
      () => null,
    );
    const known = this.#pictures.find((picture) => picture.path === path);
    // Meanwhile the job may have ended, and its picture with it.
    if (version !== null && version !== known?.version && this.#paths.includes(path)) {
      this.#pictures = [...this.#pictures.filter((picture) => picture !== known), { path, version }];
      this.changed();
    }
  }
}
