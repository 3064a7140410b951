// The commands about models that are not bundled: fetch one, delete one, and the token that some makers ask for.
import * as vscode from "vscode";
import type { Devices } from "../devices/devices";
import { Failure } from "../errors";
import { plainText } from "../plainText";
import type { Job, Models } from "../worker/contract";
import { storeToken } from "../worker/token";
import type { Worker } from "../worker/worker";
import {
  downloadable,
  downloadQuestion,
  licencePage,
  named,
  removable,
  removalQuestion,
  whyNoRoom,
  type ModelRow,
} from "./modelRows";

export class ModelCommands {
  constructor(
    private readonly secrets: vscode.SecretStorage,
    private readonly worker: Worker,
    private readonly devices: Devices,
  ) {}

  /** `target` may name a model or a checkpoint; else it is asked. Resolves to the job. */
  async download(target: unknown): Promise<Job | undefined> {
    const models = await this.worker.call("models/list", {});
    const rows = downloadable(models);
    const row = named(rows, target) ?? (await choose(rows, "download", "Every model there is has been downloaded."));
    if (row === undefined || !(await agreesToDownload(row, models))) {
      return undefined;
    }
    return this.worker.call("models/download", { kind: "download", model: row.model, checkpoint: row.checkpoint.name });
  }

  async remove(target: unknown): Promise<void> {
    const rows = removable(await this.worker.call("models/list", {}));
    const row = named(rows, target) ?? (await choose(rows, "remove", "No model has been downloaded."));
    if (row === undefined) {
      return;
    }
    const { text, detail } = removalQuestion(row);
    const remove = "Delete";
    if ((await vscode.window.showWarningMessage(plainText(text), { modal: true, detail }, remove)) !== remove) {
      return;
    }
    await this.worker.call("models/remove", { model: row.model, checkpoint: row.checkpoint.name });
    void vscode.window.showInformationMessage(plainText(`${row.checkpoint.title} was deleted.`));
    await this.devices.lookForModels();
  }

  /** Needs no worker. One that runs is started anew with the token, at once or when the person says so. */
  async setToken(): Promise<void> {
    const typed = await vscode.window.showInputBox({
      title: "Hugging Face Token",
      prompt: "For models whose licence must be accepted. It is kept in the system's key store. Empty forgets it.",
      placeHolder: "hf_…",
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (/\s/.test(text.trim()) ? "A token has no spaces in it." : null),
    });
    if (typed === undefined) {
      return;
    }
    await storeToken(this.secrets, typed.trim());
    if (this.worker.health.kind === "ready") {
      await this.worker.relaunch();
    }
    const text = typed.trim() === "" ? "The Hugging Face token was forgotten." : "The Hugging Face token is kept.";
    void vscode.window.showInformationMessage(text);
  }
}

async function choose(
  rows: readonly ModelRow[],
  verb: "download" | "remove",
  none: string,
): Promise<ModelRow | undefined> {
  if (rows.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  const items = rows.map((row) => ({ label: row.label, description: row.description, detail: row.detail, row }));
  const placeHolder = `Choose the model to ${verb}`;
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.row;
}

async function agreesToDownload(row: ModelRow, models: Models): Promise<boolean> {
  const noRoom = whyNoRoom(row, models);
  if (noRoom !== null) {
    throw new Failure("disk", noRoom, "Make room, or set HF_HOME in the setting ttVideo.worker.environment.");
  }
  const { text, detail } = downloadQuestion(row, models);
  const [download, licence] = ["Download", "Open Licence Page"];
  const buttons = row.checkpoint.gated ? [download, licence] : [download];
  const answer = await vscode.window.showInformationMessage(plainText(text), { modal: true, detail }, ...buttons);
  if (answer === licence) {
    await vscode.env.openExternal(vscode.Uri.parse(licencePage(row.checkpoint)));
  }
  return answer === download;
}
