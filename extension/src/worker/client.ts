// Typed JSON-RPC with the worker, over any pair of streams.
import type { Readable, Writable } from "node:stream";
import {
  createMessageConnection,
  ParameterStructures,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from "vscode-jsonrpc/node";
import { Failure } from "../errors";
import type { ErrorInfo, Methods } from "./contract";

/** What every message begins with */
const HEADER = "Content-";

export interface ClientListener {
  /** An event of the contract */
  onEvent(event: string, payload: unknown): void;
  /** What came is no JSON-RPC; what comes next cannot be read either */
  onBroken(error: Error): void;
}

export class Client {
  private readonly connection: MessageConnection;

  constructor(input: Readable, output: Writable, listener: ClientListener) {
    const reader = new StreamMessageReader(input);
    this.connection = createMessageConnection(reader, new StreamMessageWriter(output));
    this.connection.onNotification((event, payload) => {
      listener.onEvent(event, payload);
    });
    // The reader only: when writing fails the worker has gone, and the end of its output says so.
    reader.onError((error) => {
      listener.onBroken(error);
    });
    // Without a header's end the reader would wait for it for ever.
    input.once("data", (chunk: Buffer) => {
      const beginning = chunk.toString("latin1", 0, HEADER.length);
      if (!HEADER.startsWith(beginning)) {
        listener.onBroken(new Error(`it begins with ${JSON.stringify(chunk.toString("utf8", 0, 60))}`));
      }
    });
    // A connection that is closed keeps its pending requests for ever, one that is disposed rejects them.
    this.connection.onClose(() => {
      this.connection.dispose();
    });
    this.connection.listen();
  }

  /** The worker's answer. Rejects with a Failure only. */
  async call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    try {
      return await this.connection.sendRequest<Methods[M]["result"]>(method, ParameterStructures.byName, params);
    } catch (error) {
      throw failureOf(error);
    }
  }

  dispose(): void {
    this.connection.dispose();
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof ResponseError && isErrorInfo(error.data)) {
    return new Failure(error.data.kind, error.data.message, error.data.hint);
  }
  // Whatever else a request can fail with is an end of the connection, before or after it was sent.
  return new Failure(
    "workerEnded",
    "The worker ended before it answered.",
    "Try again when it is back. A job that it was making is interrupted and can be resumed.",
  );
}

function isErrorInfo(data: unknown): data is ErrorInfo {
  return (
    typeof data === "object" &&
    data !== null &&
    "kind" in data &&
    typeof data.kind === "string" &&
    "message" in data &&
    typeof data.message === "string" &&
    "hint" in data &&
    typeof data.hint === "string"
  );
}
