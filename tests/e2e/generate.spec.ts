// A prompt becomes a video, from the palette; and what a person can do with a job that runs.
import { expect, test } from "./harness/fixtures";
import { expectPlays, videoOf } from "./harness/video";
import { MOST_STEPS } from "./harness/workbench";

test.use({ setup: {} });

test.beforeEach(async ({ workbench }) => {
  await workbench.openViews();
});

test("Generate Video with its defaults makes a clip that plays", { tag: "@oldest" }, async ({ workbench }) => {
  const prompt = "a red ball bouncing on green grass";
  await workbench.generate(prompt);
  await expect(workbench.job(prompt, "running")).toBeVisible();
  await expectPlays(videoOf(workbench.preview, prompt));
  await expect(workbench.job(prompt, "done")).toBeVisible();
  await expect(workbench.messages).toHaveCount(0);
  await workbench.screenshot("generated");
});

test("a job is cancelled and resumed from the view Jobs", async ({ workbench }) => {
  const prompt = "a blue star rising over purple mountains";
  await workbench.generate(prompt, MOST_STEPS);
  const goOn = await workbench.hold(prompt);
  await workbench.screenshot("running");
  await workbench.press(workbench.job(prompt, "running"), "Cancel Job");
  goOn();
  const cancelled = workbench.job(prompt, "cancelled");
  await expect(cancelled).toHaveAttribute("aria-label", /Resume goes on after step [1-9]/);
  const kept = Number(/after step (\d+)/.exec((await cancelled.getAttribute("aria-label")) ?? "")?.[1]);

  await workbench.press(cancelled, "Resume Job");
  const resumed = workbench.job(prompt, "running, denoising [1-9]");
  await expect(resumed).toBeVisible();
  const step = Number(/denoising (\d+)/.exec((await resumed.getAttribute("aria-label")) ?? "")?.[1]);
  expect(step, "goes on where it stopped").toBeGreaterThanOrEqual(kept);
  await expectPlays(videoOf(workbench.preview, prompt));
});

test("the worker is killed: that is said, and the job goes on where it was", async ({ workbench, server }) => {
  const prompt = "a yellow moon over a blue sea";
  await workbench.generate(prompt, MOST_STEPS);
  await workbench.hold(prompt);
  process.kill(await server.worker(), "SIGKILL");

  await expect(workbench.message(/was interrupted/)).toContainText(prompt);
  const interrupted = workbench.job(prompt, "interrupted");
  await expect(interrupted).toHaveAttribute("aria-label", /Resume goes on after step [1-9]/);
  await workbench.screenshot("interrupted");
  await workbench
    .message(/was interrupted/)
    .getByRole("button", { name: "Resume" })
    .click();
  await expectPlays(videoOf(workbench.preview, prompt));
  await expect(workbench.job(prompt, "done")).toBeVisible();
  await workbench.dismissMessages();
});
