// A lesson that was tampered with: what is wrong in it shows as text, and nothing of it runs.
import { expect, test } from "./harness/fixtures";

const LESSON = `---
id: hostile
title: Hostile <b>lesson</b>
description: "<img src=x onerror='globalThis.pwned=1'>"
category: basics
order: 1
tags: [prompt]
supportedHardware: [cpu]
status: draft
estimatedMinutes: 1
---

<script>globalThis.pwned = 1</script>
<img src=x onerror="globalThis.pwned=1">

## 1. Do not press

[Allowed](command:ttVideo.showLog)
[Refused](command:workbench.action.closeWindow)
[Arguments](<command:ttVideo.generateVideo?{"prompt":"x","outputFolder":"/"}>)
[Script](javascript:globalThis.pwned=1)
[Local](file:///etc/passwd)
![Outside](../../../../etc/passwd.png)
`;

test.use({ setup: { lessons: { "hostile.md": LESSON } } });

test("script, foreign commands and files outside are text", async ({ workbench }) => {
  await workbench.openViews();
  await workbench.openLesson("Hostile <b>lesson</b>");
  const { lesson, page } = workbench;
  await expect(lesson.getByText("<script>globalThis.pwned = 1</script>")).toBeVisible();
  await expect(lesson.getByText("<img src=x onerror='globalThis.pwned=1'>")).toBeVisible();
  await expect(lesson.getByRole("button", { name: "Allowed", exact: true })).toBeVisible();
  for (const name of ["Refused", "Arguments", "Script", "Local"]) {
    await expect(lesson.getByText(name, { exact: true })).toBeVisible();
    await expect(lesson.getByRole("button", { name, exact: true })).toHaveCount(0);
    await expect(lesson.getByRole("link", { name })).toHaveCount(0);
  }
  await expect(lesson.locator("article img, article script, article iframe")).toHaveCount(0);
  for (const frame of page.frames()) {
    expect(await frame.evaluate(() => "pwned" in globalThis)).toBe(false);
  }
  await workbench.screenshot("hostile-lesson");
});
