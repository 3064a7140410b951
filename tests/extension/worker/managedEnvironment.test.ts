import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ManagedEnvironments } from "../../../extension/src/worker/managedEnvironment";
import { temporaryFolder } from "./support";

async function environments() {
  return new ManagedEnvironments(join(await temporaryFolder(), "worker"));
}

async function make(managed: ManagedEnvironments): Promise<string> {
  const folder = await managed.next();
  await mkdir(join(folder, "bin"), { recursive: true });
  return folder;
}

test("there is none at first", async () => {
  expect(await (await environments()).current()).toBeNull();
});

test("a new one takes over when it is used, and what nobody uses is removed", async () => {
  const managed = await environments();
  const first = await make(managed);
  await managed.use(first);
  expect(await managed.current()).toBe(join(first, "bin/python"));
  const second = await make(managed);
  expect(second).not.toBe(first);
  expect(await managed.current()).toBe(join(first, "bin/python"));
  await managed.use(second);
  expect(await managed.current()).toBe(join(second, "bin/python"));
  await managed.removeUnused();
  expect((await readdir(managed.root)).sort()).toEqual(["2", "current.json"]);
});

test("one that a process still runs from stays until that has ended", async () => {
  const managed = await environments();
  const old = await make(managed);
  await symlink(process.execPath, join(old, "bin/python"));
  const child = spawn(join(old, "bin/python"), ["-e", "setInterval(() => undefined, 1000)"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const current = await make(managed);
  await managed.use(current);
  await managed.removeUnused();
  expect(await readdir(managed.root)).toContain("1");
  child.kill("SIGKILL");
  await once(child, "close");
  await managed.removeUnused();
  expect(await readdir(managed.root)).not.toContain("1");
});

test.each(["", "{", "null", '{"folder": "../.."}', '{"folder": 1.5}', '{"folder": -1}', "[]"])(
  "a pointer that holds %j points at nothing outside",
  async (text) => {
    const managed = await environments();
    await mkdir(managed.root);
    await writeFile(join(managed.root, "current.json"), text);
    expect(await managed.current()).toBeNull();
  },
);

test("only environments are removed", async () => {
  const managed = await environments();
  await expect(managed.remove(join(managed.root, ".."))).rejects.toThrow("is no environment");
  await expect(managed.remove(join(managed.root, "1/.."))).rejects.toThrow("is no environment");
});

test("another window's set-up is not disturbed, that of a window that has gone is", async () => {
  const managed = await environments();
  await mkdir(managed.root);
  const lock = join(managed.root, "set-up.lock");
  await writeFile(lock, String(process.ppid));
  const refused = managed.exclusively(() => Promise.resolve("done"));
  await expect(refused).rejects.toMatchObject({ kind: "setUpFailed", message: /Another window/ });
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "close");
  await writeFile(lock, String(child.pid));
  expect(await managed.exclusively(() => Promise.resolve("done"))).toBe("done");
  expect(await readdir(managed.root)).toEqual([]);
});
