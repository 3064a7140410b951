// With a real pip, and packages that are small and made here.
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { install, type Installation } from "../../../extension/src/worker/install";
import { ManagedEnvironments } from "../../../extension/src/worker/managedEnvironment";
import { probePython, type Python } from "../../../extension/src/worker/python";
import { PYTHON, ROOT, temporaryFolder, VERSION } from "./support";

vi.setConfig({ testTimeout: 300_000 });

const MAKE_WHEEL = `
import sys, zipfile
file, version = sys.argv[1:]
with zipfile.ZipFile(file, "w") as wheel:
    wheel.writestr("ttvideo/__init__.py", "__version__ = %r\\n" % version)
    wheel.writestr("torch/__init__.py", "")
    info = "ttvideo-%s.dist-info/" % version
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: ttvideo\\nVersion: %s\\n" % version)
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;

const OFFLINE = { PIP_CONFIG_FILE: "/dev/null", PIP_NO_INDEX: "1", PIP_FIND_LINKS: "", PIP_CONSTRAINT: "" };

async function ask(python: string, folder: string): Promise<Python> {
  const answer = await probePython(python, { cwd: folder, env: { ...process.env, PYTHONPATH: undefined } });
  if ("reason" in answer) {
    throw new Error(answer.reason);
  }
  return answer.python;
}

async function prepare(version = VERSION) {
  const folder = await temporaryFolder();
  // As in the packed extension: the wheel in one folder, what it is installed with in another beside it.
  await mkdir(join(folder, "dist"), { recursive: true });
  await cp(join(ROOT, "constraints"), join(folder, "constraints"), { recursive: true });
  const wheel = join(folder, "dist", `ttvideo-${version}-py3-none-any.whl`);
  execFileSync(PYTHON, ["-c", MAKE_WHEEL, wheel, version]);
  const environments = new ManagedEnvironments(join(folder, "worker"));
  await mkdir(environments.root);
  const lines: string[] = [];
  const installation: Installation = {
    environments,
    wheel,
    version: VERSION,
    around: {
      base: await ask(PYTHON, folder),
      uv: null,
      pipConfigured: false,
      ttMetal: null,
      nvidia: false,
      platform: "darwin",
    },
    env: { ...process.env, ...OFFLINE },
    signal: new AbortController().signal,
    onLine: (line) => lines.push(line),
    onStep: () => undefined,
  };
  return { folder, environments, installation, lines };
}

test("an environment replaces the one before when it is complete, and not a moment earlier", async () => {
  const { environments, installation, lines } = await prepare();
  const first = await install(installation);
  expect(first).toMatchObject({ ttvideo: VERSION, executable: await environments.current() });
  expect(lines).toContain(`Successfully installed ttvideo-${VERSION}`);

  const failing = install({ ...installation, wheel: "/nowhere/ttvideo-0.1.0-py3-none-any.whl" });
  await expect(failing).rejects.toMatchObject({
    kind: "setUpFailed",
    message: /^The worker could not be set up: .*\/nowhere/,
  });
  expect(await environments.current()).toBe(first.executable);
  expect((await readdir(environments.root)).sort()).toEqual(["1", "current.json"]);

  // On Linux PyTorch is asked for first, where nobody can have it here; the worker's own step makes up for it.
  const second = await install({ ...installation, around: { ...installation.around, platform: "linux" } });
  expect(lines).toContainEqual(expect.stringContaining("the default index is asked"));
  expect(second.executable).toBe(await environments.current());
  expect((await readdir(environments.root)).sort()).toEqual(["2", "current.json"]);
});

test("one that cannot run the worker is not used", async () => {
  const { environments, installation } = await prepare("0.9.0");
  await expect(install(installation)).rejects.toMatchObject({ message: /it has ttvideo 0\.9\.0/ });
  expect(await environments.current()).toBeNull();
  expect(await readdir(environments.root)).toEqual([]);
});

test("one that is cancelled ends at once and leaves nothing", async () => {
  const { environments, installation } = await prepare();
  const program = join(installation.environments.root, "..", "python");
  await writeFile(program, "#!/bin/sh\nmkdir 1\necho waiting\nexec sleep 600\n", { mode: 0o755 });
  const abort = new AbortController();
  const cancelled = install({
    ...installation,
    around: { ...installation.around, base: { ...(await ask(PYTHON, environments.root)), executable: program } },
    signal: abort.signal,
    onLine: (line) => {
      if (line === "waiting") {
        abort.abort();
      }
    },
  });
  await expect(cancelled).rejects.toMatchObject({ kind: "cancelled" });
  expect(await readdir(environments.root)).toEqual([]);
});

test("over tt-metal's environment its packages are seen, with what they link to, and none is changed", async () => {
  const { folder, installation } = await prepare();
  const home = join(folder, "tt-metal");
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", join(home, "python_env")]);
  const { sitePackages } = await ask(join(home, "python_env/bin/python"), folder);
  for (const name of ["torch", "numpy", "numpy-1.26.4.dist-info", "ttvideo", "ttvideo-0.0.1.dist-info"]) {
    await mkdir(join(sitePackages, name));
  }
  await writeFile(join(sitePackages, "torch/__init__.py"), "");
  await writeFile(join(sitePackages, "ttvideo/__init__.py"), "__version__ = '0.0.1'\n");
  for (const [name, version] of [
    ["numpy", "1.26.4"],
    ["ttvideo", "0.0.1"],
  ]) {
    const text = `Metadata-Version: 2.1\nName: ${name ?? ""}\nVersion: ${version ?? ""}\n`;
    await writeFile(join(sitePackages, `${name ?? ""}-${version ?? ""}.dist-info`, "METADATA"), text);
  }
  await mkdir(join(home, "ttnn"));
  await writeFile(join(home, "ttnn/__init__.py"), "");
  await writeFile(join(sitePackages, "ttnn.pth"), `${home}\n`);
  const before = await list(home);

  const ttMetal = await ask(join(home, "python_env/bin/python"), folder);
  expect(ttMetal).toMatchObject({ ttnn: true, ttvideo: "0.0.1" });
  const python = await install({ ...installation, around: { ...installation.around, ttMetal } });
  expect(python).toMatchObject({ ttvideo: VERSION, ttnn: true });
  const numpy = execFileSync(python.executable, ["-c", "import numpy; print(numpy.__path__[0])"], { encoding: "utf8" });
  expect(numpy.trim()).toBe(join(sitePackages, "numpy"));
  expect(await list(home)).toEqual(before);
});

async function list(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"));
  const texts = files.map(async (entry): Promise<[string, string]> => {
    const file = join(entry.parentPath, entry.name);
    return [file, await readFile(file, "latin1")];
  });
  return Object.fromEntries(await Promise.all(texts));
}
