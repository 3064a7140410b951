// Keeps one worker: starts it when it is needed, brings it back when it crashed, and says how it is.
// It knows nothing of jobs: what a crash interrupted stays so until a person resumes it.
import { asFailure, Failure } from "../errors";
import type { WorkerHealth } from "../shared/protocol";
import { Client } from "./client";
import type { Hello, Methods } from "./contract";
import { explainEnd } from "./crash";
import type { LogLine } from "./logLines";
import { within, WorkerProcess, type Launch } from "./process";
import { sameMinor } from "./python";

export interface SupervisorOptions {
  /** The extension's */
  readonly version: string;
  /** What to run. Rejects with a Failure when there is nothing to run. */
  readonly resolveLaunch: () => Promise<Launch>;
  readonly onHealth: (health: WorkerHealth) => void;
  readonly onEvent: (event: string, payload: unknown) => void;
  readonly onLine: (line: LogLine) => void;
  readonly patience?: Partial<Patience>;
}

export interface Patience {
  /** Before the first, second, … start after crashes in a row; there are no more starts than these */
  readonly restartDelaysMs: readonly number[];
  /** A worker that was up for this long did not crash in a row */
  readonly steadyMs: number;
  /** Until its hello; importing from a slow disk takes its time */
  readonly helloMs: number;
}

const PATIENCE: Patience = { restartDelaysMs: [1000, 2000, 4000], steadyMs: 60_000, helloMs: 60_000 };

interface Session {
  readonly process: WorkerProcess;
  readonly client: Client;
  readonly launch: Launch;
  readonly hello: Hello;
  readonly since: number;
  /** Why the process has to go although it lives */
  broken: Failure | null;
}

export class Supervisor {
  private readonly patience: Patience;
  private state: WorkerHealth = { kind: "stopped" };
  private session: Session | null = null;
  private process: WorkerProcess | null = null;
  private starting: Promise<Hello> | null = null;
  private stopping: Promise<void> = Promise.resolve();
  private restarting: Promise<Hello> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private crashes = 0;
  /** Counts stops: what began before the last one is void */
  private epoch = 0;

  constructor(private readonly options: SupervisorOptions) {
    this.patience = { ...PATIENCE, ...options.patience };
  }

  get health(): WorkerHealth {
    return this.state;
  }

  get hello(): Hello | null {
    return this.session?.hello ?? null;
  }

  /** What the worker that is up was started with */
  get launch(): Launch | null {
    return this.session?.launch ?? null;
  }

  /** Rejects with a Failure when it cannot be started; that is not tried again by itself. */
  start(): Promise<Hello> {
    clearTimeout(this.timer);
    if (this.session !== null) {
      return Promise.resolve(this.session.hello);
    }
    if (this.starting === null) {
      const starting = this.begin().finally(() => {
        if (this.starting === starting) {
          this.starting = null;
        }
      });
      this.starting = starting;
    }
    return this.starting;
  }

  async call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    await this.start();
    if (this.session === null) {
      throw stoppedMeanwhile();
    }
    return this.session.client.call(method, params);
  }

  /** Stops and starts; who asks while one is under way gets that one. */
  restart(): Promise<Hello> {
    this.restarting ??= this.stop()
      .then(() => this.start())
      .finally(() => {
        this.restarting = null;
      });
    return this.restarting;
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.epoch += 1;
    this.crashes = 0;
    const epoch = this.epoch;
    const process = this.process;
    this.starting = this.session = this.process = null;
    this.stopping = Promise.all([this.stopping, process?.stop()]).then(() => undefined);
    await this.stopping;
    if (epoch === this.epoch) {
      this.setHealth({ kind: "stopped" });
    }
  }

  private async begin(): Promise<Hello> {
    const epoch = this.epoch;
    try {
      await this.stopping;
      this.assertCurrent(epoch);
      this.setHealth({ kind: "starting" });
      const launch = await this.options.resolveLaunch();
      const session = await this.connect(launch, epoch);
      this.session = session;
      this.setHealth({ kind: "ready" });
      return session.hello;
    } catch (error) {
      if (epoch !== this.epoch) {
        throw stoppedMeanwhile();
      }
      const failure = asFailure(error);
      this.process = null;
      const kind = failure.kind === "notSetUp" ? "notSetUp" : "crashed";
      this.setHealth({ kind, message: failure.message, hint: failure.hint });
      throw failure;
    }
  }

  private async connect(launch: Launch, epoch: number): Promise<Session> {
    this.assertCurrent(epoch);
    const process = await WorkerProcess.spawn(launch, this.options.onLine);
    if (epoch !== this.epoch) {
      await process.stop();
      throw stoppedMeanwhile();
    }
    this.process = process;
    let broken: Failure | null = null;
    const client = new Client(process.stdout, process.stdin, {
      onEvent: (event, payload) => {
        if (this.session?.process === process) {
          this.options.onEvent(event, payload);
        }
      },
      onBroken: (error) => {
        broken = unreadable(error);
        if (this.session?.process === process) {
          this.session.broken = broken;
        }
        process.kill("SIGKILL");
      },
    });
    const hello = await this.greet(process, client, () => broken);
    this.assertCurrent(epoch);
    const session: Session = { process, client, launch, hello, since: Date.now(), broken: null };
    void process.ended.then((ended) => {
      client.dispose();
      this.onEnded(session, explainEnd(ended));
    });
    return session;
  }

  private async greet(process: WorkerProcess, client: Client, broken: () => Failure | null): Promise<Hello> {
    const answer = client.call("worker/hello", { clientVersion: this.options.version });
    try {
      if (!(await within(answer, this.patience.helloMs))) {
        // It is rejected when the process is stopped, and nobody waits for that.
        answer.catch(() => undefined);
        await process.stop();
        throw silent(this.patience.helloMs);
      }
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind !== "workerEnded" || !(await within(process.ended, 1000))) {
        throw failure;
      }
      throw broken() ?? explainEnd(await process.ended);
    }
    const hello = await answer;
    if (!sameMinor(hello.version, this.options.version)) {
      await process.stop();
      throw otherVersion(hello.version, this.options.version);
    }
    return hello;
  }

  private onEnded(session: Session, reason: Failure): void {
    if (this.session !== session) {
      return;
    }
    this.session = this.process = null;
    if (Date.now() - session.since >= this.patience.steadyMs) {
      this.crashes = 0;
    }
    this.onCrash(session.broken ?? reason);
  }

  private onCrash(reason: Failure): void {
    const delay = this.patience.restartDelaysMs[this.crashes];
    this.crashes += 1;
    if (delay === undefined) {
      const hint = `It crashed ${this.crashes} times in a row and is not started again by itself. ${reason.hint}`;
      this.setHealth({ kind: "crashed", message: reason.message, hint });
      return;
    }
    const hint = `It is being started again. A job that it was making can be resumed. ${reason.hint}`;
    this.setHealth({ kind: "crashed", message: reason.message, hint });
    const epoch = this.epoch;
    this.timer = setTimeout(() => {
      this.start().catch((error: unknown) => {
        const failure = asFailure(error);
        if (epoch === this.epoch && failure.kind !== "notSetUp") {
          this.onCrash(failure);
        }
      });
    }, delay);
  }

  private assertCurrent(epoch: number): void {
    if (epoch !== this.epoch) {
      throw stoppedMeanwhile();
    }
  }

  private setHealth(health: WorkerHealth): void {
    this.state = health;
    this.options.onHealth(health);
  }
}

function stoppedMeanwhile(): Failure {
  return new Failure("workerEnded", "The worker was stopped while it started.", "Try again.");
}

function unreadable(error: Error): Failure {
  return new Failure(
    "workerEnded",
    `What the worker sent cannot be read: ${error.message}.`,
    "If its Python is a script of yours, that must not print to standard output. The log has the details.",
  );
}

function silent(ms: number): Failure {
  return new Failure(
    "workerEnded",
    `The worker said nothing for ${Math.round(ms / 1000)} seconds.`,
    "The machine may be very busy. Try Restart Worker; the log has the details.",
  );
}

function otherVersion(worker: string, extension: string): Failure {
  return new Failure(
    "notSetUp",
    `The worker has version ${worker}, the extension needs ${extension}.`,
    "Run Set Up Worker to bring it up to date.",
  );
}
