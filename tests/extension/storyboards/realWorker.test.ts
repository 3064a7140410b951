// Storyboards with the real worker and the bundled model: problems, frames one by one, another seed, words typed anew.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  animateRequest,
  firstDraft,
  picturesOf,
  stitchRequest,
  withTransition,
} from "../../../extension/src/generate/stitching";
import { lensesOf } from "../../../extension/src/storyboards/lenses";
import { applyEdit, promptEdit } from "../../../extension/src/storyboards/promptEdit";
import { storyboardRequest, type Wish } from "../../../extension/src/storyboards/requests";
import type { Job, Storyboard } from "../../../extension/src/worker/contract";
import { Supervisor } from "../../../extension/src/worker/supervisor";
import { Heard, launchIn, temporaryFolder, VERSION } from "../worker/support";

// A Python takes its time to start on a busy machine, and the model to draw.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const TEXT = `---
size: 64x64
steps: 2
seed: 5
fps: 2
---
# three frames
a red ball

a blue cube | seed=7

a green ball on grass
`;

let folder: string;
let file: string;
let state: string;
let supervisor: Supervisor;
const events = new Heard<Job>();

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "ttvideo-test-"));
  supervisor = new Supervisor({
    version: VERSION,
    resolveLaunch: () => Promise.resolve(launchIn(state)),
    onHealth: () => undefined,
    onEvent: (event, payload) => {
      if (event === "job/changed") {
        events.hear(payload as Job);
      }
    },
    onLine: () => undefined,
  });
});
afterAll(async () => {
  await supervisor.stop();
  await rm(state, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, "fair.storyboard");
  await writeFile(file, TEXT);
});

function check(text: string | null = null): Promise<Storyboard> {
  return supervisor.call("storyboard/check", { file, text, outputFolder: folder });
}

/** Resolves when the job has ended as it should. */
async function done(submitted: Promise<Job>): Promise<Job> {
  const { id } = await submitted;
  const ended = await events.first((job) => job.id === id && ["done", "failed"].includes(job.status.state));
  expect(ended.status).toEqual({ state: "done" });
  return ended;
}

async function make(wish: Wish, text: string | null = null): Promise<Job> {
  const { frames } = await check(text);
  const request = storyboardRequest(file, text, wish, frames, { device: "cpu", outputFolder: folder, metadata: true });
  return done(supervisor.call("jobs/storyboard", request));
}

function states({ frames }: Storyboard): string[] {
  return frames.map(({ state }) => state);
}

test("problems have their places as editors count, also after characters of two units", async () => {
  const text = "---\nsteps: many\nspede: 7\n---\na 🏀 ball | sed=7\n";
  const { problems } = await check(text);
  const at = problems.map(({ line, column, endColumn }) => text.split("\n")[line]?.slice(column, endColumn));
  expect(at).toEqual(["many", "spede", "sed"]);
  expect(problems.map(({ severity }) => severity)).toEqual(["error", "error", "error"]);
  expect(problems[2]?.message).toContain("seed");
});

test("keys and values are completed", async () => {
  const complete = async (line: string) =>
    (await supervisor.call("storyboard/complete", { text: line, line: 0, column: line.length })).items;
  const keys = await complete("a 🏀 ball | se");
  expect(keys.find(({ label }) => label.startsWith("seed"))).toMatchObject({ kind: "key", column: 12 });
  const values = await complete("a ball | motion=zo");
  expect(values.map(({ insert }) => insert)).toEqual(expect.arrayContaining(["zoom-in", "zoom-out"]));
  expect(values.every(({ kind, column }) => kind === "value" && column === 16)).toBe(true);
});

test("frames are made one by one, from one on, and with another seed; the last one makes the video", async () => {
  expect(states(await check())).toEqual(["missing", "missing", "missing"]);
  const one = await make({ kind: "only", frame: 1 });
  expect(one.outputs.map(({ path, kind }) => [path.replace(one.folder, ""), kind])).toEqual([
    ["/frames/frame_001.png", "image"],
  ]);
  const board = await check();
  expect([states(board), board.folder]).toEqual([["missing", "made", "missing"], one.folder]);
  expect(board.frames[1]).toMatchObject({ seed: 7, device: "cpu", picture: join(one.folder, "frames/frame_001.png") });
  const titles = lensesOf({ file, storyboard: board }, []).map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining(["Generate the missing 2 frames", "Stitch 1 frame"]));

  const rest = await make({ kind: "from", frame: 0 });
  expect(states(await check())).toEqual(["made", "made", "made"]);
  expect(rest.outputs.filter(({ kind }) => kind === "video")).toMatchObject([{ frames: 3, fps: 2 }]);

  const before = await readFile(join(one.folder, "frames/frame_001.png"));
  await make({ kind: "reroll", frame: 2 });
  const again = await check();
  expect([states(again), again.frames[2]?.seed === 5]).toEqual([["made", "made", "made"], false]);
  expect(await readFile(join(one.folder, "frames/frame_001.png"))).toEqual(before);
});

test("what the editor shows is made, saved or not, and other words change one frame only", async () => {
  const all = await make({ kind: "all" });
  const picture = (number: number) => readFile(join(all.folder, `frames/frame_00${number}.png`));
  const before = [await picture(0), await picture(1), await picture(2)];
  const lines = TEXT.split("\n");
  const { frames } = await check();
  const [, cube] = frames;
  const edit = cube && promptEdit(lines, cube, "a red | blue cube");
  const text = edit ? applyEdit(lines, edit).join("\n") : "";
  expect(text).toContain("\na red \\| blue cube | seed=7\n");
  const changed = await check(text);
  expect(changed.frames[1]?.prompt).toBe("a red | blue cube");
  expect(states(changed)).toEqual(["made", "changed", "made"]);
  await make({ kind: "only", frame: 1 }, text);
  const after = [await picture(0), await picture(1), await picture(2)];
  expect(after.map((bytes, number) => before[number]?.equals(bytes))).toEqual([true, false, true]);
  expect(states(await check(text))).toEqual(["made", "made", "made"]);
  expect(await readFile(file, "utf8")).toBe(TEXT);
});

test("pictures of another program are offered, and become frames only when they are taken", async () => {
  const first = await make({ kind: "only", frame: 0 });
  const picture = await readFile(join(first.folder, "frames/frame_000.png"));
  const beside = join(folder, "frame_001.png");
  await writeFile(beside, picture);
  file = join(folder, "second.storyboard");
  await writeFile(file, TEXT);
  const offered = await check();
  expect([offered.adoptable, states(offered)]).toEqual([[beside], ["missing", "missing", "missing"]]);
  await make({ kind: "adopt", folder });
  expect(states(await check())).toEqual(["missing", "made", "missing"]);
  expect((await check()).adoptable).toEqual([]);
});

test("chosen pictures are stitched in their order, and one is animated", async () => {
  const { folder: made } = await make({ kind: "all" });
  const defaults = { outputFolder: folder, metadata: true };
  const pictures = picturesOf([join(made, "frames/frame_002.png"), join(made, "frames/frame_000.png")]);
  const draft = withTransition(firstDraft([], made), "crossfade");
  const stitched = await done(supervisor.call("jobs/stitch", stitchRequest(pictures, draft, defaults)));
  expect(stitched.outputs[0]).toMatchObject({ kind: "video", fps: 24, frames: 96 });
  const animated = await done(
    supervisor.call("jobs/animate", animateRequest(join(made, "frames/frame_000.png"), "zoom-in", "0.5", defaults)),
  );
  expect(animated.outputs[0]).toMatchObject({ kind: "video", frames: 12 });
});
