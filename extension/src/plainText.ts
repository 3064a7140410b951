// Text of other people for VS Code's messages, which make links, also such that run commands, of `[label](command:…)`.

/** Says the same and holds no link. */
export function plainText(text: string): string {
  return text.replaceAll("](", "] (");
}
