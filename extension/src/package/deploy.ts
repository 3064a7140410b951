// Puts the package where a person may change it, and offers what to do there.
import * as vscode from "vscode";
import { plainText } from "../plainText";
import { report } from "../report";
import { deployFolder } from "../settings";
import { showInTerminal } from "../terminal";
import type { Deployed } from "../worker/contract";
import type { Worker } from "../worker/worker";

/**
 * Python takes the package from there, and says so. Not installed: in the worker's environment, whose Python that
 * terminal has, the worker's own copy would come first.
 */
const NEXT = 'export PYTHONPATH="$PWD" && python -c "import animatediff_ttnn; print(animatediff_ttnn.__file__)"';

/** Resolves when it is there; what to do with it is asked, and not waited for. Rejects with a Failure only. */
export async function deploy(worker: Worker): Promise<void> {
  const deployed = await worker.call("package/deploy", { folder: deployFolder() });
  void offerNext(worker, deployed).catch(report);
}

async function offerNext(worker: Worker, deployed: Deployed): Promise<void> {
  const [terminal, open] = ["Open in Terminal", "Open Folder"];
  const text = plainText(describeDeployed(deployed));
  const chosen = await vscode.window.showInformationMessage(text, terminal, open);
  if (chosen === terminal) {
    await showInTerminal(worker, "animatediff_ttnn", deployed.folder, NEXT);
  } else if (chosen === open) {
    const folder = vscode.Uri.file(deployed.folder);
    await vscode.commands.executeCommand("vscode.openFolder", folder, { forceNewWindow: true });
  }
}

function describeDeployed({ folder, copied, kept }: Deployed): string {
  const changed = kept.length === 0 ? "" : ` Changed by you and kept: ${few(kept)}.`;
  return copied.length === 0
    ? `The package animatediff_ttnn in ${folder} is up to date.${changed}`
    : `The package animatediff_ttnn is in ${folder}.${changed}`;
}

function few(names: readonly string[]): string {
  const more = names.length - 3;
  return more > 0 ? `${names.slice(0, 3).join(", ")} and ${more} more` : names.join(", ");
}
