// Runs inside the extension host of a real VS Code; host.spec.ts puts it there.
import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";

import * as vscode from "vscode";

const ID = "ttvideo.tt-video-lab";

interface Manifest {
  readonly activationEvents?: readonly string[];
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<unknown>(ID);
  assert.ok(extension, "the extension is installed");
  const manifest = extension.packageJSON as Manifest;
  assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
  assert.equal(extension.isActive, false, "it is not active before somebody needs it");
  // Views and commands activate it by themselves; a lesson's page that comes back in a reloaded window does not.
  assert.deepEqual(manifest.activationEvents, ["onWebviewPanel:ttVideo.lesson"]);

  const before = performance.now();
  await extension.activate();
  console.log(`activated in ${(performance.now() - before).toFixed(0)} ms`);

  const all = await vscode.commands.getCommands(true);
  assert.deepEqual(all.filter(isOurs).sort(), manifest.contributes.commands.map(({ command }) => command).sort());
  for (const alias of ["tenstorrent.runHardwareDetection", "tenstorrent.startInteractiveImageGen"]) {
    assert.ok(all.includes(alias), `${alias} is there when Tenstorrent's own extension is not`);
  }
}

/** VS Code itself makes commands for views, such as `ttVideo.jobs.focus`. */
function isOurs(command: string): boolean {
  return /^ttVideo\.\w+$/.test(command);
}
