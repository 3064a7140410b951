import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  imageType,
  keepDropped,
  keepFile,
  keepFrame,
  keepPicture,
  MAX_IMAGE_BYTES,
} from "../../../extension/src/preview/startImage";
import type { Output } from "../../../extension/src/worker/contract";
import { job } from "./goldens";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n and more", "latin1");
const CLIP: Output = { path: "/v/1/clip.mp4", kind: "video", width: 128, height: 128, frames: 3, fps: 8 };

let folder: string;
let kept: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "start-image-"));
  kept = join(folder, "kept");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test.each([
  [PNG, "png"],
  [Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0]), "jpg"],
  [Buffer.from("GIF89a..."), "gif"],
  [Buffer.from("RIFF....WEBPVP8 "), "webp"],
  [Buffer.from("RIFF....AVI LIST"), null],
  [Buffer.from("<svg onload='alert(1)'/>"), null],
  [Buffer.from("#!/bin/sh"), null],
  [Buffer.from("%PDF-1.7"), null],
  [Buffer.alloc(0), null],
])("what a file is is told by how it begins (%#)", (bytes, type) => {
  expect(imageType(bytes)).toBe(type);
});

test("a dropped picture is kept whole, under a name of our own, once", async () => {
  const path = await keepDropped(kept, PNG.toString("base64"));
  const again = await keepDropped(kept, PNG.toString("base64"));

  expect(await readFile(path)).toEqual(PNG);
  expect(dirname(path)).toBe(kept);
  expect(basename(path)).toMatch(/^[0-9a-f]{32}\.png$/);
  expect(again).toBe(path);
  expect(await readdir(kept)).toEqual([basename(path)]);
});

test.each(["not base64", "AAA", "iVBORw0KGgo=\n", "<script>"])("%j did not arrive whole", async (data) => {
  await expect(keepDropped(kept, data)).rejects.toMatchObject({ kind: "invalidParameters" });
});

test.each(["", Buffer.from("<html>").toString("base64")])("%j is no picture: refused, nothing kept", async (data) => {
  await expect(keepDropped(kept, data)).rejects.toMatchObject({
    kind: "invalidParameters",
    message: expect.stringContaining("no picture") as string,
  });
  await expect(readdir(kept)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a picture that is too large is refused, however it comes", async () => {
  const large = Buffer.concat([PNG, Buffer.alloc(MAX_IMAGE_BYTES)]);
  const file = join(folder, "large.png");
  await writeFile(file, large);
  const refusal = { kind: "invalidParameters", message: "A start image may be 20 MB at most." };

  await expect(keepPicture(kept, large)).rejects.toMatchObject(refusal);
  await expect(keepFile(kept, file)).rejects.toMatchObject(refusal);
});

test("a picked file is copied, so that it may change or go", async () => {
  const file = join(folder, `it's "mine".png`);
  await writeFile(file, PNG);
  const path = await keepFile(kept, file);
  await rm(file);

  expect(await readFile(path)).toEqual(PNG);
  await expect(keepFile(kept, file)).rejects.toMatchObject({ kind: "disk" });
});

test("where nothing can be written, that is told", async () => {
  await writeFile(join(folder, "kept"), "a file in the way");
  await expect(keepPicture(kept, PNG)).rejects.toMatchObject({ kind: "disk" });
});

test("a frame of a clip is found by its place among the frames that are there", async () => {
  const frames = join(folder, "frames");
  await mkdir(frames);
  for (const number of ["000", "002", "010", "1000"]) {
    await writeFile(join(frames, `frame_${number}.png`), Buffer.concat([PNG, Buffer.from(number)]));
  }
  await writeFile(join(frames, ".frame_001.png.partial"), PNG);
  await writeFile(join(frames, "frame_x.png"), PNG);
  const made = job("done", { folder });
  const read = async (frame: number): Promise<string> =>
    (await readFile(await keepFrame(kept, CLIP, made, frame))).subarray(PNG.length).toString();

  expect([await read(0), await read(1), await read(2), await read(3)]).toEqual(["000", "002", "010", "1000"]);
  await expect(read(4)).rejects.toMatchObject({ kind: "notFound" });
});

test("a frame that is no picture is refused", async () => {
  const frames = join(folder, "frames");
  await mkdir(frames);
  await symlink("/etc/passwd", join(frames, "frame_000.png"));

  await expect(keepFrame(kept, CLIP, job("done", { folder }), 0)).rejects.toMatchObject({ kind: "invalidParameters" });
});

test("an image is its own frame; another program's video has none", async () => {
  const file = join(folder, "foreign.png");
  await writeFile(file, PNG);

  const path = await keepFrame(kept, { ...CLIP, kind: "image", path: file }, undefined, 0);
  expect(await readFile(path)).toEqual(PNG);
  await expect(keepFrame(kept, CLIP, undefined, 0)).rejects.toMatchObject({ kind: "unsupported" });
});

test("a job whose frames are gone says so", async () => {
  await expect(keepFrame(kept, CLIP, job("done", { folder }), 0)).rejects.toMatchObject({ kind: "notFound" });
});
