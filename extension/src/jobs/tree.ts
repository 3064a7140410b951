// The view Jobs: the list as a tree of one level.
import * as vscode from "vscode";
import { escapeMarkdown } from "../plainText";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import type { JobList } from "./jobList";
import { accessibleLabel, contextWords, differInProgressOnly, rowDescription, rowLabel, tooltipRows } from "./row";
import { isActive, mainOutput, plural, type JobState } from "./view";

export const JOBS_VIEW = "ttVideo.jobs";
/** VS Code makes a row's buttons anew whenever the row is drawn, and a click that is under way then goes nowhere. */
const PROGRESS_MS = 1000;

const ICONS: Readonly<Record<JobState, vscode.ThemeIcon>> = {
  queued: new vscode.ThemeIcon("clock"),
  running: new vscode.ThemeIcon("loading~spin"),
  cancelling: new vscode.ThemeIcon("loading~spin", new vscode.ThemeColor("disabledForeground")),
  done: new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed")),
  failed: new vscode.ThemeIcon("error", new vscode.ThemeColor("testing.iconFailed")),
  cancelled: new vscode.ThemeIcon("circle-slash", new vscode.ThemeColor("disabledForeground")),
  interrupted: new vscode.ThemeIcon("debug-pause", new vscode.ThemeColor("list.warningForeground")),
};

/** Its elements are the jobs' ids: they stay the same while a job changes, and with them the row a person points at. */
export class JobTree implements vscode.TreeDataProvider<string>, vscode.Disposable {
  readonly #jobs: JobList;
  readonly #view: vscode.TreeView<string>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #changed = new vscode.EventEmitter<string[] | undefined>();
  #shown: ReadonlyMap<string, Job> = new Map();
  /** Rows that only got farther */
  readonly #late = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(worker: Worker, jobs: JobList) {
    this.#jobs = jobs;
    this.#view = vscode.window.createTreeView(JOBS_VIEW, { treeDataProvider: this, showCollapseAll: false });
    this.#subscriptions = [
      this.#view,
      jobs.onDidChange(() => {
        this.#refresh();
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

  getChildren(id?: string): string[] {
    return id === undefined ? this.#jobs.jobs.map((job) => job.id) : [];
  }

  getTreeItem(id: string): vscode.TreeItem {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      // Removed between the question for the rows and this one; the next refresh comes without it.
      return new vscode.TreeItem("");
    }
    const item = new vscode.TreeItem(rowLabel(job), vscode.TreeItemCollapsibleState.None);
    item.id = job.id;
    item.description = rowDescription(job);
    item.iconPath = ICONS[job.status.state];
    item.contextValue = contextWords(job);
    item.accessibilityInformation = { label: accessibleLabel(job) };
    if (isActive(job) || mainOutput(job) !== null) {
      item.command = { command: "ttVideo.showOutput", title: "Show Output", arguments: [id] };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, id: string): vscode.TreeItem {
    const job = this.#jobs.get(id);
    if (job !== undefined) {
      item.tooltip = tooltip(job);
    }
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const each of [...this.#subscriptions, this.#changed]) {
      each.dispose();
    }
  }

  /** All rows when there are others than before; else those that changed: at once, or soon if they only got farther. */
  #refresh(): void {
    const before = this.#shown;
    this.#shown = new Map(this.#jobs.jobs.map((job) => [job.id, job]));
    if ([...before.keys()].join() !== [...this.#shown.keys()].join()) {
      this.#late.clear();
      this.#changed.fire(undefined);
      return;
    }
    const now: string[] = [];
    for (const [id, job] of this.#shown) {
      const earlier = before.get(id);
      if (earlier !== undefined && earlier !== job) {
        if (differInProgressOnly(earlier, job)) {
          this.#late.add(id);
        } else {
          this.#late.delete(id);
          now.push(id);
        }
      }
    }
    if (now.length > 0) {
      this.#changed.fire(now);
    }
    if (this.#late.size > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#changed.fire([...this.#late]);
        this.#late.clear();
      }, PROGRESS_MS);
    }
  }

  #describeList(): void {
    const { jobs, queue, problem } = this.#jobs;
    const active = jobs.filter((job) => isActive(job) || job.status.state === "queued").length;
    this.#view.badge = active === 0 ? undefined : { value: active, tooltip: `${plural(active, "job")} to do` };
    // An empty message is none; `undefined` would be refused by exactOptionalPropertyTypes.
    const message = problem ?? (queue.paused ? `The queue is paused. ${queue.reason ?? ""}`.trim() : "");
    // VS Code waits for 200 ms without a message before it draws rows: one with each step would keep it from that.
    if (message !== this.#view.message) {
      this.#view.message = message;
    }
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
