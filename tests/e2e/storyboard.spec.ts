// A storyboard in the editor: what is wrong with it, what is made of it, and its video.
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Locator } from "@playwright/test";

import { expect, test } from "./harness/fixtures";
import { expectPlays } from "./harness/video";
import type { Workbench } from "./harness/workbench";

const LESSON = "tests/support/storyboards/video_prompts.txt";

test.use({ setup: {} });

function lens(workbench: Workbench, text: string | RegExp): Locator {
  return workbench.page.locator(".codelens-decoration a, .codelens-decoration span").filter({ hasText: text });
}

/** A click at the moment in which VS Code draws its links anew goes nowhere. */
async function press(workbench: Workbench, text: string, until: RegExp): Promise<void> {
  await expect(async () => {
    await lens(workbench, text).first().click({ timeout: 5000 });
    await expect(lens(workbench, until).first()).toBeVisible({ timeout: 5000 });
  }).toPass({ timeout: 150_000 });
}

/** VS Code now and then does not ask for the links of the first file that is opened in a window; when it is opened again it does. */
async function openFile(workbench: Workbench, name: string): Promise<void> {
  await expect(async () => {
    await workbench.page.keyboard.press("Control+P");
    // By its whole path: a file that is new may not be in VS Code's list yet.
    await workbench.quickInputBox.fill(join(workbench.server.workspace, name));
    await expect(workbench.quickInput.locator(".monaco-list-row.focused")).toContainText(name);
    await workbench.quickInputBox.press("Enter");
    await expect(workbench.page.getByRole("tab", { name: new RegExp(`^${name}`) })).toBeVisible();
    try {
      await expect(lens(workbench, /./).first()).toBeVisible({ timeout: 15_000 });
    } catch (error) {
      await workbench.runCommand("View: Close Editor");
      throw error;
    }
  }).toPass({ timeout: 150_000 });
}

test.beforeEach(async ({ workbench }) => {
  await workbench.openViews();
});

test("what is wrong with a storyboard is said at its place", async ({ workbench, server }) => {
  const lines = ["---", "steps: 2", "---", "", "a red ball on green grass | sed=7", "", "a blue star"];
  await writeFile(join(server.workspace, "broken.storyboard"), `${lines.join("\n")}\n`);
  await openFile(workbench, "broken.storyboard");
  await workbench.runCommand("View: Toggle Problems");
  const problem = workbench.page.getByRole("treeitem", { name: /'sed'/ });
  await expect(problem).toContainText("[Ln 5, Col 29]");
  await expect(lens(workbench, "1 problem to solve first")).toBeVisible();
  await workbench.screenshot("storyboard-problem");

  await workbench.page.locator(".view-line span").getByText("sed", { exact: true }).dblclick();
  await workbench.page.keyboard.type("seed");
  await workbench.page.keyboard.press("Escape");
  await workbench.runCommand("File: Save");
  await expect(problem).toHaveCount(0);
  await workbench.runCommand("View: Toggle Problems");
});

test("a link above a prompt makes its frame, and another one the next take of it", async ({ workbench }) => {
  await openFile(workbench, "broken.storyboard");
  await expect(lens(workbench, "Frame 0: not made yet")).toBeVisible();
  await press(workbench, "Generate this frame", /^Frame 0: (waiting|making|made)/);
  await expect(lens(workbench, /^Frame 0: made, seed 7/)).toBeVisible();
  await expect(lens(workbench, "Frame 1: not made yet")).toBeVisible();
  await expect(workbench.preview.getByRole("img", { name: "broken, frame 0" })).toBeVisible();
  await workbench.screenshot("storyboard-frame");

  await press(workbench, "Make again with another seed", /^Frame 0: (waiting|making|made, seed (?!7,))/);
  await expect(lens(workbench, /^Frame 0: made, seed (?!7,)/)).toBeVisible();
  await expect(lens(workbench, "Frame 1: not made yet")).toBeVisible();
});

test("the lesson's ten prompts become a video of five seconds", async ({ workbench, server }) => {
  await copyFile(LESSON, join(server.workspace, "video_prompts.txt"));
  await openFile(workbench, "video_prompts.txt");
  await press(workbench, "Generate all 10 frames", /^(Waiting|Making|Make the video)/);
  const video = workbench.preview.locator("video");
  await expectPlays(video);
  expect(await video.evaluate((element: HTMLVideoElement) => element.duration)).toBeCloseTo(5, 1);
  await expect(lens(workbench, /^Frame 1: made/)).toBeVisible();
  await workbench.screenshot("storyboard-video");

  await workbench.page.locator(".view-line").filter({ hasText: "Vintage" }).first().hover();
  const picture = workbench.page.locator(".monaco-hover img");
  await expect(picture).toHaveJSProperty("complete", true);
  await expect(picture).not.toHaveJSProperty("naturalWidth", 0);
  await workbench.screenshot("storyboard-hover");
});

test("interactive generation has the next prompt ready", async ({ workbench, server }) => {
  const file = "steps.storyboard";
  await writeFile(join(server.workspace, file), "---\nsteps: 2\n---\n\na red ball\n\na blue star\n");
  await openFile(workbench, file);
  const box = workbench.preview.getByRole("textbox", { name: "Prompt", exact: true });
  await expect(async () => {
    await lens(workbench, "Interactive generation").click({ timeout: 5000 });
    await expect(box).toBeVisible({ timeout: 5000 });
  }).toPass({ timeout: 150_000 });
  await expect(box).toHaveValue("a red ball");
  await box.press("Enter");
  await expect(box).toHaveValue("a blue star");
  await workbench.screenshot("storyboard-interactive");
  await box.fill("a green star");
  await box.press("Enter");
  await expect(lens(workbench, /^Frame 1: made/)).toBeVisible();
  await expect(workbench.page.locator(".view-line").filter({ hasText: "a green star" })).toBeVisible();
});
