// What somebody meets who knows nothing: the walkthrough and the first lesson, whose ticks follow what happened.
import { expect, test } from "./harness/fixtures";
import { expectPlays, videoOf } from "./harness/video";
import type { Workbench } from "./harness/workbench";

test.use({ setup: {} });
test.describe.configure({ mode: "serial" });

const STEPS = [
  "Set up the worker",
  "See what this machine has",
  "Make a video",
  "Watch it play",
  "Type prompt after prompt",
  "Take a lesson",
];
const PROMPT = "a red ball bouncing on green grass";

function step(workbench: Workbench, title: string) {
  return workbench.page.locator(".getting-started-step").filter({ hasText: title });
}

async function openWalkthrough(workbench: Workbench): Promise<void> {
  await workbench.runCommand("Welcome: Open Walkthrough...");
  await workbench.choice("TT Video Lab").click();
  await expect(workbench.page.locator(".getting-started-step")).toHaveCount(STEPS.length);
}

test("the walkthrough opens with nothing done", async ({ workbench }) => {
  await openWalkthrough(workbench);
  for (const title of STEPS) {
    await expect(step(workbench, title)).toBeVisible();
  }
  await expect(workbench.page.locator(".getting-started-step .codicon.complete")).toHaveCount(0);
  await workbench.screenshot("walkthrough");
});

test("a lesson's button makes a video that plays, and the lesson's step ticks", async ({ workbench }) => {
  await workbench.openViews();
  await workbench.openLesson("Your first video");
  const { lesson } = workbench;
  const heading = lesson.getByRole("heading", { name: "1. Make a video" });
  await expect(heading).not.toHaveAttribute("data-done");
  await lesson.getByRole("button", { name: "Make the video", exact: true }).click();
  await expect(lesson.getByRole("progressbar", { name: "Progress of: Make the video" })).toBeVisible();
  await expect(heading).not.toHaveAttribute("data-done");
  await workbench.screenshot("lesson-running");

  await expectPlays(videoOf(workbench.preview, PROMPT));
  await expect(heading).toHaveAttribute("data-done");
  await expect(lesson.getByText(/^1 of \d+ steps done$/)).toBeVisible();
  await expect(workbench.section("Lessons").getByRole("treeitem", { name: /^Your first video,.* 1 of/ })).toBeVisible();
  await workbench.screenshot("lesson-done");
});

test("Run in Terminal shows the line and leaves it to the person to run it", async ({ workbench }) => {
  await workbench.lesson
    .getByRole("button", { name: /^Run in Terminal/ })
    .first()
    .click();
  const terminal = workbench.page.locator(
    ".terminal-wrapper.active .xterm-accessibility-tree, .terminal-wrapper.active",
  );
  await expect(terminal.first()).toBeVisible();
  await workbench.screenshot("lesson-terminal");
  await workbench.runCommand("Terminal: Kill All Terminals");
});

test("the walkthrough has ticked what was done, and only that", async ({ workbench }) => {
  await workbench.runCommand("TT Video: Start Interactive Generation");
  await expect(workbench.preview.getByRole("textbox", { name: "Prompt", exact: true })).toBeFocused();
  await openWalkthrough(workbench);
  const done = ["Set up the worker", "Make a video", "Watch it play", "Type prompt after prompt"];
  for (const title of STEPS) {
    await expect(step(workbench, title).locator(".codicon.complete")).toHaveCount(done.includes(title) ? 1 : 0);
  }
  await workbench.screenshot("walkthrough-ticked");
});
