import type { ComponentChildren, JSX } from "preact";

const PARTS = /(`[^`]+`|https:\/\/[^\s)]+[^\s).,])/;

/** A sentence of the worker: what stands in backticks as code, and addresses as links. */
export function Sentence({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split(PARTS).map(part)}</>;
}

function part(text: string): ComponentChildren {
  if (text.startsWith("`") && text.endsWith("`")) {
    return <code>{text.slice(1, -1)}</code>;
  }
  return text.startsWith("https://") ? <a href={text}>{text}</a> : text;
}
