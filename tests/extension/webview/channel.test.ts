// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { type Channel, Refusal, openChannel } from "../../../extension/src/webview/channel";

const posted: unknown[] = [];
let kept: unknown;
let channel: Channel<string, { readonly step: number }>;

beforeEach(() => {
  posted.length = 0;
  kept = undefined;
  vi.stubGlobal("acquireVsCodeApi", () => ({
    postMessage: (message: unknown) => posted.push(message),
    getState: () => kept,
    setState: (next: unknown) => {
      kept = next;
    },
  }));
  channel = openChannel();
});

function arrives(data: unknown): void {
  window.dispatchEvent(new MessageEvent("message", { data }));
}

test("requests are numbered, and each settles by its own reply", async () => {
  const settled: string[] = [];
  const first = channel.send("a").then(() => settled.push("a"));
  const second = channel.send("b").then(() => settled.push("b"));
  expect(posted).toEqual([
    { number: 1, message: "a" },
    { number: 2, message: "b" },
  ]);
  arrives({ replyTo: 2, error: null });
  await second;
  arrives({ replyTo: 1, error: null });
  await first;
  expect(settled).toEqual(["b", "a"]);
});

test("a refused request rejects with the sentence and the hint", async () => {
  const sent = channel.send("a");
  arrives({ replyTo: 1, error: { message: "The disk is full.", hint: "Make room." } });
  const refusal: unknown = await sent.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({ message: "The disk is full.", hint: "Make room." });
});

test("states reach every listener; anything else that arrives is passed over", () => {
  const seen: number[] = [];
  channel.onState((state) => seen.push(state.step));
  channel.onState((state) => seen.push(state.step * 10));
  for (const noise of [null, "state", 7, { other: true }, { replyTo: "1" }, { replyTo: 99, error: null }]) {
    arrives(noise);
  }
  arrives({ state: { step: 3 } });
  expect(seen).toEqual([3, 30]);
});

test("what is kept is VS Code's to keep", () => {
  expect(channel.getState()).toBeUndefined();
  channel.setState({ draft: "a" });
  expect(channel.getState()).toEqual({ draft: "a" });
});
