// Set Up Worker for real: from the wheel in the VSIX, with pip or uv as this machine has them configured, to a video.
// It downloads PyTorch; `npx playwright test --project=setup` runs it alone.
import { readFileSync } from "node:fs";

import { expect, test } from "./harness/fixtures";
import { expectPlays, videoOf } from "./harness/video";

test.use({ setup: { python: null } });

test("on a machine without a worker, Set Up Worker makes one that makes a video", async ({ workbench, server }) => {
  test.setTimeout(900_000);
  await workbench.openViews();
  await workbench.section("Jobs").getByRole("button", { name: "Set Up Worker" }).click();
  const plan = workbench.message("Download: about");
  await expect(plan).toContainText("that are free");
  await workbench.screenshot("set-up-plan");
  await plan.getByRole("button", { name: "Set Up" }).click();
  await expect(workbench.message(/Installing/)).toBeVisible();
  await workbench.screenshot("set-up-progress");
  const ready = workbench.statusBarItem("TT Video: CPU");
  const failed = workbench.page
    .locator(".notification-toast")
    .filter({ has: workbench.page.locator(".codicon-error") });
  await expect(ready.or(failed).first()).toBeVisible({ timeout: 800_000 });
  await expect(failed).toHaveCount(0);

  const prompt = "a red ball bouncing on the beach";
  await workbench.generate(prompt);
  await expectPlays(videoOf(workbench.preview, prompt));
  const [python] = readFileSync(`/proc/${await server.worker()}/cmdline`, "utf8").split("\0");
  expect(python).toContain(server.folder);
});
