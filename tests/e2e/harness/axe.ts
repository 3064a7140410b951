// Accessibility, as axe-core sees it, of a webview's document.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { expect, type FrameLocator } from "@playwright/test";
import type axe from "axe-core";

const SOURCE = readFileSync(createRequire(__filename).resolve("axe-core/axe.min.js"), "utf8");

export async function expectAccessible(webview: FrameLocator, what: string): Promise<void> {
  const root = await webview.locator(":root").elementHandle();
  const frame = await root.ownerFrame();
  if (!frame) {
    throw new Error(`${what} has no document.`);
  }
  // The page of a view is transparent: axe has to be told what VS Code paints behind it.
  await frame.evaluate(() => {
    document.documentElement.style.backgroundColor = "var(--vscode-sideBar-background)";
  });
  // The debugger may run what the page's own content security policy would not let in.
  await frame.evaluate(SOURCE);
  const { violations, passes } = await frame.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  const found = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => `${node.failureSummary ?? ""} ${node.html}`).join(" ")}`,
  );
  expect(found, `accessibility of ${what}`).toEqual([]);
  expect(passes.length, "rules that were applied").toBeGreaterThan(5);
}
