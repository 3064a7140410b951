import MarkdownIt from "markdown-it";
import { expect, it } from "vitest";
import { escapeMarkdown, plainText } from "../../extension/src/plainText";

it("leaves no link for VS Code's messages to make of somebody's text", () => {
  const hostile = "[click](command:workbench.action.quit) and [here](https://example.com)";
  // How VS Code finds links in messages.
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
  expect(hostile).toMatch(link);
  expect(plainText(hostile)).not.toMatch(link);
  expect(plainText("a red ball (bouncing) [1]")).toBe("a red ball (bouncing) [1]");
});

it.each([
  "[click](command:workbench.action.quit)",
  "<b>bold</b> & <img src=x onerror=alert(1)>",
  "# a *star* _over_ `hills` ~~gone~~",
  "1. https://example.com www.example.com a@example.com",
  "| a | b |\\",
])("Markdown shows %j as it stands", (text) => {
  const markdown = new MarkdownIt({ html: true, linkify: true });
  expect(markdown.render(escapeMarkdown(text))).toBe(`<p>${markdown.utils.escapeHtml(text)}</p>\n`);
});

it("in Markdown it stays on one line", () => {
  expect(escapeMarkdown("a\n\n- b\t c")).toBe("a \\- b c");
});
