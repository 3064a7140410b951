import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ALIASES } from "../../../extension/src/commands";
import { ALLOWED_COMMANDS, parseCommandLink } from "../../../extension/src/lessons/allowedCommands";

test("the ids that Tenstorrent's lessons use run ours, the same as where they are commands", () => {
  for (const [theirs, ours] of Object.entries(ALIASES)) {
    expect(parseCommandLink(`command:${theirs}`)).toEqual({ command: ours, args: [], startsJobs: false });
  }
  expect(Object.keys(ALIASES)).toEqual(["tenstorrent.runHardwareDetection", "tenstorrent.startInteractiveImageGen"]);
});

test.each([
  ['{"prompt":"a ball","parameters":{"seed":1,"fps":8.5},"count":3}'],
  ['[{"prompt":"a ball","parameters":{"seed":1,"fps":8.5},"count":3}]'],
  ["%7B%22prompt%22%3A%22a%20ball%22%2C%22parameters%22%3A%7B%22seed%22%3A1%2C%22fps%22%3A8.5%7D%2C%22count%22%3A3%7D"],
])("arguments are JSON, percent-encoded or not, and an array is spread: %s", (query) => {
  const link = parseCommandLink(`command:ttVideo.generateVideo?${query}`);
  const args = [{ prompt: "a ball", parameters: { seed: 1, fps: 8.5 }, count: 3 }];
  expect(link).toEqual({ command: "ttVideo.generateVideo", args, startsJobs: true });
});

test("each allowed command is one that the extension contributes, or VS Code's own", () => {
  const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { commands: { command: string }[]; views: { ttVideo: { id: string }[] } };
  };
  const known = [
    ...contributes.commands.map(({ command }) => command),
    ...contributes.views.ttVideo.map(({ id }) => `${id}.focus`),
    "workbench.action.openSettings",
  ];
  expect(ALLOWED_COMMANDS.filter((command) => !known.includes(command))).toEqual([]);
});
