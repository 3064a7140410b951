// Each lesson's page, in a dark and a light theme: pictures to be looked at, and that nothing in it is missing.
import { expectAccessible } from "./harness/axe";
import { expect, test } from "./harness/fixtures";

test.use({ setup: {} });

const LESSONS = [
  "Your first video",
  "Motion and editing",
  "What each parameter does",
  "Native video models",
  "Know your hardware",
  "Video from a storyboard",
  "AnimateDiff and temporal attention",
  "The package animatediff_ttnn",
];

test("every lesson opens, whole, in dark and in light", async ({ workbench }) => {
  await workbench.openViews();
  for (const [name, theme] of [
    ["dark", "Dark 2026"],
    ["light", "Light 2026"],
  ] as const) {
    await workbench.chooseTheme(theme);
    for (const title of LESSONS) {
      // By its command: the view shows no more lessons than it has room for.
      await workbench.runCommand("TT Video: Open Lesson");
      await workbench.answer(title);
      await expect(workbench.lesson.getByRole("heading", { level: 1 })).toHaveText(title);
      await expect(workbench.lesson.locator("[data-requirement]").first()).toContainText("The worker");
      const broken = await workbench.lesson.locator("img").evaluateAll(async (images) => {
        const settled = images.map(async (image) => {
          const { src } = image as HTMLImageElement;
          // Rejects for a picture that is missing or broken, once that is known.
          return (image as HTMLImageElement).decode().then(
            () => [],
            () => [src],
          );
        });
        return (await Promise.all(settled)).flat();
      });
      expect(broken).toEqual([]);
      await workbench.screenshot(`lesson-${name}-${title.toLowerCase().replaceAll(" ", "-")}`);
      await expectAccessible(workbench.lesson, `${title}, ${name}`);
      await workbench.runCommand("View: Close Editor");
    }
  }
});

test("a button of a lesson makes an experiment, whose videos are shown side by side", async ({ workbench }) => {
  await workbench.openViews();
  await workbench.openLesson("What each parameter does");
  await workbench.lesson.getByRole("button", { name: "Compare 8 and 16 frames", exact: true }).click();
  await expect(workbench.lesson.locator("[data-step='3'][data-done]")).toBeVisible({ timeout: 150_000 });
  await expect(workbench.preview.getByRole("region", { name: "Output", exact: true })).toBeVisible();
  await workbench.screenshot("lesson-experiment");
  await workbench.lesson.getByRole("button", { name: "Start over" }).click();
  await expect(workbench.lesson.locator("[data-step='3'][data-done]")).toHaveCount(0);
});
