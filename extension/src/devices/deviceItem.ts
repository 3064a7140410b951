// The boards in the status bar, where there are any.
import * as vscode from "vscode";
import { HARDWARE } from "../failureButtons";
import { escapeMarkdown } from "../plainText";
import { deviceLine } from "./deviceLine";
import type { Devices } from "./devices";

export class DeviceItem implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #subscription: vscode.Disposable;

  constructor(devices: Devices) {
    this.#item = vscode.window.createStatusBarItem("ttVideo.device", vscode.StatusBarAlignment.Left);
    this.#item.name = "TT Video Lab: Tenstorrent Boards";
    this.#item.command = HARDWARE.command;
    this.#subscription = devices.onDidChange(() => {
      this.#show(devices);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #show(devices: Devices): void {
    const line = deviceLine(devices.status, devices.reset);
    if (line === null) {
      this.#item.hide();
      return;
    }
    this.#item.text = line.text;
    this.#item.tooltip = new vscode.MarkdownString(line.lines.map(escapeMarkdown).join("\n\n"));
    this.#item.accessibilityInformation = { label: `Tenstorrent boards: ${line.lines.join(" ")}` };
    this.#item.backgroundColor = line.broken ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    this.#item.show();
  }
}
