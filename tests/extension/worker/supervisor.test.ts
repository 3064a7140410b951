// Against the real worker.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../../extension/src/errors";
import type { WorkerHealth } from "../../../extension/src/shared/protocol";
import type { Job } from "../../../extension/src/worker/contract";
import type { LogLine } from "../../../extension/src/worker/logLines";
import type { Launch } from "../../../extension/src/worker/process";
import { Supervisor, type Patience } from "../../../extension/src/worker/supervisor";
import { Heard, isAlive, isHealth, launchIn, temporaryFolder, VERSION } from "./support";

// A Python takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const FAST = { restartDelaysMs: [1, 1, 1] };
const CLIP = { prompt: "a red ball bouncing on green grass", parameters: { frames: 2, steps: 2, seed: 1 } };

interface Options {
  readonly patience?: Partial<Patience>;
  readonly version?: string;
  readonly launch?: (folder: string) => Launch | Promise<Launch>;
}

async function supervise({ patience = FAST, version = VERSION, launch = launchIn }: Options = {}) {
  const folder = await temporaryFolder();
  const health = new Heard<WorkerHealth>();
  const events = new Heard<{ event: string; payload: unknown }>();
  const lines = new Heard<LogLine>();
  const supervisor = new Supervisor({
    version,
    patience,
    resolveLaunch: async () => launch(folder),
    onHealth: health.hear,
    onEvent: (event, payload) => {
      events.hear({ event, payload });
    },
    onLine: lines.hear,
  });
  onTestFinished(() => supervisor.stop());
  return { supervisor, folder, health, events, lines };
}

function kinds(health: Heard<WorkerHealth>): string[] {
  return health.all.map(({ kind }) => kind);
}

function kill(pid: number): void {
  process.kill(pid, "SIGKILL");
}

describe("starting", () => {
  test("happens at the first call, once for all who ask", async () => {
    const { supervisor, health } = await supervise();
    expect(supervisor.health).toEqual({ kind: "stopped" });
    const answers = await Promise.all([supervisor.call("jobs/list", {}), supervisor.start(), supervisor.start()]);
    expect(answers[0].jobs).toEqual([]);
    expect(answers[1]).toEqual(answers[2]);
    expect(supervisor.hello).toMatchObject({ version: VERSION });
    expect(kinds(health)).toEqual(["starting", "ready"]);
  });

  test("what the worker refuses is a Failure with its words", async () => {
    const { supervisor } = await supervise();
    const refused = await supervisor.call("jobs/get", { id: "none" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Failure);
    expect(refused).toMatchObject({ kind: "notFound" });
  });

  test("without anything to run is told as not set up, and not tried again by itself", async () => {
    const failure = new Failure("notSetUp", "There is no Python.", "Run Set Up Worker.");
    const { supervisor, health } = await supervise({ launch: () => Promise.reject(failure) });
    await expect(supervisor.call("jobs/list", {})).rejects.toBe(failure);
    expect(health.all).toEqual([
      { kind: "starting" },
      { kind: "notSetUp", message: failure.message, hint: failure.hint },
    ]);
  });

  test("a program that is not there", async () => {
    const { supervisor } = await supervise({ launch: (folder) => ({ ...launchIn(folder), program: "/nowhere" }) });
    await expect(supervisor.start()).rejects.toMatchObject({ kind: "notSetUp" });
    expect(supervisor.health.kind).toBe("notSetUp");
  });

  test("a worker of another version is stopped, and what to do is said", async () => {
    const { supervisor, lines } = await supervise({ version: "0.2.0" });
    await expect(supervisor.start()).rejects.toMatchObject({
      kind: "notSetUp",
      message: "The worker has version 0.1.0, the extension needs 0.2.0.",
    });
    expect(supervisor.health).toMatchObject({ kind: "notSetUp" });
    expect(lines.all.at(-1)?.text).toContain("The worker ends.");
  });

  test("a patch of the version makes no difference", async () => {
    const { supervisor } = await supervise({ version: "0.1.99" });
    expect(await supervisor.start()).toMatchObject({ version: VERSION });
  });

  test("a program that ends at once says why", async () => {
    const { supervisor } = await supervise({
      launch: (folder) => launchIn(folder, ["-c", "import ttvideo_that_is_not_there"]),
    });
    await expect(supervisor.start()).rejects.toMatchObject({
      kind: "workerEnded",
      message: "The worker could not start: No module named 'ttvideo_that_is_not_there'.",
    });
    expect(supervisor.health).toMatchObject({ kind: "crashed" });
  });

  test("a program that says nothing is given up", async () => {
    const silent = "import sys; sys.stdin.read()";
    const { supervisor } = await supervise({
      patience: { ...FAST, helloMs: 50 },
      launch: (folder) => launchIn(folder, ["-c", silent]),
    });
    await expect(supervisor.start()).rejects.toMatchObject({ message: /said nothing/ });
  });

  test("a program that says something else is given up", async () => {
    const chatty = "import sys; print('Loading the environment...\\n\\n', flush=True); sys.stdin.read()";
    const { supervisor } = await supervise({ launch: (folder) => launchIn(folder, ["-c", chatty]) });
    await expect(supervisor.start()).rejects.toMatchObject({
      message: /^What the worker sent cannot be read: it begins with "Loading the environment/,
    });
  });
});

describe("stopping", () => {
  test("ends the process within 3 s and rejects what waits", async () => {
    const { supervisor, health } = await supervise();
    const { pid } = await supervisor.start();
    const begin = Date.now();
    await supervisor.stop();
    expect(Date.now() - begin).toBeLessThan(3000);
    expect(isAlive(pid)).toBe(false);
    expect(kinds(health)).toEqual(["starting", "ready", "stopped"]);
    expect(supervisor.hello).toBeNull();
  });

  test("while it starts leaves no process behind", async () => {
    const { supervisor, health, lines } = await supervise();
    const starting = supervisor.start().catch((error: unknown) => error);
    await health.first(isHealth("starting"));
    await supervisor.stop();
    expect(await starting).toMatchObject({ kind: "workerEnded", message: /was stopped/ });
    expect(supervisor.health).toEqual({ kind: "stopped" });
    // The next one is the only one.
    const { pid } = await supervisor.start();
    expect((await supervisor.call("worker/hello", { clientVersion: VERSION })).pid).toBe(pid);
    expect(lines.all.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("and starting again at once gives a new process", async () => {
    const { supervisor } = await supervise();
    const first = await supervisor.start();
    const stopped = supervisor.stop();
    const second = await supervisor.start();
    await stopped;
    expect(second.pid).not.toBe(first.pid);
    expect(isAlive(first.pid)).toBe(false);
    expect(supervisor.health).toEqual({ kind: "ready" });
  });

  test("restarts asked for together are one", async () => {
    const { supervisor, health } = await supervise();
    await supervisor.start();
    const [one, other] = await Promise.all([supervisor.restart(), supervisor.restart()]);
    expect(one.pid).toBe(other.pid);
    expect(kinds(health)).toEqual(["starting", "ready", "stopped", "starting", "ready"]);
  });
});

describe("a crash", () => {
  test("rejects what waits, is told, and the worker comes back", async () => {
    const { supervisor, health } = await supervise();
    const { pid } = await supervisor.start();
    process.kill(pid, "SIGSTOP");
    const waiting = supervisor.call("models/list", {});
    kill(pid);
    await expect(waiting).rejects.toMatchObject({ kind: "workerEnded" });
    const crashed = await health.first(isHealth("crashed"));
    expect(crashed).toMatchObject({
      message: "The worker was killed (SIGKILL); often the machine ran out of memory.",
      hint: /being started again/,
    });
    await health.first(isHealth("ready"), health.all.indexOf(crashed));
    expect(supervisor.hello?.pid).not.toBe(pid);
    expect((await supervisor.call("jobs/list", {})).jobs).toEqual([]);
  });

  test("again and again is given up after three restarts, until somebody asks", async () => {
    const { supervisor, health } = await supervise();
    await supervisor.start();
    for (let crash = 0; crash < 4; crash += 1) {
      const from = health.all.length;
      kill(supervisor.hello?.pid ?? 0);
      await health.first(isHealth(crash < 3 ? "ready" : "crashed"), from);
    }
    expect(supervisor.health).toMatchObject({ hint: /4 times in a row/ });
    expect((await supervisor.start()).pid).toBeGreaterThan(0);
  });

  test("after a time of peace counts as the first", async () => {
    const { supervisor, health } = await supervise({ patience: { restartDelaysMs: [1], steadyMs: 0 } });
    await supervisor.start();
    for (let crash = 0; crash < 3; crash += 1) {
      const from = health.all.length;
      kill(supervisor.hello?.pid ?? 0);
      await health.first(isHealth("ready"), from);
    }
    expect(supervisor.health).toEqual({ kind: "ready" });
  });

  test("of every restart counts as well", async () => {
    let starts = 0;
    const { supervisor, health } = await supervise({
      launch: (folder) => {
        starts += 1;
        return starts === 1 ? launchIn(folder) : launchIn(folder, ["-c", "raise SystemExit('broken')"]);
      },
    });
    const { pid } = await supervisor.start();
    kill(pid);
    expect(await health.first((state) => "hint" in state && state.hint.includes("4 times"))).toMatchObject({
      message: "The worker ended with exit code 1: broken.",
    });
    expect(starts).toBe(4);
  });

  test("is not undone when the worker is stopped meanwhile", async () => {
    const { supervisor, health } = await supervise({ patience: { restartDelaysMs: [20] } });
    const { pid } = await supervisor.start();
    kill(pid);
    await health.first(isHealth("crashed"));
    await supervisor.stop();
    // Whatever the timer would do, it would do before one that begins now and takes as long.
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(supervisor.health).toEqual({ kind: "stopped" });
  });
});

describe("a job", () => {
  test("is followed to its end, and another one is interrupted by a crash and left so", async () => {
    const { supervisor, folder, health, events } = await supervise();
    await mkdir(join(folder, "out"));
    const submit = (steps: number) =>
      supervisor.call("jobs/submit", {
        ...CLIP,
        outputFolder: join(folder, "out"),
        parameters: { ...CLIP.parameters, steps },
      });
    const stateOf = (id: string, state: string) => (heard: { event: string; payload: unknown }) =>
      heard.event === "job/changed" && (heard.payload as Job).id === id && (heard.payload as Job).status.state === state;

    const first = await submit(2);
    const done = (await events.first(stateOf(first.id, "done"))).payload as Job;
    expect(done.outputs.length).toBeGreaterThan(0);
    await events.first(({ event }) => event === "output/appeared");

    const second = await submit(50);
    await events.first(stateOf(second.id, "running"));
    const from = health.all.length;
    kill(supervisor.hello?.pid ?? 0);
    await health.first(isHealth("ready"), from);
    const { jobs } = await supervisor.call("jobs/list", {});
    expect(Object.fromEntries(jobs.map(({ id, status }) => [id, status.state]))).toEqual({
      [first.id]: "done",
      [second.id]: "interrupted",
    });
  });
});

test("the launch that is in use is known", async () => {
  const { supervisor, folder } = await supervise();
  expect(supervisor.launch).toBeNull();
  await supervisor.start();
  expect(supervisor.launch).toEqual(launchIn(folder));
});

test("the worker's folder is where it is told to be", async () => {
  const { supervisor, folder } = await supervise();
  await writeFile(join(folder, "ttvideo.txt"), "");
  const hello = await supervisor.start();
  expect(hello.database.startsWith(join(folder, "state"))).toBe(true);
  expect((await readFile(hello.database)).length).toBeGreaterThan(0);
});
