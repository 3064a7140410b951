// What every test gets: a server and a page with its workbench, both shared by the tests of a file.
import { test as base, expect } from "@playwright/test";

import { CodeServer, PYTHON, type ServerOptions } from "./server";
import { Workbench } from "./workbench";

export interface EditorOptions {
  /** Of code-server */
  version: string;
  /** What differs from a machine where an interpreter is set; a file that has its own gets its own server */
  setup: Partial<Omit<ServerOptions, "version">>;
}

interface WorkerFixtures extends EditorOptions {
  server: CodeServer;
  /** The one page of the file */
  opened: Workbench;
}

interface TestFixtures {
  workbench: Workbench;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  version: ["", { scope: "worker", option: true }],
  setup: [{}, { scope: "worker", option: true }],

  server: [
    async ({ version, setup }, use) => {
      const server = await CodeServer.start({ version, python: PYTHON, ...setup });
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  opened: [
    async ({ browser, server }, use) => {
      const context = await browser.newContext({ viewport: { width: 1680, height: 1000 } });
      const workbench = new Workbench(await context.newPage(), server);
      await workbench.open();
      await use(workbench);
      await context.close();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  workbench: async ({ opened }, use) => {
    opened.errors.length = 0;
    await use(opened);
    expect(opened.errors, "errors in the console").toEqual([]);
  },
});

export { expect };
