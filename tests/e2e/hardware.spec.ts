// What people see of Tenstorrent boards: the page Hardware and the status bar, with boards that TTVIDEO_BOARD simulates.
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { expectAccessible } from "./harness/axe";
import { expect, test } from "./harness/fixtures";

const TTNN = resolve("build/ttnn/bin/python");

test.use({ setup: { environment: { TTVIDEO_BOARD: "n300", TTVIDEO_TTNN_PYTHON: TTNN } } });

test("a simulated board is on its page and in the status bar, and marked as such", async ({ workbench }) => {
  await workbench.runCommand("TT Video: Detect Hardware");
  const page = workbench.devices;
  await expect(page.getByRole("heading", { name: "Tenstorrent N300" })).toBeVisible();
  await expect(page.getByText("simulated", { exact: true }).first()).toBeVisible();
  await expect(page.locator(".chip")).toHaveCount(2);
  await expect(page.locator(".problems")).toContainText("The boards are simulated, because TTVIDEO_BOARD is set");
  await expect(page.getByText("MESH_DEVICE=N300")).toBeVisible();
  await workbench.screenshot("hardware-simulated");
  await expectAccessible(page, "the page Hardware");

  await expect(page.getByRole("radio", { name: /^Automatic/ })).toBeChecked();
  await expect(page.getByRole("radio", { name: /^NVIDIA GPU/ })).toBeDisabled();
  await page.getByRole("radio", { name: /^CPU/ }).check();
  await expect(page.getByRole("radio", { name: /^CPU/ })).toBeChecked();

  await workbench.runCommand("View: Close All Editors");
  await workbench.statusBarItem("N300 (simulated)").click();
  await expect(page.getByRole("heading", { name: "Tenstorrent N300" })).toBeVisible();
});

test("a reset says first what it does, and then why simulated boards are not reset", async ({ workbench }) => {
  // A page that is only brought to the front takes the focus at a time that cannot be seen, and a palette closes then.
  await workbench.runCommand("View: Close All Editors");
  await workbench.runCommand("TT Video: Detect Hardware");
  await expect(workbench.devices.getByRole("heading", { name: "Tenstorrent N300" })).toBeVisible();
  await workbench.runCommand("TT Video: Reset Boards");
  const question = workbench.message("Reset the Tenstorrent N300 (simulated)?");
  await expect(question).toContainText("the queue is paused");
  await workbench.screenshot("hardware-reset-question");
  await question.getByRole("button", { name: "Reset", exact: true }).click();
  await expect(workbench.message("there is nothing to reset")).toBeVisible();
  await expect(workbench.devices.getByText("The boards were not reset.")).toBeVisible();
  await workbench.screenshot("hardware-reset-refused");
});

test("what fits a board is found out without one", async ({ workbench }) => {
  test.skip(!existsSync(TTNN), "There is no Python with ttnn: .ci/ttnn makes one.");
  await workbench.dismissMessages();
  await workbench.runCommand("TT Video: Check What Fits a Board");
  const page = workbench.devices;
  await expect(page.getByLabel("Model", { exact: true })).toBeFocused();
  await expect(page.getByLabel("Board", { exact: true })).toHaveValue("n300");
  await page.getByLabel("Frames").fill("8");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.locator(".verdict")).toContainText("Bundled small model, 128×128, 8 frames, on N300");
  await expect(page.locator(".verdict .badge")).toHaveText("fits");
  await expect(page.getByText("Validated on a mock N300 with ttnn 0.81.1.")).toBeVisible();
  await page.getByText("Validated on a mock").scrollIntoViewIfNeeded();
  await workbench.screenshot("hardware-preflight");
  await expectAccessible(page, "the page Hardware with a preflight");
});
