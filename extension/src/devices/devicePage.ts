// The page Hardware in an editor tab: what this machine has, and where videos are made.
import * as vscode from "vscode";
import { Failure } from "../errors";
import { chooseDevice, chosenDevice } from "../settings";
import type { DeviceMessage, DevicePageState } from "../shared/protocol";
import { WebviewChannel } from "../webviewChannel";
import { createHtml } from "../webviewHtml";
import type { DeviceStatus } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { isDeviceMessage } from "./deviceMessages";
import type { Devices } from "./devices";

export const DEVICE_PAGE_TYPE = "ttVideo.devices";
const TITLE = "Hardware";

export class DevicePage implements vscode.Disposable {
  readonly #subscriptions: readonly vscode.Disposable[];
  #panel: vscode.WebviewPanel | undefined;
  #channel: WebviewChannel<DeviceMessage, DevicePageState> | undefined;
  #focusPreflight = 0;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly worker: Worker,
    private readonly devices: Devices,
  ) {
    const update = (): void => {
      this.#channel?.update();
    };
    this.#subscriptions = [
      devices.onDidChange(update),
      worker.onDidChangeHealth(update),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("ttVideo.generate.device")) {
          update();
        }
      }),
    ];
  }

  /** Looks, and shows what was found. Rejects with a Failure when there is no worker to look. */
  async detect(): Promise<DeviceStatus> {
    const status = await this.devices.look();
    this.#show();
    return status;
  }

  /** The same, with the cursor where a model and a board are chosen. */
  async preflight(): Promise<void> {
    this.#focusPreflight += 1;
    await this.detect();
    this.#channel?.update();
  }

  dispose(): void {
    this.#panel?.dispose();
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #show(): void {
    if (this.#panel !== undefined) {
      this.#panel.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(DEVICE_PAGE_TYPE, TITLE, vscode.ViewColumn.Active, {
      enableFindWidget: true,
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(this.extensionUri, "dist")],
    });
    const channel = new WebviewChannel<DeviceMessage, DevicePageState>(panel.webview, {
      isMessage: isDeviceMessage,
      handle: (message) => this.#handle(message),
      state: () => this.#state(),
      visible: panel.visible,
      log: (sentence) => {
        console.warn(`${TITLE}: ${sentence}`);
      },
    });
    const visibility = panel.onDidChangeViewState(() => {
      channel.setVisible(panel.visible);
    });
    panel.onDidDispose(() => {
      visibility.dispose();
      channel.dispose();
      this.#panel = this.#channel = undefined;
    });
    this.#panel = panel;
    this.#channel = channel;
    panel.webview.html = createHtml(panel.webview, this.extensionUri, "devices", TITLE);
  }

  #state(): DevicePageState {
    const { status, reset, models, preflight } = this.devices;
    const focusPreflight = this.#focusPreflight;
    return {
      worker: this.worker.health,
      status,
      reset,
      models: models ?? [],
      preflight,
      focusPreflight,
      chosen: chosenDevice(),
    };
  }

  async #handle(message: Exclude<DeviceMessage, { type: "ready" }>): Promise<void> {
    switch (message.type) {
      case "look":
        await this.devices.look();
        return;
      case "choose":
        return this.#choose(message.device);
      case "preflight": {
        const { model, board, parameters } = message;
        return this.devices.begin({ model, board, parameters });
      }
      case "copyEnvironment":
        return vscode.env.clipboard.writeText(this.#exports());
      case "command":
        await vscode.commands.executeCommand(message.command);
    }
  }

  async #choose(device: string): Promise<void> {
    const found = this.devices.status?.devices.find(({ id }) => id === device);
    if (device !== "auto" && found?.available !== true) {
      throw new Failure("noDevice", "That device is not available.", "Choose another one.");
    }
    await chooseDevice(device);
  }

  #exports(): string {
    const variables = this.devices.status?.system?.environment ?? [];
    return variables.map((variable) => `export ${variable}\n`).join("");
  }
}
