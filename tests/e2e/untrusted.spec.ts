// A folder that is not trusted: everything works, and nothing that the folder says decides what is run or written where.
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { expect, test } from "./harness/fixtures";
import { expectPlays, videoOf } from "./harness/video";

const FOREIGN = {
  "ttVideo.python.interpreter": "/nowhere/python",
  "ttVideo.worker.environment": { TTVIDEO_FOREIGN: "1" },
  "ttVideo.output.folder": "${workspaceFolder}/outputs",
};

test.use({
  setup: {
    workspaceTrust: true,
    settings: { "security.workspace.trust.startupPrompt": "never" },
    workspace: { ".vscode/settings.json": JSON.stringify(FOREIGN) },
  },
});

test("a folder that is not trusted sets neither Python nor environment nor output folder", async ({
  workbench,
  server,
}) => {
  await expect(workbench.page.getByText("Restricted Mode").first()).toBeVisible();
  await workbench.openViews();
  const prompt = "a red heart spinning";
  await workbench.generate(prompt);
  await expectPlays(videoOf(workbench.preview, prompt));
  const environment = readFileSync(`/proc/${await server.worker()}/environ`, "utf8").split("\0");
  expect(environment.filter((each) => each.startsWith("TTVIDEO_FOREIGN"))).toEqual([]);
  expect((await readdir(server.scratchpad)).join()).toContain("a-red-heart-spinning");
  expect(await readdir(server.workspace)).toEqual([".vscode"]);
  await workbench.screenshot("untrusted");
});
