import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EmergingPictures } from "../../../extension/src/preview/emergingPictures";
import type { Job } from "../../../extension/src/worker/contract";
import { job } from "./goldens";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "emerging-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function running(step: number, preview: string | null): Job {
  return job("running", {
    status: {
      state: "running",
      phase: "denoising",
      step,
      total: 12,
      within: 0,
      etaSeconds: null,
      preview,
      stall: null,
    },
  });
}

test("a picture gets another version when it is replaced, not with each step, and is gone with its job", async () => {
  const path = join(folder, "preview.webp");
  const changed = vi.fn();
  const pictures = new EmergingPictures(changed);
  await writeFile(path, "one");
  await utimes(path, 100, 100);
  pictures.look([running(1, path)]);
  await vi.waitFor(() => {
    expect(pictures.pictures).toEqual([{ path, version: 100_000 }]);
  });

  await utimes(path, 101, 101);
  pictures.look([running(2, path)]);
  pictures.look([running(3, path)]);
  await vi.waitFor(() => {
    expect(pictures.pictures).toEqual([{ path, version: 101_000 }]);
  });
  const another = join(folder, "another.webp");
  await writeFile(another, "one");
  pictures.look([running(4, path), running(1, another)]);
  await vi.waitFor(() => {
    expect(pictures.pictures).toHaveLength(2);
  });
  expect(changed).toHaveBeenCalledTimes(3);

  pictures.look([job("done")]);
  expect(pictures.pictures).toEqual([]);
});

test("a job without a picture, or with one that is gone, has none", async () => {
  const pictures = new EmergingPictures(vi.fn());
  const path = join(folder, "preview.webp");
  await writeFile(path, "one");
  pictures.look([running(1, null), running(1, join(folder, "gone.webp")), running(1, path)]);

  await vi.waitFor(() => {
    expect(pictures.pictures.map((picture) => picture.path)).toEqual([path]);
  });
});
