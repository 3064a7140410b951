// The picture a clip begins with, kept as a copy of our own: the job can be made again when the original is gone.
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../errors";
import type { Job, Output } from "../worker/contract";

export const MAX_IMAGE_BYTES = 20 * 1024 * 1024;
/** What a start image can be; the names are the files' endings, too. */
export const IMAGE_TYPES = ["png", "jpg", "webp", "gif"] as const;
type ImageType = (typeof IMAGE_TYPES)[number];

export async function keepDropped(folder: string, base64: string): Promise<string> {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw new Failure("invalidParameters", "The dropped file did not arrive whole.", "Drop it again.");
  }
  return keepPicture(folder, Buffer.from(base64, "base64"));
}

export async function keepFile(folder: string, path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    return await keepPicture(folder, size > MAX_IMAGE_BYTES ? tooLarge() : await readFile(path));
  } catch (error) {
    if (error instanceof Failure) {
      throw error;
    }
    throw new Failure("disk", `The picture ${path} cannot be read.`, "Check that it still exists and may be read.");
  }
}

/** The frame with this number of what a job made; an image is its own only frame. */
export async function keepFrame(folder: string, output: Output, job: Job | undefined, frame: number): Promise<string> {
  if (output.kind === "image" && frame === 0) {
    return keepFile(folder, output.path);
  }
  if (job === undefined) {
    throw new Failure(
      "unsupported",
      "Only frames of videos that were made here can be used: other files do not come with their frames.",
      "Use a picture file as the start image instead.",
    );
  }
  const frames = join(job.folder, "frames");
  const names = await readdir(frames).catch((): string[] => []);
  const name = names.filter((name) => /^frame_\d+\.png$/.test(name)).sort(byNumber)[frame];
  if (name === undefined) {
    throw new Failure(
      "notFound",
      `Frame ${frame + 1} of this video is no longer in ${frames}.`,
      "Make the video again to get its frames back.",
    );
  }
  return keepFile(folder, join(frames, name));
}

/** Named after what is in it, so that the same picture is kept once and no name from outside gets to the disk. */
export async function keepPicture(folder: string, bytes: Uint8Array): Promise<string> {
  if (bytes.length > MAX_IMAGE_BYTES) {
    tooLarge();
  }
  const type = imageType(bytes);
  if (type === null) {
    throw new Failure(
      "invalidParameters",
      "This file is no picture that can be used as a start image.",
      "Use a PNG, JPEG, WebP or GIF file.",
    );
  }
  const path = join(folder, `${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.${type}`);
  if (await exists(path)) {
    return path;
  }
  const partial = join(folder, `.${randomUUID()}.partial`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(partial, bytes, { flag: "wx" });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure("disk", `The start image could not be kept: ${reason}.`, "Check that the disk has free space.");
  }
  return path;
}

export function imageType(bytes: Uint8Array): ImageType | null {
  const text = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  if (text.startsWith("\x89PNG\r\n\x1a\n")) {
    return "png";
  }
  if (text.startsWith("\xff\xd8\xff")) {
    return "jpg";
  }
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) {
    return "gif";
  }
  return text.startsWith("RIFF") && text.slice(8, 12) === "WEBP" ? "webp" : null;
}

function tooLarge(): never {
  throw new Failure(
    "invalidParameters",
    `A start image may be ${MAX_IMAGE_BYTES / 1024 / 1024} MB at most.`,
    "Make it smaller first; models work with small pictures anyway.",
  );
}

function byNumber(one: string, other: string): number {
  return Number(one.slice(6, -4)) - Number(other.slice(6, -4));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
