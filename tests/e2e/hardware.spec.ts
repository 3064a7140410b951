// What people see of Tenstorrent boards: the page Hardware and the status bar, with boards that TTVIDEO_BOARD simulates.
import { expectAccessible } from "./harness/axe";
import { expect, test } from "./harness/fixtures";

test.use({ setup: { environment: { TTVIDEO_BOARD: "n300" } } });

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
  await expect(page.getByRole("radio", { name: /^Tenstorrent/ })).toBeDisabled();
  await page.getByRole("radio", { name: /^CPU/ }).check();
  await expect(page.getByRole("radio", { name: /^CPU/ })).toBeChecked();

  await workbench.runCommand("View: Close All Editors");
  await workbench.statusBarItem("N300 (simulated)").click();
  await expect(page.getByRole("heading", { name: "Tenstorrent N300" })).toBeVisible();
});

test("a reset says first what it does, and then why simulated boards are not reset", async ({ workbench }) => {
  await workbench.runCommand("TT Video: Reset Boards");
  const question = workbench.message("Reset the Tenstorrent N300 (simulated)?");
  await expect(question).toContainText("the queue is paused");
  await workbench.screenshot("hardware-reset-question");
  await question.getByRole("button", { name: "Reset", exact: true }).click();
  await expect(workbench.message("there is nothing to reset")).toBeVisible();
  await expect(workbench.devices.getByText("The boards were not reset.")).toBeVisible();
  await workbench.screenshot("hardware-reset-refused");
});
