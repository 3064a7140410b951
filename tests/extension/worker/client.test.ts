import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { createMessageConnection, ResponseError, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { Client } from "../../../extension/src/worker/client";
import type { Events, Methods } from "../../../extension/src/worker/contract";
import { Failure } from "../../../extension/src/errors";
import { Heard, ROOT } from "./support";

const GOLDEN = join(ROOT, "tests/contract/golden");

interface GoldenMethod {
  readonly method: keyof Methods;
  readonly params: Methods[keyof Methods]["params"];
  readonly result: Methods[keyof Methods]["result"];
}
interface GoldenEvent {
  readonly event: keyof Events;
  readonly params: Events[keyof Events];
}

function goldens<T>(kind: string): T[] {
  const names = readdirSync(GOLDEN).filter((name) => name.startsWith(`${kind}.`));
  return names.map((name) => JSON.parse(readFileSync(join(GOLDEN, name), "utf8")) as T);
}

/** A client, and in the place of the worker a connection that the test answers with. */
function connected() {
  const [toWorker, toClient] = [new PassThrough(), new PassThrough()];
  const events = new Heard<{ event: string; payload: unknown }>();
  const broken = new Heard<Error>();
  const client = new Client(toClient, toWorker, {
    onEvent: (event, payload) => {
      events.hear({ event, payload });
    },
    onBroken: broken.hear,
  });
  const worker = createMessageConnection(new StreamMessageReader(toWorker), new StreamMessageWriter(toClient));
  onTestFinished(() => {
    client.dispose();
    worker.dispose();
  });
  return { client, worker, toClient, events, broken };
}

describe("the contract", () => {
  const methods = goldens<GoldenMethod>("method");
  const events = goldens<GoldenEvent>("event");

  test("has golden files", () => {
    expect(methods.length).toBeGreaterThan(10);
    expect(events.length).toBeGreaterThan(4);
  });

  test.each(methods)("$method goes over as it is written", async ({ method, params, result }) => {
    const { client, worker } = connected();
    const asked: unknown[] = [];
    worker.onRequest((name, sent) => {
      asked.push({ name, sent });
      return result;
    });
    worker.listen();
    expect(await client.call(method, params)).toEqual(result);
    expect(asked).toEqual([{ name: method, sent: params }]);
  });

  test.each(events)("$event arrives as it is written", async ({ event, params }) => {
    const { worker, events: heard } = connected();
    worker.listen();
    await worker.sendNotification(event, params);
    expect(await heard.first(() => true)).toEqual({ event, payload: params });
  });

  test("an error becomes a Failure", async () => {
    const error = JSON.parse(readFileSync(join(GOLDEN, "error.json"), "utf8")) as {
      code: number;
      message: string;
      data: { kind: string; message: string; hint: string };
    };
    const { client, worker } = connected();
    worker.onRequest("queue/pause", () => new ResponseError(error.code, error.message, error.data));
    worker.listen();
    const failure = await client.call("queue/pause", {}).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject(error.data);
  });
});

test("parameters are an object even when there are none", async () => {
  const { client, worker } = connected();
  worker.onRequest((_, sent) => ({ sent }));
  worker.listen();
  expect(await client.call("models/list", {})).toEqual({ sent: {} });
});

test("what waits for an answer is rejected when the connection closes", async () => {
  const { client, toClient } = connected();
  const calls = [client.call("jobs/list", {}), client.call("jobs/get", { id: "1" })];
  toClient.end();
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: "rejected", reason: { kind: "workerEnded" } });
  }
});

test("what is asked after the end is rejected, too", async () => {
  const { client } = connected();
  client.dispose();
  await expect(client.call("jobs/list", {})).rejects.toMatchObject({ name: "Failure", kind: "workerEnded" });
});

test("what is no message is told, from the first bytes on", async () => {
  const { toClient, broken } = connected();
  toClient.write("Loading the environment...\n");
  expect((await broken.first(() => true)).message).toBe('it begins with "Loading the environment...\\n"');
});

test("a message without a length is told", async () => {
  const { toClient, broken } = connected();
  toClient.write("Content-Type: text\r\n\r\n{}");
  expect((await broken.first(() => true)).message).toContain("Content-Length");
});
