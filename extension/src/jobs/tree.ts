// The view Jobs: the list as a tree of one level.
import * as vscode from "vscode";
import { escapeMarkdown } from "../plainText";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import type { JobList } from "./jobList";
import { accessibleLabel, contextWords, rowDescription, rowLabel, tooltipRows } from "./row";
import { isActive, mainOutput, plural, type JobState } from "./view";

export const JOBS_VIEW = "ttVideo.jobs";

const ICONS: Readonly<Record<JobState, vscode.ThemeIcon>> = {
  queued: new vscode.ThemeIcon("clock"),
  running: new vscode.ThemeIcon("loading~spin"),
  cancelling: new vscode.ThemeIcon("loading~spin", new vscode.ThemeColor("disabledForeground")),
  done: new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed")),
  failed: new vscode.ThemeIcon("error", new vscode.ThemeColor("testing.iconFailed")),
  cancelled: new vscode.ThemeIcon("circle-slash", new vscode.ThemeColor("disabledForeground")),
  interrupted: new vscode.ThemeIcon("debug-pause", new vscode.ThemeColor("list.warningForeground")),
};

export class JobTree implements vscode.TreeDataProvider<Job>, vscode.Disposable {
  readonly #jobs: JobList;
  readonly #view: vscode.TreeView<Job>;
  readonly #subscriptions: vscode.Disposable[];
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(worker: Worker, jobs: JobList) {
    this.#jobs = jobs;
    this.onDidChangeTreeData = jobs.onDidChange;
    this.#view = vscode.window.createTreeView(JOBS_VIEW, { treeDataProvider: this, showCollapseAll: false });
    this.#subscriptions = [
      this.#view,
      jobs.onDidChange(() => {
        this.#describeList();
      }),
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible) {
          startForReading(worker);
        }
      }),
    ];
    if (this.#view.visible) {
      startForReading(worker);
    }
  }

  getChildren(job?: Job): Job[] {
    return job === undefined ? [...this.#jobs.jobs] : [];
  }

  getTreeItem(job: Job): vscode.TreeItem {
    const item = new vscode.TreeItem(rowLabel(job), vscode.TreeItemCollapsibleState.None);
    item.id = job.id;
    item.description = rowDescription(job);
    item.iconPath = ICONS[job.status.state];
    item.contextValue = contextWords(job);
    item.accessibilityInformation = { label: accessibleLabel(job) };
    if (isActive(job) || mainOutput(job) !== null) {
      item.command = { command: "ttVideo.showOutput", title: "Show Output", arguments: [job] };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, job: Job): vscode.TreeItem {
    item.tooltip = tooltip(this.#jobs.get(job.id) ?? job);
    return item;
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #describeList(): void {
    const { jobs, queue, problem } = this.#jobs;
    const active = jobs.filter((job) => isActive(job) || job.status.state === "queued").length;
    this.#view.badge = active === 0 ? undefined : { value: active, tooltip: `${plural(active, "job")} to do` };
    // An empty message is none; `undefined` would be refused by exactOptionalPropertyTypes.
    this.#view.message = problem ?? (queue.paused ? `The queue is paused. ${queue.reason ?? ""}`.trim() : "");
  }
}

/** The list is the worker's: who looks at it needs the worker. One that crashed or is not set up is left alone. */
function startForReading(worker: Worker): void {
  if (worker.health.kind === "stopped") {
    // What goes wrong is in the worker's health, which the view and the status bar show.
    worker.start().catch(() => undefined);
  }
}

/** Prompts and error messages are other people's text: they are shown, and never read as Markdown. */
function tooltip(job: Job): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  tooltipRows(job).forEach(({ label, text: value }, index) => {
    text.appendMarkdown(index === 0 ? "" : "\n\n");
    text.appendMarkdown(label === "" ? "" : `**${label}:** `);
    text.appendMarkdown(escapeMarkdown(value));
  });
  return text;
}
