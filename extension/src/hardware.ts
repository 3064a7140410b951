// Detect Hardware: what this machine can compute on, what it cannot and why, and who drives what now.
import * as vscode from "vscode";
import { hardwareRows, type HardwareRow } from "./hardwareRows";
import { plainText } from "./plainText";
import { chooseDevice, chosenDevice } from "./settings";
import type { Backend } from "./worker/contract";
import type { Worker } from "./worker/worker";

/** Resolves when it is known, and shows it; the list stays open for as long as the person likes. */
export async function detectHardware(worker: Worker): Promise<readonly Backend[]> {
  // Asked anew: what the worker said when it started may have changed since.
  const { backends } = await worker.call("worker/hello", { clientVersion: worker.version });
  const { devices } = await worker.call("device/status", {});
  void show(hardwareRows(backends, devices, chosenDevice()));
  return backends;
}

async function show(rows: readonly HardwareRow[]): Promise<void> {
  const items = rows.map((row) => ({
    label: row.label,
    description: row.description,
    detail: row.detail,
    iconPath: new vscode.ThemeIcon(row.available ? "pass" : "circle-slash"),
    row,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Hardware of This Machine",
    placeHolder: "Choose where new videos are made",
    ignoreFocusOut: true,
  });
  if (chosen?.row.available === true) {
    await chooseDevice(chosen.row.device);
  } else if (chosen !== undefined) {
    void vscode.window.showInformationMessage(plainText(`${chosen.row.label}: ${chosen.row.detail}`));
  }
}
