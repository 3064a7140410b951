// What package.json says the extension contributes.
import manifest from "../../../package.json";

/** Titles of the commands that the palette shows, after the category. */
export function contributedCommands(): string[] {
  const { commands, menus } = manifest.contributes;
  const hidden = menus.commandPalette.filter(({ when }) => when === "false").map(({ command }) => command);
  return commands.filter(({ command }) => !hidden.includes(command)).map(({ title }) => title);
}
