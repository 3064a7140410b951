// A text box that grows to four lines, marks words behind the text, and walks the history.
import type { JSX, RefObject } from "preact";
import { useId, useRef } from "preact/hooks";
import { type Walk, typed, walk } from "./history";
import { partsOf, unknownWords } from "./vocabulary";

interface Props {
  readonly box: RefObject<HTMLTextAreaElement>;
  readonly value: Walk;
  readonly history: readonly string[];
  /** The only words that the model knows; none when it knows many */
  readonly vocabulary: ReadonlySet<string> | null;
  readonly placeholder: string;
  readonly readOnly?: boolean;
  readonly onChange: (value: Walk) => void;
  readonly onSubmit: () => void;
}

export function PromptBox(props: Props): JSX.Element {
  const { box, value, history, vocabulary, placeholder, readOnly = false, onChange, onSubmit } = props;
  const mirror = useRef<HTMLDivElement>(null);
  const note = useId();
  const unknown = vocabulary ? unknownWords(value.text, vocabulary) : [];
  const onKeyDown = (event: KeyboardEvent): void => {
    const { current: area } = box;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      onSubmit();
    } else if (
      (event.key === "ArrowUp" || event.key === "ArrowDown") &&
      !hasModifier(event) &&
      area &&
      mirror.current
    ) {
      const up = event.key === "ArrowUp";
      const next = isAtEdge(area, mirror.current, up) ? walk(value, history, up ? 1 : -1) : value;
      if (next !== value) {
        event.preventDefault();
        onChange(next);
        requestAnimationFrame(() => {
          area.setSelectionRange(area.value.length, area.value.length);
        });
      }
    }
  };
  return (
    <>
      <div class="prompt-box">
        <Mirror at={mirror} text={value.text} vocabulary={vocabulary} />
        <textarea
          ref={box}
          rows={1}
          value={value.text}
          placeholder={placeholder}
          readOnly={readOnly}
          aria-label="Prompt"
          aria-describedby={unknown.length > 0 ? note : undefined}
          spellcheck={false}
          onInput={(event) => {
            onChange(typed(event.currentTarget.value));
          }}
          onScroll={(event) => {
            if (mirror.current) {
              mirror.current.scrollTop = event.currentTarget.scrollTop;
            }
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <p class="unknown-words" id={note} hidden={unknown.length === 0}>
        Not known to this model: {unknown.join(", ")}
      </p>
    </>
  );
}

interface MirrorProps {
  readonly at: RefObject<HTMLDivElement>;
  readonly text: string;
  readonly vocabulary: Props["vocabulary"];
}

/** The same text once more behind the text area: gives it its height, and marks words, which a text area cannot. */
function Mirror({ at, text, vocabulary }: MirrorProps): JSX.Element {
  const parts = vocabulary ? partsOf(text, vocabulary) : [{ text, known: true }];
  return (
    <div class="mirror" ref={at} aria-hidden="true">
      {parts.map((part, index) => (part.known ? part.text : <mark key={index}>{part.text}</mark>))}
      {/* A last line that is still empty has its height, too. */}
      {"\u200b"}
    </div>
  );
}

function hasModifier(event: KeyboardEvent): boolean {
  return event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
}

/** Whether the caret stands on the first (or last) line as it is seen: the mirror wraps as the text area does. */
function isAtEdge(area: HTMLTextAreaElement, mirror: HTMLElement, first: boolean): boolean {
  const { selectionStart: start, selectionEnd: end, value } = area;
  if (start !== end || (first ? value.slice(0, start) : value.slice(end)).includes("\n")) {
    return false;
  }
  const caret = topOf(mirror, start);
  const edge = topOf(mirror, first ? 0 : value.length);
  return Math.abs(caret - edge) < 4;
}

/** Height of the line that a character stands on, in pixels. */
function topOf(mirror: HTMLElement, offset: number): number {
  const texts = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const length = node.textContent?.length ?? 0;
    if (left < length) {
      const range = document.createRange();
      range.setStart(node, left);
      range.setEnd(node, left + 1);
      return range.getBoundingClientRect().top;
    }
    left -= length;
  }
  return 0;
}
