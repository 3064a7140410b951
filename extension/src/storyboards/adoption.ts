// Pictures that another program made for a storyboard are offered as its frames, once for each file.
import * as vscode from "vscode";
import { dirname } from "node:path";
import { plainText } from "../plainText";
import { report } from "../report";
import type { Worker } from "../worker/worker";
import type { Boards } from "./boards";
import { openDocument } from "./documents";
import { storyboardTitle } from "./fileNames";
import { submitStoryboard } from "./submit";

export function offerAdoption(worker: Worker, boards: Boards): vscode.Disposable {
  const asked = new Set<string>();
  return boards.onDidChange((file) => {
    const pictures = boards.get(file)?.storyboard.adoptable ?? [];
    const [first] = pictures;
    if (first !== undefined && openDocument(file) !== undefined && !asked.has(file)) {
      asked.add(file);
      offer(worker, file, dirname(first), pictures.length).catch(report);
    }
  });
}

async function offer(worker: Worker, file: string, folder: string, count: number): Promise<void> {
  const use = "Use as Frames";
  const lie = count === 1 ? "picture named like its frames lies" : "pictures named like its frames lie";
  const text = `${storyboardTitle(file)}: ${count} ${lie} beside it. Use ${count === 1 ? "it" : "them"} as its frames?`;
  const chosen = await vscode.window.showInformationMessage(plainText(text), use, "Not Now");
  if (chosen === use) {
    await submitStoryboard(worker, file, { kind: "adopt", folder });
  }
}
