// The one item in the status bar: the device and what is going on there.
import * as vscode from "vscode";
import { HARDWARE, LOG, RESTART, SET_UP, type Button } from "./failureButtons";
import type { JobList } from "./jobs/jobList";
import { escapeMarkdown } from "./plainText";
import { chosenDevice } from "./settings";
import { likelyDevice } from "./shared/devices";
import { statusLine } from "./statusLine";
import type { Worker } from "./worker/worker";

const PAUSE: Button = { title: "Pause Queue", command: "ttVideo.pauseQueue" };
const RESUME: Button = { title: "Resume Queue", command: "ttVideo.resumeQueue" };

export class Status implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #subscriptions: readonly { dispose(): unknown }[];

  constructor(worker: Worker, jobs: JobList) {
    this.#item = vscode.window.createStatusBarItem("ttVideo.status", vscode.StatusBarAlignment.Left);
    this.#item.name = "TT Video Lab";
    const show = (): void => {
      this.#show(worker, jobs);
    };
    this.#subscriptions = [
      this.#item,
      worker.onDidChangeHealth(show),
      jobs.onDidChange(show),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("ttVideo.generate.device")) {
          show();
        }
      }),
    ];
    show();
    this.#item.show();
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #show(worker: Worker, jobs: JobList): void {
    const device = likelyDevice(worker.hello?.backends ?? [], chosenDevice());
    const line = statusLine({ health: worker.health, jobs: jobs.jobs, queue: jobs.queue, device });
    this.#item.text = line.text;
    this.#item.command = line.command;
    this.#item.backgroundColor = line.blocked ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    this.#item.accessibilityInformation = { label: `TT Video Lab: ${line.lines.join(" ")}` };
    this.#item.tooltip = tooltip(line.lines, linksOf(worker, jobs));
  }
}

function linksOf(worker: Worker, jobs: JobList): readonly Button[] {
  switch (worker.health.kind) {
    case "notSetUp":
      return [SET_UP, LOG];
    case "ready":
      return [jobs.queue.paused ? RESUME : PAUSE, HARDWARE, RESTART, LOG];
    case "stopped":
    case "starting":
    case "crashed":
      return [RESTART, LOG];
  }
}

function tooltip(lines: readonly string[], links: readonly Button[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.isTrusted = { enabledCommands: links.map((link) => link.command) };
  for (const line of lines) {
    text.appendMarkdown(`${escapeMarkdown(line)}\n\n`);
  }
  return text.appendMarkdown(links.map((link) => `[${link.title}](command:${link.command})`).join(" · "));
}
