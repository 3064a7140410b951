// What package.json says the extension contributes.
import manifest from "../../../package.json";

/** Titles of the commands, as the palette shows them after the category. */
export function contributedCommands(): string[] {
  return manifest.contributes.commands.map(({ title }) => title);
}
