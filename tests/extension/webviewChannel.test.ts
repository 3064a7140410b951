import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Failure } from "../../extension/src/errors";
import { STATE_INTERVAL, WebviewChannel, type Port } from "../../extension/src/webviewChannel";

type Message = { readonly type: "ready" } | { readonly type: "add"; readonly what: string };

class Page implements Port {
  readonly received: unknown[] = [];
  #listener: ((message: unknown) => void) | undefined;

  postMessage(message: unknown): Thenable<boolean> {
    this.received.push(structuredClone(message));
    return Promise.resolve(true);
  }

  onDidReceiveMessage(listener: (message: unknown) => void): { dispose: () => void } {
    this.#listener = listener;
    return { dispose: () => (this.#listener = undefined) };
  }

  async sends(message: unknown): Promise<void> {
    this.#listener?.(message);
    await vi.advanceTimersByTimeAsync(0);
  }

  get states(): unknown[] {
    return this.received.flatMap((each) => (hasState(each) ? [each.state] : []));
  }

  get replies(): unknown[] {
    return this.received.filter((each) => !hasState(each));
  }
}

function hasState(message: unknown): message is { state: unknown } {
  return typeof message === "object" && message !== null && "state" in message;
}

function isMessage(value: unknown): value is Message {
  return (
    typeof value === "object" && value !== null && "type" in value && (value.type === "ready" || value.type === "add")
  );
}

function open(handle: (message: { readonly type: "add"; readonly what: string }) => unknown, visible = true) {
  const page = new Page();
  const log: string[] = [];
  const source = { value: 0 };
  const channel = new WebviewChannel<Message, number>(page, {
    isMessage,
    handle,
    state: () => source.value,
    visible,
    log: (sentence) => log.push(sentence),
  });
  const set = (value: number): void => {
    source.value = value;
    channel.update();
  };
  return { page, log, channel, set };
}

const READY = { number: 1, message: { type: "ready" } };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("nothing is sent before the page is ready; then it gets the state and the answer", async () => {
  const { page, set } = open(vi.fn());
  set(1);
  set(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(page.received).toEqual([]);

  await page.sends(READY);
  expect(page.states).toEqual([2]);
  expect(page.replies).toEqual([{ replyTo: 1, error: null }]);
});

test("many changes become one state per interval, and the last one always arrives", async () => {
  const { page, set } = open(vi.fn());
  await page.sends(READY);
  for (let value = 1; value <= 100; value++) {
    set(value);
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(STATE_INTERVAL);

  expect(page.states.at(-1)).toBe(100);
  expect(page.states.length).toBeLessThanOrEqual(100 / STATE_INTERVAL + 2);
  const sent = page.states.length;
  await vi.advanceTimersByTimeAsync(1000);
  expect(page.states).toHaveLength(sent);
});

test("a page that is loaded again gets the state again", async () => {
  const { page, set } = open(vi.fn());
  set(7);
  await page.sends(READY);
  await page.sends(READY);
  await vi.advanceTimersByTimeAsync(STATE_INTERVAL);

  expect(page.states).toEqual([7, 7]);
});

test("a hidden page gets nothing, and everything when it is shown", async () => {
  const { page, channel, set } = open(vi.fn());
  await page.sends(READY);
  await vi.advanceTimersByTimeAsync(STATE_INTERVAL);
  set(1);
  await vi.advanceTimersByTimeAsync(10);
  set(2);
  channel.setVisible(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(page.states).toEqual([0, 1]);

  set(3);
  channel.setVisible(true);
  await vi.advanceTimersByTimeAsync(STATE_INTERVAL);
  expect(page.states).toEqual([0, 1, 3]);
});

test("each request is answered once, whatever its handler does", async () => {
  const { page, log } = open(async ({ what }) => {
    await Promise.resolve();
    if (what === "refused") {
      throw new Failure("notFound", "It is gone.", "Choose another.");
    }
    if (what === "broken") {
      throw new TypeError("x is not a function");
    }
    if (what === "dismissed") {
      throw new Failure("cancelled", "", "");
    }
  });
  for (const [index, what] of ["fine", "refused", "broken", "dismissed"].entries()) {
    await page.sends({ number: index, message: { type: "add", what } });
  }

  expect(page.replies).toEqual([
    { replyTo: 0, error: null },
    { replyTo: 1, error: { message: "It is gone.", hint: "Choose another." } },
    {
      replyTo: 2,
      error: { message: expect.stringContaining("unexpected") as string, hint: "The log has the details." },
    },
    { replyTo: 3, error: null },
  ]);
  expect(log).toEqual([expect.stringContaining("x is not a function")]);
});

test("a request that takes long does not hold up others", async () => {
  let finish: (() => void) | undefined;
  const { page } = open(({ what }) => (what === "long" ? new Promise<void>((done) => (finish = done)) : undefined));
  await page.sends({ number: 1, message: { type: "add", what: "long" } });
  await page.sends({ number: 2, message: { type: "add", what: "short" } });
  expect(page.replies).toEqual([{ replyTo: 2, error: null }]);

  finish?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(page.replies).toEqual([
    { replyTo: 2, error: null },
    { replyTo: 1, error: null },
  ]);
});

const circle: Record<string, unknown> = { type: "run" };
circle["self"] = circle;

test.each([[{ type: "run", command: "rm" }], [null], ["ready"], [circle], [{ type: "x".repeat(1e6) }]])(
  "an unknown message (%#) runs nothing, is answered with an error and logged in short",
  async (message) => {
    const handle = vi.fn();
    const { page, log } = open(handle);
    await page.sends({ number: 5, message });

    expect(handle).not.toHaveBeenCalled();
    expect(page.replies).toHaveLength(1);
    expect(page.replies[0]).toMatchObject({ replyTo: 5, error: { message: expect.any(String) as string } });
    expect(log).toHaveLength(1);
    expect(log[0]?.length).toBeLessThan(300);
  },
);

test.each([
  [undefined],
  [null],
  ["ready"],
  [{ message: { type: "add" } }],
  [{ number: "1", message: { type: "add" } }],
])("what is no request (%#) is logged and not answered", async (message) => {
  const handle = vi.fn();
  const { page, log } = open(handle);
  await page.sends(message);

  expect(handle).not.toHaveBeenCalled();
  expect(page.received).toEqual([]);
  expect(log).toHaveLength(1);
});

test("a closed channel neither listens nor sends", async () => {
  const handle = vi.fn();
  const { page, channel, set } = open(handle);
  await page.sends(READY);
  set(1);
  channel.dispose();
  set(2);
  await page.sends({ number: 2, message: { type: "add", what: "late" } });
  await vi.advanceTimersByTimeAsync(1000);

  expect(page.states).toEqual([0]);
  expect(handle).not.toHaveBeenCalled();
});

test("a page that refuses messages because it is closing does no harm", async () => {
  const { page, set } = open(vi.fn());
  await page.sends(READY);
  await vi.advanceTimersByTimeAsync(STATE_INTERVAL);
  page.postMessage = () => {
    throw new Error("Webview is disposed");
  };

  expect(() => {
    set(1);
  }).not.toThrow();
});
