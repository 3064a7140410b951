// What a page and the extension say to each other. The one module that talks to VS Code's webview API.
import type { Reply, Request, StateMessage } from "../shared/protocol";

interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(kept: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

/** A request that the extension refused or could not carry out: what happened, and what to do. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

export interface Channel<Message, State> {
  /** Settles when the extension has answered; rejects with a Refusal only. */
  send(message: Message): Promise<void>;
  /** The listener is called with every state that arrives from now on. */
  onState(listener: (state: State) => void): void;
  /** What `setState` kept, also over a reload; undefined when there is nothing. Check it: an older version may have kept it. */
  getState(): unknown;
  setState(kept: unknown): void;
}

/** To be called once in a page: VS Code hands out its API a single time. */
export function openChannel<Message, State>(): Channel<Message, State> {
  const api = acquireVsCodeApi();
  const listeners: ((state: State) => void)[] = [];
  const pending = new Map<number, { resolve: () => void; reject: (refusal: Refusal) => void }>();
  let last = 0;

  window.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (isReply(data)) {
      const request = pending.get(data.replyTo);
      pending.delete(data.replyTo);
      if (data.error) {
        request?.reject(new Refusal(data.error.message, data.error.hint));
      } else {
        request?.resolve();
      }
    } else if (isStateMessage<State>(data)) {
      for (const listener of listeners) {
        listener(data.state);
      }
    }
  });

  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        last += 1;
        pending.set(last, { resolve, reject });
        api.postMessage({ number: last, message } satisfies Request<Message>);
      }),
    onState: (listener) => {
      listeners.push(listener);
    },
    getState: () => api.getState(),
    setState: (kept) => {
      api.setState(kept);
    },
  };
}

function isReply(data: unknown): data is Reply {
  return typeof data === "object" && data !== null && "replyTo" in data && typeof data.replyTo === "number";
}

function isStateMessage<State>(data: unknown): data is StateMessage<State> {
  return typeof data === "object" && data !== null && "state" in data;
}
