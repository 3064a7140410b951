// Shell blocks of lessons name the folder of the deployed package as Tenstorrent's own lessons do: {{projectPath}}.

const PLACEHOLDER = "{{projectPath}}";

/** With the folder as one word of a shell, whatever is in its name. */
export function withProjectPath(code: string, folder: string): string {
  return code.replaceAll(PLACEHOLDER, () => shellWord(folder));
}

function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** What would be shown as it stands: another name, or the folder where no shell reads it. */
export function unknownPlaceholder(language: string, code: string): string | null {
  const found = code.match(/\{\{\w+\}\}/g) ?? [];
  return found.find((each) => each !== PLACEHOLDER || language !== "bash") ?? null;
}
