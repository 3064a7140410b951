// A VS Code for one test file: code-server with the packed extension, in folders of its own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";

import { until } from "../../support/waiting";
import { processesOf, workersOf } from "./processes";

const ROOT = resolve(__dirname, "../../..");
const VSIX = resolve(ROOT, process.env["TTVIDEO_VSIX"] ?? "dist/tt-video-lab.vsix");
export const PYTHON = resolve(ROOT, process.env["TTVIDEO_PYTHON"] ?? ".venv/bin/python");

const SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "extensions.autoCheckUpdates": false,
  "git.enabled": false,
  "remote.autoForwardPorts": false,
  "chat.disableAIFeatures": true,
};

export interface ServerOptions {
  readonly version: string;
  /** The interpreter that is set; null for a machine where nothing is set up */
  readonly python: string | null;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Files of the opened folder, by their relative paths */
  readonly workspace?: Readonly<Record<string, string>>;
  /** Whether VS Code asks if the opened folder is trusted; else it trusts every folder */
  readonly workspaceTrust?: boolean;
  /** Lessons beside those that are packed, by their file names */
  readonly lessons?: Readonly<Record<string, string>>;
  readonly extraArguments?: readonly string[];
}

export class CodeServer {
  readonly home: string;
  readonly workspace: string;
  readonly scratchpad: string;
  readonly state: string;

  private constructor(
    readonly url: string,
    readonly folder: string,
    private readonly process: ChildProcess,
  ) {
    this.home = join(folder, "home");
    this.workspace = join(folder, "workspace");
    this.scratchpad = join(this.home, "tt-scratchpad");
    this.state = join(folder, "state");
  }

  static async start(options: ServerOptions): Promise<CodeServer> {
    const [node, entry] = program(options.version);
    const folder = await mkdtemp(join(tmpdir(), "ttvideo-e2e-"));
    await prepare(folder, options);
    const environment = serverEnvironment(folder, options);
    const places = ["--user-data-dir", join(folder, "user"), "--extensions-dir", join(folder, "extensions")];
    await promisify(execFile)(node, [entry, ...places, "--install-extension", VSIX], { env: environment });
    for (const [name, text] of Object.entries(options.lessons ?? {})) {
      await writeFile(join(await extensionFolder(folder), "lessons", name), text);
    }
    const flags = ["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"];
    const trust = options.workspaceTrust === true ? [] : ["--disable-workspace-trust"];
    const more = ["--disable-getting-started-override", ...trust, ...(options.extraArguments ?? [])];
    const argv = [join(__dirname, "guard.mjs"), node, entry, ...places, ...flags, ...more, join(folder, "workspace")];
    // Detached, so that what interrupts the tests does not end the guard before it has ended the server.
    const child = spawn(process.execPath, argv, { env: environment, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    return new CodeServer(await listening(child), folder, child);
  }

  /** Ends everything; the folders are kept when `keep` is set. Fails when a process of ours outlives its owner. */
  async stop(keep = false): Promise<void> {
    this.process.stdin?.end();
    await until(() => this.process.exitCode !== null || this.process.signalCode !== null, "the server to end");
    try {
      await until(() => processesOf(this.state).length === 0, "all processes of the server to end");
    } finally {
      for (const { pid } of processesOf(this.state)) {
        process.kill(pid, "SIGKILL");
      }
      if (!keep) {
        await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
      }
    }
  }

  /** Where the packed extension was unpacked. */
  extension(): Promise<string> {
    return extensionFolder(this.folder);
  }

  /** The process ids of the workers that run. */
  workers(): number[] {
    return workersOf(this.state);
  }

  async worker(): Promise<number> {
    return until(() => this.workers()[0], "the worker to run");
  }
}

async function prepare(folder: string, options: ServerOptions): Promise<void> {
  for (const place of ["home", "config", "state", "workspace", "user/User", "user/Machine", "extensions", "tmp"]) {
    await mkdir(join(folder, place), { recursive: true });
  }
  const machine = options.python === null ? {} : { "ttVideo.python.interpreter": options.python };
  await writeFile(join(folder, "user/User/settings.json"), JSON.stringify({ ...SETTINGS, ...options.settings }));
  await writeFile(join(folder, "user/Machine/settings.json"), JSON.stringify(machine));
  for (const [path, content] of Object.entries(options.workspace ?? { "notes.txt": "A folder to open.\n" })) {
    const file = join(folder, "workspace", path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, content);
  }
}

async function extensionFolder(folder: string): Promise<string> {
  const names = await readdir(join(folder, "extensions"));
  const name = names.find((each) => each.startsWith("ttvideo.tt-video-lab"));
  if (name === undefined) {
    throw new Error(`The extension was not installed: ${names.join(", ")}`);
  }
  return join(folder, "extensions", name);
}

function serverEnvironment(folder: string, options: ServerOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: join(folder, "home"),
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_STATE_HOME: join(folder, "state"),
    TTVIDEO_STATE: join(folder, "state"),
    // Waiting threads sleep instead of spinning: on a busy machine that is tens of times faster.
    OMP_WAIT_POLICY: "passive",
    // So that a job that is stopped goes on at the very step.
    TTVIDEO_KEEP_SECONDS: "0",
    ...(options.python === null ? WITHOUT_WORKER : {}),
    ...options.environment,
  };
}

/** A machine where nothing can run the worker yet, even if the tests themselves run in such an environment. */
const WITHOUT_WORKER = {
  PATH: (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !existsSync(join(folder, "ttvideo")))
    .join(delimiter),
  PYTHONPATH: "",
  VIRTUAL_ENV: "",
  TT_METAL_HOME: "",
};

function program(version: string): [node: string, entry: string] {
  const modules = join(ROOT, "build/code-server", version, "node_modules");
  if (!existsSync(join(modules, "../.ready"))) {
    throw new Error(`code-server ${version} is not installed: .ci/code-server ${version}`);
  }
  if (!existsSync(VSIX)) {
    throw new Error(`${VSIX} is not there: npm run package`);
  }
  return [join(modules, `node-linux-${process.arch}/bin/node`), join(modules, "code-server/out/node/entry.js")];
}

/** The address that the server says it listens on, when it answers there. */
async function listening(child: ChildProcess): Promise<string> {
  let said = "";
  child.stdout?.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (said += data.toString()));
  const url = await until(() => {
    if (child.exitCode !== null) {
      throw new Error(`code-server ended:\n${said}`);
    }
    return /HTTP server listening on (http:\/\/[\d.:]+)/.exec(said)?.[1];
  }, "code-server to listen");
  await until(async () => (await fetch(`${url}/healthz`)).ok, "code-server to answer");
  return url;
}
