import { expect, it } from "vitest";
import { ALIASES, commands, type Rooms } from "../../extension/src/commands";
import { BUTTONS } from "../../extension/src/failureButtons";
import { DEVICE_COMMANDS, PREVIEW_COMMANDS } from "../../extension/src/shared/protocol";
import manifest from "../../package.json";

// The table is only read here: no handler is called, so no room is entered.
const registered = Object.keys(commands({} as Rooms));
const contributed = manifest.contributes.commands.map((each) => each.command);

it("what is contributed is registered, and nothing else", () => {
  expect([...registered].sort()).toEqual([...contributed].sort());
});

it("the aliases stand for commands that there are, and are not contributed", () => {
  expect(registered).toEqual(expect.arrayContaining(Object.values(ALIASES)));
  expect(contributed.filter((id) => id in ALIASES)).toEqual([]);
});

it("menus, buttons of messages and pages run only commands that there are", () => {
  const menus = Object.values(manifest.contributes.menus).flat();
  const used = [
    ...menus.map((item) => item.command),
    ...Object.values(BUTTONS).flatMap((buttons) => buttons.map((button) => button.command)),
    ...PREVIEW_COMMANDS,
    ...DEVICE_COMMANDS,
    ...manifest.contributes.viewsWelcome.flatMap((each) => links(each.contents)),
    ...Object.values(manifest.contributes.configuration.properties).flatMap((each) => links(each.markdownDescription)),
  ];
  expect(used.length).toBeGreaterThan(30);
  expect(used.filter((id) => !registered.includes(id))).toEqual([]);
});

it("every command has its category and an own title", () => {
  expect(manifest.contributes.commands.filter((each) => each.category !== "TT Video")).toEqual([]);
  expect(new Set(manifest.contributes.commands.map((each) => each.title)).size).toBe(contributed.length);
});

function links(text: string): string[] {
  return [...text.matchAll(/\(command:([\w.]+)/g)].map((match) => match[1] ?? "");
}
