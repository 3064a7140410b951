import { expect, it } from "vitest";
import { plainText } from "../../extension/src/plainText";

it("leaves no link for VS Code's messages to make of somebody's text", () => {
  const hostile = "[click](command:workbench.action.quit) and [here](https://example.com)";
  // How VS Code finds links in messages.
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
  expect(hostile).toMatch(link);
  expect(plainText(hostile)).not.toMatch(link);
  expect(plainText("a red ball (bouncing) [1]")).toBe("a red ball (bouncing) [1]");
});
