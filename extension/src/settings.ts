// The settings as the rest of the extension reads them, typed. What concerns starting Python is in worker/settings.ts.
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { absoluteFolder, checked, type DEFAULTS, type Setting } from "./settingValues";

function read<Key extends Setting>(key: Key): (typeof DEFAULTS)[Key] {
  return checked(key, vscode.workspace.getConfiguration("ttVideo").get(key));
}

/** Where videos are made: an absolute path. */
export function outputFolder(): string {
  return absoluteFolder(read("output.folder"), homedir());
}

/** Where the package animatediff_ttnn is put, with its examples: an absolute path. */
export function deployFolder(): string {
  return join(outputFolder(), "tt-animatediff");
}

export function writesMetadata(): boolean {
  return read("output.metadata");
}

export function defaultModel(): string {
  return read("generate.model");
}

/** `auto` or the id of a backend. */
export function chosenDevice(): string {
  return read("generate.device");
}

export async function chooseDevice(device: string): Promise<void> {
  await vscode.workspace
    .getConfiguration("ttVideo")
    .update("generate.device" satisfies Setting, device, vscode.ConfigurationTarget.Global);
}

export function previewSettings(): { autoplay: boolean; loop: boolean } {
  return { autoplay: read("preview.autoplay"), loop: read("preview.loop") };
}
