// Against real Pythons and real virtual environments.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { findPython, probePython, sameMinor, type Candidate, type Source } from "../../../extension/src/worker/python";
import { ttMetalPython } from "../../../extension/src/worker/surroundings";
import { PYTHON, temporaryFolder, VERSION } from "./support";

vi.setConfig({ testTimeout: 60_000 });

/** A Python environment that holds packages of these names and nothing else. */
async function environment(folder: string, packages: Readonly<Record<string, string>> = {}): Promise<string> {
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", folder]);
  const python = join(folder, "bin/python");
  const answer = await probePython(python, optionsIn(folder));
  if ("reason" in answer) {
    throw new Error(answer.reason);
  }
  for (const [name, content] of Object.entries(packages)) {
    await mkdir(join(answer.python.sitePackages, name));
    await writeFile(join(answer.python.sitePackages, name, "__init__.py"), content);
  }
  return python;
}

const WORKER = { ttvideo: `__version__ = "${VERSION}"\n`, torch: "raise RuntimeError('slow to import')\n" };

function optionsIn(cwd: string, more: NodeJS.ProcessEnv = {}) {
  return { cwd, env: { ...process.env, PYTHONPATH: undefined, ...more } };
}

async function script(folder: string, text: string): Promise<string> {
  const file = join(folder, "python");
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

describe("a Python is asked what it is", () => {
  test("and what it has, without importing torch", async () => {
    const folder = await temporaryFolder();
    const python = await environment(join(folder, "env"), WORKER);
    expect(await probePython(python, optionsIn(folder))).toMatchObject({
      python: { executable: python, ttvideo: VERSION, torch: true, ttnn: false, ensurepip: true },
    });
  });

  test("and what lies in the folder where it is asked does not count", async () => {
    const folder = await temporaryFolder();
    const python = await environment(join(folder, "env"));
    expect(await probePython(python, optionsIn(folder))).toMatchObject({ python: { ttvideo: null, torch: false } });
  });

  test("and may print before it answers", async () => {
    const folder = await temporaryFolder();
    const python = await environment(join(folder, "env"), { sitecustomize: "print('welcome')\n" });
    expect(await probePython(python, optionsIn(folder))).toHaveProperty("python");
  });

  test.each([
    ["echo hello", "it is not a Python"],
    ['echo "command not found" >&2; exit 127', 'it says "command not found"'],
    [`echo '{"version": "2.7.18", "executable": "x"}'`, "it is Python 2.7.18, and 3.10, 3.11 or 3.12 is needed"],
    [`echo '{"version": "3.13.0", "executable": "x"}'`, "it is Python 3.13.0, and 3.10, 3.11 or 3.12 is needed"],
    [`echo '{"version": "3.11.0"}'`, "it is not a Python"],
  ])("%s: %s", async (text, reason) => {
    const folder = await temporaryFolder();
    expect(await probePython(await script(folder, text), optionsIn(folder))).toEqual({ reason });
  });

  test("and is given up when it does not answer", async () => {
    const folder = await temporaryFolder();
    const python = await script(folder, "exec sleep 600");
    const answer = await probePython(python, { ...optionsIn(folder), timeoutMs: 100 });
    expect(answer).toEqual({ reason: "it did not answer within 0 seconds" });
  });

  test("and may not be there", async () => {
    const folder = await temporaryFolder();
    expect(await probePython(join(folder, "python"), optionsIn(folder))).toEqual({ reason: "there is no such file" });
  });
});

describe("the Python that is used", () => {
  async function find(candidates: readonly [Source, string][], folder: string) {
    const lines: string[] = [];
    const list: Candidate[] = candidates.map(([source, python]) => ({ source, python }));
    const found = await findPython(list, VERSION, optionsIn(folder), (line) => lines.push(line)).catch(
      (error: unknown) => error,
    );
    return { found, lines };
  }

  test("is the first that has the worker, and why the others are not is told", async () => {
    const folder = await temporaryFolder();
    const empty = await environment(join(folder, "empty"));
    const old = await environment(join(folder, "old"), { ...WORKER, ttvideo: '__version__ = "0.0.9"\n' });
    const good = await environment(join(folder, "good"), WORKER);
    const { found, lines } = await find(
      [
        ["pythonExtension", empty],
        ["ttMetal", old],
        ["managed", good],
      ],
      folder,
    );
    expect(found).toMatchObject({ executable: good });
    expect(lines).toEqual([
      `${empty} (the Python extension's environment) is not used: the package ttvideo is not there.`,
      `${old} (tt-metal's own environment) is not used: it has ttvideo 0.0.9, and the extension needs 0.1.0.`,
      `The worker runs with ${good} (made by Set Up Worker).`,
    ]);
  });

  test("is the one of the setting or none", async () => {
    const folder = await temporaryFolder();
    const empty = await environment(join(folder, "empty"));
    const good = await environment(join(folder, "good"), WORKER);
    const { found } = await find(
      [
        ["setting", empty],
        ["managed", good],
      ],
      folder,
    );
    expect(found).toMatchObject({
      kind: "notSetUp",
      message: `The Python of the setting (${empty}) cannot run the worker: the package ttvideo is not there.`,
    });
  });

  test("has to be set up when there is none", async () => {
    const { found } = await find([], await temporaryFolder());
    expect(found).toMatchObject({ kind: "notSetUp", hint: /^Run Set Up Worker/ });
  });

  test("has to be set up again when the one made for it is broken", async () => {
    const folder = await temporaryFolder();
    const { found } = await find([["managed", join(folder, "1/bin/python")]], folder);
    expect(found).toMatchObject({ message: /has to be set up again.*there is no such file/ });
  });
});

test("versions fit when their first two numbers are the same", () => {
  expect(sameMinor("0.1.0", "0.1.7")).toBe(true);
  expect(sameMinor("0.1.0", "0.10.0")).toBe(false);
  expect(sameMinor("1.1.0", "0.1.0")).toBe(false);
});

test("tt-metal's Python is where its variable says", () => {
  expect(ttMetalPython({ TT_METAL_HOME: "/opt/tt-metal" })).toBe("/opt/tt-metal/python_env/bin/python");
  expect(ttMetalPython({ TT_METAL_HOME: "" })).toBeNull();
  expect(ttMetalPython({})).toBeNull();
});
