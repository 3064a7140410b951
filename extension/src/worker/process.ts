// One process of the worker: how it starts, what it prints, how it ends.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Failure } from "../errors";
import { LogLines, type LogLine } from "./logLines";

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of stderr */
  readonly lastLines: readonly string[];
}

/** The worker ends by itself within 2 s when its stdin does. */
const STDIN_GRACE_MS = 2300;
const SIGTERM_GRACE_MS = 400;
/** Someone outside the process group may hold its pipes open for longer. */
const LAST_OUTPUT_MS = 500;
const KEPT_LINES = 40;

export class WorkerProcess {
  /** Resolves when the process has gone and what it printed is read. */
  readonly ended: Promise<Ended>;
  private readonly lastLines: string[] = [];

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    onLine: (line: LogLine) => void,
  ) {
    const levels = new LogLines();
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.lastLines.push(line);
      this.lastLines.splice(0, this.lastLines.length - KEPT_LINES);
      onLine(levels.read(line));
    });
    // Writing to a worker that has gone is an error here and an ended process there; the second is told.
    child.stdin.on("error", () => undefined);
    this.ended = this.end();
  }

  /** Rejects with a Failure when the program cannot be run. */
  static async spawn(launch: Launch, onLine: (line: LogLine) => void): Promise<WorkerProcess> {
    try {
      const child = spawn(launch.program, launch.args, {
        cwd: launch.cwd,
        env: launch.env,
        // A process group of its own, so that its children can be ended with it.
        detached: true,
        stdio: "pipe",
      });
      const made = new WorkerProcess(child, onLine);
      await once(child, "spawn");
      return made;
    } catch (error) {
      throw new Failure(
        "notSetUp",
        `The Python '${launch.program}' cannot be run: ${whyNot(error)}.`,
        "Choose another one with Select Python Interpreter, or run Set Up Worker.",
      );
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get stdin(): ChildProcessWithoutNullStreams["stdin"] {
    return this.child.stdin;
  }

  get stdout(): ChildProcessWithoutNullStreams["stdout"] {
    return this.child.stdout;
  }

  /** Resolves when it has gone: asked first, made to after less than 3 s. */
  async stop(): Promise<void> {
    this.child.stdin.end();
    if (await this.endsWithin(STDIN_GRACE_MS)) {
      return;
    }
    this.kill("SIGTERM");
    if (await this.endsWithin(SIGTERM_GRACE_MS)) {
      return;
    }
    this.kill("SIGKILL");
    await this.ended;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) {
      return;
    }
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }

  private async end(): Promise<Ended> {
    // Nothing but "close" comes when the process could not be made.
    const closed = new Promise<void>((resolve) => this.child.once("close", resolve));
    await Promise.race([new Promise<void>((resolve) => this.child.once("exit", resolve)), closed]);
    // What outlives it, such as an encoder, would work for nobody and hold its pipes open.
    this.kill("SIGKILL");
    await within(closed, LAST_OUTPUT_MS);
    return { code: this.child.exitCode, signal: this.child.signalCode, lastLines: this.lastLines };
  }

  private endsWithin(ms: number): Promise<boolean> {
    return within(this.ended, ms);
  }
}

/** Whether the promise resolves in time. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Why a program could not be run, as the end of a sentence. */
export function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "it may not be run",
    ENOEXEC: "it is not a program",
  };
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
