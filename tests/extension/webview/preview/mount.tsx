// The preview in a document, with a channel that notes what is sent.
import { render } from "preact";
import { act } from "preact/test-utils";
import type { PreviewMessage, PreviewState } from "../../../../extension/src/shared/protocol";
import { type Channel, Refusal } from "../../../../extension/src/webview/channel";
import { App } from "../../../../extension/src/webview/preview/app";
import { Memory } from "../../../../extension/src/webview/preview/kept";

// happy-dom lacks these, and Preact asks for them to find out how an event's name is written.
Object.assign(HTMLElement.prototype, { ondragover: null, ondragleave: null, ondrop: null });

export interface View {
  readonly root: HTMLElement;
  readonly sent: PreviewMessage[];
  readonly kept: () => unknown;
  readonly show: (state: PreviewState) => void;
  /** The element of this role (a selector) with this accessible name */
  readonly get: (selector: string, name?: string) => HTMLElement;
  readonly click: (selector: string, name?: string) => void;
  readonly press: (element: Element, key: string, more?: KeyboardEventInit) => KeyboardEvent;
  readonly write: (element: Element, text: string) => void;
  /** What the extension answers from now on */
  readonly refuse: (refusal: Refusal | null) => void;
}

export function mount(first: PreviewState, kept?: unknown): View {
  document.body.innerHTML = '<div id="root"></div>';
  const root = document.body.firstElementChild as HTMLElement;
  const sent: PreviewMessage[] = [];
  let stored = kept;
  let refusal: Refusal | null = null;
  const channel: Channel<PreviewMessage, PreviewState> = {
    send: (message) => {
      sent.push(message);
      return refusal ? Promise.reject(refusal) : Promise.resolve();
    },
    onState: () => undefined,
    getState: () => stored,
    setState: (next) => {
      stored = next;
    },
  };
  const memory = new Memory(channel);
  const show = (state: PreviewState): void => {
    void act(() => {
      render(<App state={state} channel={channel} memory={memory} />, root);
    });
  };
  const dispatch = (element: Element, event: Event): void => {
    void act(() => {
      element.dispatchEvent(event);
    });
  };
  const get = (selector: string, name?: string): HTMLElement => {
    const found = [...root.querySelectorAll<HTMLElement>(selector)].filter(
      (element) => name === undefined || nameOf(element) === name,
    );
    if (!found[0]) {
      throw new Error(`No ${selector} ${name ?? ""} in ${root.innerHTML}`);
    }
    return found[0];
  };
  show(first);
  return {
    root,
    sent,
    kept: () => stored,
    show,
    get,
    click: (selector, name) => {
      dispatch(get(selector, name), new MouseEvent("click", { bubbles: true, cancelable: true }));
    },
    press: (element, key, more = {}) => {
      const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
      dispatch(element, event);
      return event;
    },
    write: (element, text) => {
      if (
        element instanceof HTMLInputElement ||
        element instanceof HTMLTextAreaElement ||
        element instanceof HTMLSelectElement
      ) {
        element.value = text;
      }
      dispatch(element, new Event(element instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }));
    },
    refuse: (next) => {
      refusal = next;
    },
  };
}

function nameOf(element: HTMLElement): string {
  const labels = element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels : null;
  return element.getAttribute("aria-label") ?? labels?.[0]?.textContent ?? element.textContent;
}
