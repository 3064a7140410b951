// The worker as the rest of the extension sees it: typed calls and events, and how it is.
import { mkdir } from "node:fs/promises";
import * as vscode from "vscode";
import { Failure } from "../errors";
import { writeLine } from "../log";
import type { WorkerHealth } from "../shared/protocol";
import type { Events, Hello, Methods } from "./contract";
import { ManagedEnvironments } from "./managedEnvironment";
import type { Launch } from "./process";
import { findPython, present, type Candidate } from "./python";
import { activePython } from "./pythonExtension";
import { LAUNCH_SETTINGS, launchSettings } from "./settings";
import { Supervisor } from "./supervisor";
import { ttMetalPython } from "./surroundings";
import { withToken } from "./token";

export class Worker implements vscode.Disposable {
  /** The extension's, which the worker's must fit */
  readonly version: string;
  readonly environments: ManagedEnvironments;
  /** A folder of ours without Python files */
  readonly folder: string;
  private readonly supervisor: Supervisor;
  private readonly healthChanged = new vscode.EventEmitter<WorkerHealth>();
  readonly onDidChangeHealth = this.healthChanged.event;
  private readonly listeners = new Map<string, Set<(payload: unknown) => void>>();
  private readonly settingsListener: vscode.Disposable;
  private relaunching: Promise<void> | null = null;
  /** The log channel closes with us, and the worker's last words come later */
  private disposed = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.version = versionOf(context.extension.packageJSON);
    this.folder = context.globalStorageUri.fsPath;
    this.environments = new ManagedEnvironments(vscode.Uri.joinPath(context.globalStorageUri, "worker").fsPath);
    this.supervisor = new Supervisor({
      version: this.version,
      resolveLaunch: () => this.resolveLaunch(),
      onHealth: (health) => {
        this.tellHealth(health);
      },
      onEvent: (event, payload) => {
        this.tell(event, payload);
      },
      // The worker's log is on its stderr, whole. Its log events repeat it and are for other clients.
      onLine: (line) => {
        if (!this.disposed) {
          writeLine(log, line);
        }
      },
    });
    this.settingsListener = vscode.workspace.onDidChangeConfiguration((change) => {
      if (this.health.kind !== "stopped" && LAUNCH_SETTINGS.some((setting) => change.affectsConfiguration(setting))) {
        // Why it did not start is told by its health.
        this.relaunch().catch(() => undefined);
      }
    });
  }

  get health(): WorkerHealth {
    return this.supervisor.health;
  }

  get hello(): Hello | null {
    return this.supervisor.hello;
  }

  /** Starts the worker when needed. Rejects with a Failure only. */
  call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
    return this.supervisor.call(method, params);
  }

  /** Hears the events of every process of the worker that there will be. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): vscode.Disposable {
    // The one place where the worker's word is taken for what an event holds: its version has been compared.
    const hear = (payload: unknown): void => {
      listener(payload as Events[E]);
    };
    const heard = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, heard.add(hear));
    return new vscode.Disposable(() => heard.delete(hear));
  }

  start(): Promise<Hello> {
    return this.supervisor.start();
  }

  /** The Python that it runs in; starts it when needed. Null when there is none, which its health tells. */
  async python(): Promise<string | null> {
    await this.start().catch(() => undefined);
    return this.supervisor.launch?.program ?? null;
  }

  restart(): Promise<Hello> {
    return this.supervisor.restart();
  }

  stop(): Promise<void> {
    return this.supervisor.stop();
  }

  /** Makes what decides the launch take effect now, if it changed; asks while a job runs. */
  relaunch(): Promise<void> {
    this.relaunching ??= this.relaunchOnce().finally(() => {
      this.relaunching = null;
    });
    return this.relaunching;
  }

  dispose(): void {
    this.disposed = true;
    this.settingsListener.dispose();
    void this.stop();
    this.healthChanged.dispose();
    this.listeners.clear();
  }

  private async relaunchOnce(): Promise<void> {
    const { launch } = this.supervisor;
    if (launch !== null) {
      // What cannot be started any more is a change as well, and told when it is tried.
      const next = await this.resolveLaunch().catch(() => null);
      if (JSON.stringify(next) === JSON.stringify(launch)) {
        return;
      }
      if (await this.isJobRunning()) {
        this.offerRestart();
        return;
      }
    }
    await this.restart();
  }

  private async isJobRunning(): Promise<boolean> {
    const { jobs } = await this.call("jobs/list", {});
    return jobs.some(({ status }) => status.state === "running" || status.state === "cancelling");
  }

  /** Nobody waits for the answer: it may come when the job has long ended. */
  private offerRestart(): void {
    const restart = "Restart Now";
    const text = "The change takes effect when the worker restarts. A job is running; restarting interrupts it.";
    void vscode.window.showInformationMessage(text, restart).then((chosen) => {
      if (chosen === restart) {
        this.restart().catch(() => undefined);
      }
    });
  }

  private async resolveLaunch(): Promise<Launch> {
    if (process.platform === "win32") {
      throw new Failure(
        "notSetUp",
        "The worker does not run on Windows itself.",
        "Install WSL (wsl --install), then open a folder there with the WSL extension.",
      );
    }
    const { interpreter, env } = launchSettings();
    await mkdir(this.folder, { recursive: true });
    const options = { cwd: this.folder, env };
    const candidates = await this.candidates(interpreter, env);
    const python = await findPython(candidates, this.version, options, (line) => {
      this.log.info(line);
    });
    // Only now: the Pythons that were looked at have no use for it.
    const whole = await withToken(this.context.secrets, env);
    return { program: python.executable, args: ["-m", "ttvideo", "serve"], cwd: this.folder, env: whole };
  }

  private async candidates(interpreter: string | null, env: NodeJS.ProcessEnv): Promise<Candidate[]> {
    if (interpreter !== null) {
      return [{ source: "setting", python: interpreter }];
    }
    return present([
      { source: "pythonExtension", python: await activePython() },
      { source: "ttMetal", python: ttMetalPython(env) },
      { source: "managed", python: await this.environments.current() },
    ]);
  }

  private tellHealth(health: WorkerHealth): void {
    if (this.disposed) {
      return;
    }
    if ("message" in health) {
      this.log.warn(`${health.message} ${health.hint}`);
    } else {
      this.log.info(`The worker is ${health.kind}.`);
    }
    this.healthChanged.fire(health);
  }

  private tell(event: string, payload: unknown): void {
    for (const hear of [...(this.listeners.get(event) ?? [])]) {
      try {
        hear(payload);
      } catch (error) {
        this.log.error(error instanceof Error ? error : String(error));
      }
    }
  }
}

function versionOf(manifest: unknown): string {
  const version = typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
  return String(version);
}
