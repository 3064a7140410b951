// Models that are not bundled: chosen, told apart by what is installed, and run; what a download would be.
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "./harness/fixtures";
import { PYTHON } from "./harness/server";
import { expectPlays, videoOf } from "./harness/video";

const MODELS = resolve("build/e2e/models");
const MAKE = `
import sys
from pathlib import Path
sys.path[:0] = ["tests", "worker"]
from support.random_clips import make_clip_models
make_clip_models(Path(sys.argv[1]), "wan2.1-1.3b")
`;

test.use({
  setup: { environment: { TTVIDEO_MODELS: MODELS, TTVIDEO_CACHE: `${MODELS}-cache`, HF_HOME: `${MODELS}-hub` } },
});

test.beforeAll(async () => {
  await promisify(execFile)(PYTHON, ["-c", MAKE, MODELS]);
});

test.beforeEach(async ({ workbench }) => {
  await workbench.openViews();
});

test("a clip is made with another model, which says what it needs", async ({ workbench }) => {
  const prompt = "a cat in the rain";
  await workbench.runCommand("TT Video: Generate Video");
  await workbench.quickInputBox.fill(prompt);
  await expect(workbench.quickInput.locator(".monaco-list-row.focused")).toContainText(prompt);
  await workbench.quickInputBox.press("Enter");
  await workbench.choice(/^Model/).click();
  await expect(workbench.choice("Stable Diffusion XL")).toContainText("not downloaded yet, 6.9 GB");
  await workbench.screenshot("models");
  await workbench.choice(/^Wan/).click();
  const now = workbench.choice("Generate Now");
  for (const [field, value] of Object.entries({ Steps: "4", Frames: "9", Width: "64", Height: "64" })) {
    await expect(now).toBeVisible();
    await workbench.choice(new RegExp(`^${field}`)).click();
    await expect(now).toBeHidden();
    await workbench.answer(value);
  }
  await expect(now).toContainText("9 frames, 4 steps");
  await workbench.screenshot("model-parameters");
  await workbench.quickInputBox.press("Enter");
  await expectPlays(videoOf(workbench.preview, prompt), 64);
  await expect(workbench.preview.getByText(/Wan 2\.1 1\.3B, \w+: needs about/)).toBeVisible();
  await workbench.screenshot("model-made");
});

test("a model that is not here says so, with a button that fetches it", async ({ workbench }) => {
  await workbench.runCommand("TT Video: Download Model");
  await expect(workbench.choice("Stable Diffusion XL")).toBeVisible();
  await workbench.screenshot("download-model");
  // One that is small: with less room than a model needs there is no question, but a refusal.
  await workbench.quickInputBox.fill("AnimateDiff's motion");
  const row = workbench.choice("AnimateDiff's motion, v1.5.2");
  await expect(row).toContainText("Apache-2.0");
  await row.click();
  const question = workbench.message("Download AnimateDiff's motion");
  await expect(question).toContainText("are free for");
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(workbench.messages).toHaveCount(0);
});
