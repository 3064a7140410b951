// Runs suite.ts inside the extension host, as VS Code's own test runner does.
import { join } from "node:path";

import { build } from "esbuild";

import { expect, test } from "../e2e/harness/fixtures";

test.use({ setup: { extraArguments: ["--vscode-option", "enable-smoke-test-driver"] } });

test("inside the extension host: lazy, and every command is contributed and registered", async ({ page, server }) => {
  const suite = join(server.folder, "suite");
  await build({
    entryPoints: [join(__dirname, "suite.ts")],
    outfile: join(suite, "index.js"),
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode"],
    logLevel: "warning",
  });
  const said: string[] = [];
  const ended = new Promise<number>((resolve) => {
    void page.exposeFunction("codeAutomationExit", resolve);
  });
  await page.exposeFunction("codeAutomationLog", (_type: string, args: unknown[]) => said.push(args.join(" ")));
  const { host } = new URL(server.url);
  const payload = [
    ["extensionDevelopmentPath", `vscode-remote://${host}${await server.extension()}`],
    ["extensionTestsPath", `vscode-remote://${host}${suite}/index.js`],
  ];
  const query = new URLSearchParams({ folder: server.workspace, payload: JSON.stringify(payload) });
  await page.goto(`${server.url}/?${query.toString()}`);
  expect(await ended, said.join("\n")).toBe(0);
  console.log(said.filter((line) => line.includes("activated")).join("\n"));
});
