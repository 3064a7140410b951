// Which words of a prompt the model never learned. The rule for what a word is, is the worker's.

export interface Part {
  readonly text: string;
  readonly known: boolean;
}

const WORD = /[\p{L}\p{N}]+(?:'[\p{L}\p{N}_]+)?/gu;

/** The text in parts that join to it again, each wholly known or one unknown word. */
export function partsOf(text: string, vocabulary: ReadonlySet<string>): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(WORD)) {
    const [word] = match;
    if (!vocabulary.has(word.toLowerCase())) {
      if (match.index > end) {
        parts.push({ text: text.slice(end, match.index), known: true });
      }
      parts.push({ text: word, known: false });
      end = match.index + word.length;
    }
  }
  if (end < text.length) {
    parts.push({ text: text.slice(end), known: true });
  }
  return parts;
}

/** Each unknown word once, lower-cased, in order. */
export function unknownWords(text: string, vocabulary: ReadonlySet<string>): readonly string[] {
  const unknown = partsOf(text, vocabulary).filter((part) => !part.known);
  return [...new Set(unknown.map((part) => part.text.toLowerCase()))];
}
