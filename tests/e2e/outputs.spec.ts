// Files that other programs put into the scratchpad.
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "./harness/fixtures";
import { png } from "./harness/png";
import { expectPlays, videoOf } from "./harness/video";
import type { Workbench } from "./harness/workbench";

test.use({ setup: {} });

/** The output with this name in the strip. */
function named(workbench: Workbench, name: string) {
  return workbench.preview.getByRole("listbox", { name: "Latest outputs" }).getByRole("option", { name, exact: true });
}

test.beforeEach(async ({ workbench, server }) => {
  await mkdir(server.scratchpad, { recursive: true });
  await workbench.openViews();
  await server.worker();
});

test("a picture appears as soon as it is there", async ({ workbench, server }) => {
  await writeFile(join(server.scratchpad, "squares.png"), png(64, [200, 40, 40]));
  await expect(named(workbench, "squares.png")).toHaveCount(1);
  await expect(workbench.preview.getByRole("img", { name: "squares.png" })).toHaveJSProperty("naturalWidth", 64);
});

test("a video that is written slowly appears once, when it is whole", async ({ workbench, server }) => {
  const clip = await aClip(workbench, server.scratchpad);
  const slow = join(server.scratchpad, "slow.mp4");
  const half = Math.floor(clip.length / 2);
  await writeFile(slow, clip.subarray(0, half));
  // A picture that came later is there already: there was time to see the half.
  await writeFile(join(server.scratchpad, "later.png"), png(32, [40, 200, 40]));
  await expect(named(workbench, "later.png")).toHaveCount(1);
  await expect(named(workbench, "slow.mp4")).toHaveCount(0);

  await appendFile(slow, clip.subarray(half));
  await expect(named(workbench, "slow.mp4")).toHaveCount(1);
  await expectPlays(workbench.preview.locator('video[src*="slow.mp4"]'));
  await writeFile(join(server.scratchpad, "last.png"), png(32, [40, 40, 200]));
  await expect(named(workbench, "last.png")).toHaveCount(1);
  await expect(named(workbench, "slow.mp4")).toHaveCount(1);
});

test("a file's name is text, whatever it looks like", async ({ workbench, server }) => {
  const name = `"><img src=x onerror="globalThis.pwned=1">'&amp;..png`;
  await writeFile(join(server.scratchpad, name), png(16, [0, 0, 0]));
  await expect(named(workbench, name)).toHaveCount(1);
  await expect(workbench.preview.locator('img[src="x"]')).toHaveCount(0);
  for (const frame of workbench.page.frames()) {
    expect(await frame.evaluate(() => "pwned" in globalThis)).toBe(false);
  }
  await workbench.screenshot("hostile-name");
});

/** The bytes of a real clip. */
async function aClip(workbench: Workbench, scratchpad: string): Promise<Buffer> {
  const prompt = "a red ball bouncing";
  await workbench.generate(prompt);
  const video = videoOf(workbench.preview, prompt);
  await expectPlays(video);
  const url = new URL((await video.getAttribute("src")) ?? "");
  const path = decodeURIComponent(url.pathname);
  return readFile(path.slice(path.indexOf(scratchpad)));
}
