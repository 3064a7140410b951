// A machine where no Python has the worker: every command does what it can, or says what to do.
import { expect, test } from "./harness/fixtures";
import { contributedCommands } from "./harness/manifest";

test.use({ setup: { python: null } });

const NOT_SET_UP = /not set up on this machine yet/;
/** These do their work without a worker. */
const WITHOUT_WORKER = [
  "Open Lesson",
  "Set Up Worker",
  "Select Python Interpreter",
  "Set Hugging Face Token",
  "Show Log",
];
/** Opens the preview, which says it. */
const IN_PREVIEW = "Start Interactive Generation";

test("the views say what is missing, with a button for it", async ({ workbench }) => {
  await workbench.openViews();
  await expect(workbench.section("Jobs").getByRole("button", { name: "Set Up Worker" })).toBeVisible();
  await expect(workbench.preview.getByRole("button", { name: "Set Up Worker" })).toBeVisible();
  await expect(workbench.statusBarItem("Set Up")).toBeVisible();
  await workbench.screenshot("not-set-up");
});

test("every command that needs the worker says that it is not set up", async ({ workbench }) => {
  const silent = [...WITHOUT_WORKER, IN_PREVIEW];
  for (const title of contributedCommands().filter((each) => !silent.includes(each))) {
    await test.step(title, async () => {
      await workbench.runCommand(`TT Video: ${title}`);
      await expect(workbench.message(NOT_SET_UP)).toBeVisible();
      await expect(workbench.messages).toHaveCount(1);
      await expect(workbench.quickInput).toBeHidden();
      await workbench.dismissMessages();
    });
  }
  workbench.forget(NOT_SET_UP);
});

test("the others do what they say", async ({ workbench }) => {
  await workbench.runCommand(`TT Video: ${IN_PREVIEW}`);
  await expect(workbench.preview.getByRole("button", { name: "Set Up Worker" })).toBeVisible();
  // The cursor comes into the prompt box when the view is drawn, and a palette that is open by then closes.
  await expect(workbench.preview.getByRole("textbox", { name: "Prompt", exact: true })).toBeFocused();
  await workbench.runCommand("TT Video: Open Lesson");
  await workbench.choice("Your first video").click();
  await expect(workbench.lesson.getByRole("heading", { level: 1 })).toHaveText("Your first video");
  await workbench.runCommand("TT Video: Show Log");
  await expect(workbench.page.locator(".part.panel").getByText("The worker is starting").first()).toBeVisible();
  await workbench.runCommand("TT Video: Select Python Interpreter");
  // By its title: the palette that the command was chosen in may still be there.
  await expect(workbench.quickInput.locator(".quick-input-title")).toHaveText("Select Python Interpreter");
  await workbench.page.keyboard.press("Escape");
  await workbench.runCommand("TT Video: Set Up Worker");
  await expect(workbench.message("Download: about")).toBeVisible();
  await workbench.message("Download: about").getByRole("button", { name: "Cancel" }).click();
  await expect(workbench.messages).toHaveCount(0);
});
