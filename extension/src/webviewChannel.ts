// The extension's end of the channel to a webview: requests are checked and answered once each, whole states go out.
import { inspect } from "node:util";
import { asFailure, Failure } from "./errors";
import type { Reply, Request, StateMessage } from "./shared/protocol";

/** Shortest time between two states, in milliseconds; what happens in between goes into the next one. */
export const STATE_INTERVAL = 50;

interface Disposable {
  dispose(): unknown;
}

/** What is used of a `vscode.Webview`. */
export interface Port {
  postMessage(message: unknown): Thenable<boolean>;
  onDidReceiveMessage(listener: (message: unknown) => void): Disposable;
}

export interface ChannelOptions<Message extends { readonly type: string }, State> {
  readonly isMessage: (value: unknown) => value is Message;
  /** Carries out a request; what it throws goes back to the page. "ready" is answered by the channel itself. */
  readonly handle: (message: Exclude<Message, { type: "ready" }>) => unknown;
  /** Called when a state is about to be sent */
  readonly state: () => State;
  readonly visible: boolean;
  readonly log: (sentence: string) => void;
}

export class WebviewChannel<Message extends { readonly type: string }, State> implements Disposable {
  readonly #listener: Disposable;
  #visible: boolean;
  #ready = false;
  #stale = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: Port,
    private readonly options: ChannelOptions<Message, State>,
  ) {
    this.#visible = options.visible;
    this.#listener = port.onDidReceiveMessage((message) => void this.#receive(message));
  }

  /** Something of the state changed: the page gets a new one as soon as it may. */
  update(): void {
    this.#stale = true;
    this.#send();
  }

  /** A hidden page receives nothing; when it is shown again, it gets the state whether or not that has changed. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) {
      this.update();
    }
  }

  dispose(): void {
    this.#listener.dispose();
    this.#ready = false;
    clearTimeout(this.#timer);
  }

  #send(): void {
    if (!this.#ready || !this.#visible || !this.#stale || this.#timer !== undefined) {
      return;
    }
    this.#stale = false;
    this.#post({ state: this.options.state() } satisfies StateMessage<State>);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, STATE_INTERVAL);
  }

  async #receive(value: unknown): Promise<void> {
    if (!isRequest(value)) {
      this.options.log("A message from the page was refused: it is no request.");
      return;
    }
    const error = await this.#answer(value.message);
    this.#post({ replyTo: value.number, error } satisfies Reply);
  }

  async #answer(message: unknown): Promise<Reply["error"]> {
    if (!this.options.isMessage(message)) {
      this.options.log(`A message from the page was refused: ${excerpt(message)}`);
      return {
        message: "The page asked for something that is not allowed or not known.",
        hint: "Close the page and open it again; if it happens again, please report it.",
      };
    }
    if (!isTask(message)) {
      this.#ready = true;
      this.update();
      return null;
    }
    try {
      await this.options.handle(message);
      return null;
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.kind === "cancelled") {
        return null;
      }
      if (!(thrown instanceof Failure)) {
        this.options.log(`The request "${message.type}" failed: ${describe(thrown)}`);
      }
      return { message: failure.message, hint: failure.hint };
    }
  }

  /** A page that is being closed takes no more messages; nobody waits for them either. */
  #post(message: unknown): void {
    try {
      this.port.postMessage(message).then(undefined, () => undefined);
    } catch {
      this.#ready = false;
    }
  }
}

function isRequest(value: unknown): value is Request<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "number" in value &&
    Number.isSafeInteger(value.number) &&
    "message" in value
  );
}

/** Everything but "ready" is for the handler. */
function isTask<Message extends { readonly type: string }>(
  message: Message,
): message is Exclude<Message, { type: "ready" }> {
  return message.type !== "ready";
}

/** Enough of what was sent to find the mistake, and too little to fill the log. */
function excerpt(value: unknown): string {
  const text = inspect(value, { depth: 2, maxStringLength: 80, maxArrayLength: 5, breakLength: Infinity });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
