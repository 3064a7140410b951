// The latest files in the watched folders: read when the worker gets ready, then kept by its events.
import { access } from "node:fs/promises";
import * as vscode from "vscode";
import type { JobList } from "../jobs/jobList";
import type { OutputAppeared } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { watchedFolders } from "./folders";
import { Outputs } from "./outputs";

/** The worker tells that a job is removed just before its files are. */
const LOOK_AGAIN = 1000;

export class OutputList implements vscode.Disposable {
  readonly #worker: Worker;
  readonly #jobs: JobList;
  readonly #outputs = new Outputs();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #appeared = new vscode.EventEmitter<OutputAppeared>();
  readonly #subscriptions: vscode.Disposable[];
  #knownJobs: ReadonlySet<string> = new Set();
  #again: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#changed.event;
  readonly onDidAppear = this.#appeared.event;

  constructor(worker: Worker, jobs: JobList) {
    this.#worker = worker;
    this.#jobs = jobs;
    this.#subscriptions = [
      worker.on("output/appeared", (entry) => {
        const news = this.#outputs.put(entry, Date.now() / 1000);
        if (news !== "nothing") {
          this.#changed.fire();
        }
        if (news === "new") {
          this.#appeared.fire(entry);
        }
      }),
      worker.onDidChangeHealth((health) => {
        if (health.kind === "ready") {
          void this.#read();
        }
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("ttVideo.output.folder")) {
          void this.#read();
        }
      }),
      jobs.onDidChange(() => {
        this.#lookForRemovedJobs();
      }),
    ];
    void this.#read();
  }

  /** The newest first. */
  get outputs(): readonly OutputAppeared[] {
    return this.#outputs.entries;
  }

  get(path: string): OutputAppeared | undefined {
    return this.outputs.find((entry) => entry.output.path === path);
  }

  /** Reads the list anew. Starts the worker when needed. Rejects with a Failure only. */
  async look(): Promise<readonly OutputAppeared[]> {
    const reading = this.#outputs.beginReading(Date.now() / 1000);
    const { outputs } = await this.#worker.call("outputs/watch", { folders: watchedFolders() });
    this.#outputs.replace(outputs, reading);
    this.#changed.fire();
    return this.outputs;
  }

  remove(path: string): void {
    if (this.#outputs.remove(new Set([path]))) {
      this.#changed.fire();
    }
  }

  /** Drop the entries whose files are gone. */
  async refresh(): Promise<void> {
    const paths = this.outputs.map((entry) => entry.output.path);
    const gone = await Promise.all(paths.map(isGone));
    if (this.#outputs.remove(new Set(paths.filter((_, index) => gone[index])))) {
      this.#changed.fire();
    }
  }

  dispose(): void {
    clearTimeout(this.#again);
    for (const each of [...this.#subscriptions, this.#changed, this.#appeared]) {
      each.dispose();
    }
  }

  async #read(): Promise<void> {
    if (this.#worker.health.kind !== "ready") {
      return;
    }
    try {
      await this.look();
    } catch {
      // A worker that ended meanwhile says so by its health, and the list is read again when it is back.
    }
  }

  #lookForRemovedJobs(): void {
    const known = new Set(this.#jobs.jobs.map((job) => job.id));
    const isRemoved = ({ jobId }: OutputAppeared) => jobId !== null && this.#knownJobs.has(jobId) && !known.has(jobId);
    const removed = this.outputs.some(isRemoved);
    this.#knownJobs = known;
    if (removed) {
      void this.refresh();
      clearTimeout(this.#again);
      this.#again = setTimeout(() => void this.refresh(), LOOK_AGAIN);
    }
  }
}

async function isGone(path: string): Promise<boolean> {
  return access(path).then(
    () => false,
    (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT",
  );
}
