import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { LogLine } from "../../../extension/src/worker/logLines";
import { WorkerProcess } from "../../../extension/src/worker/process";
import { Heard, isAlive, launchIn, temporaryFolder } from "./support";

// A Python takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const SECONDS = 1000;

async function spawnPython(code: string) {
  const lines = new Heard<LogLine>();
  const child = await WorkerProcess.spawn(launchIn(await temporaryFolder(), ["-c", code]), lines.hear);
  return { child, lines };
}

describe("a program that cannot be run", () => {
  test("because it is not there", async () => {
    const launch = { ...launchIn(await temporaryFolder()), program: "/nowhere/python" };
    await expect(WorkerProcess.spawn(launch, () => undefined)).rejects.toMatchObject({
      kind: "notSetUp",
      message: "The Python '/nowhere/python' cannot be run: there is no such file.",
    });
  });

  test("because it is no program", async () => {
    const folder = await temporaryFolder();
    const program = join(folder, "python");
    await writeFile(program, "text");
    await expect(WorkerProcess.spawn({ ...launchIn(folder), program }, () => undefined)).rejects.toMatchObject({
      message: `The Python '${program}' cannot be run: it may not be run.`,
    });
  });
});

describe("stderr", () => {
  test("is told line by line, each at its level, and its end is kept", async () => {
    const code = `import sys
print("INFO ttvideo.rpc: first", file=sys.stderr)
print("WARNING torch.x: second", file=sys.stderr)
print("  goes on", file=sys.stderr)
raise ValueError("third")`;
    const { child, lines } = await spawnPython(code);
    const ended = await child.ended;
    expect(ended.code).toBe(1);
    expect(lines.all.slice(0, 4)).toEqual([
      { level: "info", text: "ttvideo.rpc: first" },
      { level: "warning", text: "torch.x: second" },
      { level: "warning", text: "  goes on" },
      { level: "error", text: "Traceback (most recent call last):" },
    ]);
    expect(ended.lastLines.at(-1)).toBe("ValueError: third");
    expect(lines.all.at(-1)).toEqual({ level: "error", text: "ValueError: third" });
  });

  test("keeps only so much", async () => {
    const { child } = await spawnPython("import sys; [print(i, file=sys.stderr) for i in range(10000)]");
    const { lastLines } = await child.ended;
    expect(lastLines.length).toBeLessThan(100);
    expect(lastLines.at(-1)).toBe("9999");
  });
});

describe("stop", () => {
  test("closes stdin, which is all that a good process needs", async () => {
    const { child } = await spawnPython("import sys; sys.stdin.read()");
    await child.stop();
    expect(await child.ended).toMatchObject({ code: 0, signal: null });
  });

  test("kills one that ignores everything, and its children, within 3.5 s", async () => {
    const code = `import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, file=sys.stderr)
while True: time.sleep(600)`;
    const { child, lines } = await spawnPython(code);
    const grandchild = Number((await lines.first(() => true)).text);
    const begin = Date.now();
    await child.stop();
    expect(Date.now() - begin).toBeLessThan(3.5 * SECONDS);
    expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });
});

test("children do not outlive a process that crashed, nor delay the news", async () => {
  const code = `import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, file=sys.stderr, flush=True)
os.abort()`;
  const { child, lines } = await spawnPython(code);
  expect(await child.ended).toMatchObject({ code: null, signal: "SIGABRT" });
  await expect.poll(() => isAlive(Number(lines.all[0]?.text))).toBe(false);
});
