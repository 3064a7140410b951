// The prompt box of the Output Preview, and what becomes of it and of a running job when the window is reloaded.
import { expect, test } from "./harness/fixtures";
import { expectPlays, videoOf } from "./harness/video";
import { MOST_STEPS, type Workbench } from "./harness/workbench";

test.use({ setup: {} });

const FIRST = "a green heart growing";
const SECOND = "a white moon rising over the sea";

function box(workbench: Workbench) {
  return workbench.preview.getByRole("textbox", { name: "Prompt", exact: true });
}

test.describe.configure({ mode: "serial" });

test("two prompts in a row: the second waits while the first one runs", async ({ workbench }) => {
  await workbench.openViews();
  await workbench.runCommand("TT Video: Start Interactive Generation");
  await expect(box(workbench)).toBeFocused();
  await workbench.page.keyboard.type(FIRST);
  await workbench.page.keyboard.press("Enter");
  await expect(box(workbench)).toHaveValue("");
  await workbench.page.keyboard.type(SECOND);
  await workbench.page.keyboard.press("Enter");

  await expect(workbench.preview.getByRole("list", { name: "Waiting" })).toContainText(SECOND);
  await expect(workbench.preview.getByRole("progressbar", { name: `Progress of ${FIRST}` })).toBeVisible();
  await workbench.screenshot("interactive");
  await expectPlays(videoOf(workbench.preview, SECOND));
  // The first one was shown until then, which on a busy machine is over before a test has looked.
  const outputs = workbench.preview.getByRole("listbox", { name: "Latest outputs" }).getByRole("option");
  await expect(outputs).toHaveCount(2);
  await workbench.preview.getByRole("option", { name: FIRST }).click();
  await expectPlays(videoOf(workbench.preview, FIRST));
});

test("the arrow keys bring earlier prompts back", async ({ workbench }) => {
  await box(workbench).focus();
  await workbench.page.keyboard.press("ArrowUp");
  await expect(box(workbench)).toHaveValue(SECOND);
  await workbench.page.keyboard.press("ArrowUp");
  await expect(box(workbench)).toHaveValue(FIRST);
  await workbench.page.keyboard.press("ArrowDown");
  await expect(box(workbench)).toHaveValue(SECOND);
});

test("words that the model does not know are marked", async ({ workbench }) => {
  await box(workbench).fill("a red zeppelin");
  await expect(workbench.preview.locator("mark")).toHaveText("zeppelin");
});

test("a reloaded window shows the same output, prompt box and half written prompt", async ({ workbench }) => {
  await box(workbench).fill("a red ball and");
  const strip = workbench.preview.getByRole("listbox", { name: "Latest outputs" });
  const older = strip.getByRole("option", { name: FIRST });
  await older.click();
  await expect(videoOf(workbench.preview, FIRST)).toBeVisible();
  await workbench.reload();

  await expect(videoOf(workbench.preview, FIRST)).toBeVisible();
  await expect(older).toHaveAttribute("aria-selected", "true");
  await expect(strip.getByRole("option")).toHaveCount(2);
  await expect(box(workbench)).toHaveValue("a red ball and");
});

test("a job that runs when the window is reloaded goes on at its kept step", async ({ workbench }) => {
  const prompt = "a red square turning";
  await workbench.generate(prompt, MOST_STEPS);
  const goOn = await workbench.hold(prompt);
  await workbench.reload(goOn);

  await expect(workbench.message(/goes on after step [1-9]/)).toContainText(prompt);
  await expectPlays(videoOf(workbench.preview, prompt));
  await expect(workbench.job(prompt, "done")).toBeVisible();
});
