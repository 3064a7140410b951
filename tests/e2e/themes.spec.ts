// The views in the four kinds of theme: pictures to be looked at, and what axe-core finds.
import { expectAccessible } from "./harness/axe";
import { expect, test } from "./harness/fixtures";
import { expectPlays, videoOf } from "./harness/video";

test.use({ setup: {} });

const THEMES = [
  ["dark", "Dark 2026", "vscode-dark"],
  ["light", "Light 2026", "vscode-light"],
  ["high-contrast", "Dark High Contrast", "vscode-high-contrast"],
  ["high-contrast-light", "Light High Contrast", "vscode-high-contrast-light"],
] as const;

for (const [name, theme, kind] of THEMES) {
  test(`preview and lesson in the ${name} theme`, async ({ workbench }) => {
    const prompt = "a yellow star orbiting the moon";
    await workbench.chooseTheme(theme);
    await workbench.openViews();
    if ((await workbench.job(prompt, "done").count()) === 0) {
      await workbench.generate(prompt);
      await workbench.runCommand("TT Video: Start Interactive Generation");
      await workbench.preview.getByRole("button", { name: "Parameters" }).click();
    }
    await expectPlays(videoOf(workbench.preview, prompt));
    await workbench.openLesson("Your first video");

    await expect(workbench.preview.locator(`body[data-vscode-theme-kind="${kind}"]`)).toBeVisible();
    await expect(workbench.lesson.locator(`body[data-vscode-theme-kind="${kind}"]`)).toBeVisible();
    await workbench.screenshot(`theme-${name}`);
    await expectAccessible(workbench.preview, `the Output Preview, ${name}`);
    await expectAccessible(workbench.lesson, `the lesson page, ${name}`);
  });
}
