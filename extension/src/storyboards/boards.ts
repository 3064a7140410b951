// The storyboards that are open in editors, and the one in the prompt box: what the worker says of each as it is now.
import * as vscode from "vscode";
import { asFailure, Failure } from "../errors";
import type { JobList } from "../jobs/jobList";
import { outputFolder } from "../settings";
import type { Worker } from "../worker/worker";
import { Checker } from "./checker";
import { isStoryboard, LANGUAGE, openDocument } from "./documents";
import { signatureOf, type Board } from "./making";
import { diagnosticOf, type Diagnosis } from "./problems";

const SEVERITIES = { error: "Error", warning: "Warning", information: "Hint" } as const;
const PAUSE_MS = 250;
const COLLECT_MS = 50;

interface Entry {
  readonly checker: Checker<Board>;
  board: Board | null;
  /** Why there is none */
  failure: Failure | null;
  signature: string;
}

export class Boards implements vscode.Disposable {
  readonly #worker: Worker;
  readonly #jobs: JobList;
  readonly #entries = new Map<string, Entry>();
  readonly #diagnostics = vscode.languages.createDiagnosticCollection(LANGUAGE);
  readonly #changed = new vscode.EventEmitter<string>();
  readonly #subscriptions: vscode.Disposable[];
  #pinned: string | null = null;

  /** With the path of the file */
  readonly onDidChange = this.#changed.event;

  constructor(worker: Worker, jobs: JobList) {
    this.#worker = worker;
    this.#jobs = jobs;
    this.#subscriptions = [
      vscode.workspace.onDidOpenTextDocument(() => {
        this.#lookForFiles();
      }),
      vscode.workspace.onDidCloseTextDocument(() => {
        this.#lookForFiles();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (isStoryboard(document) && contentChanges.length > 0) {
          this.#entries.get(document.uri.fsPath)?.checker.textChanged();
        }
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        // Its pictures may have been changed by others meanwhile.
        this.#entries.get(editor?.document.uri.fsPath ?? "")?.checker.refresh();
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("ttVideo.output.folder")) {
          this.#refreshAll();
        }
      }),
      worker.onDidChangeHealth((health) => {
        if (health.kind !== "starting") {
          this.#refreshAll();
        }
      }),
      jobs.onDidChange(() => {
        this.#jobsChanged();
      }),
    ];
    this.#lookForFiles();
  }

  /** What the worker said last; null when it could not be asked. */
  get(file: string): Board | null {
    return this.#entries.get(file)?.board ?? null;
  }

  failure(file: string): Failure | null {
    return this.#entries.get(file)?.failure ?? null;
  }

  /** The same about the text as it is now. */
  async current(document: vscode.TextDocument): Promise<Board | null> {
    const file = document.uri.fsPath;
    await this.#entries.get(file)?.checker.settled();
    return this.get(file);
  }

  /** The file in the prompt box, whether or not it is open in an editor. */
  pin(file: string | null): void {
    this.#pinned = file;
    this.#lookForFiles();
  }

  dispose(): void {
    for (const { checker } of this.#entries.values()) {
      checker.dispose();
    }
    for (const each of [...this.#subscriptions, this.#diagnostics, this.#changed]) {
      each.dispose();
    }
  }

  #lookForFiles(): void {
    const open = vscode.workspace.textDocuments.filter(isStoryboard).map((document) => document.uri.fsPath);
    const wanted = new Set([...open, ...(this.#pinned === null ? [] : [this.#pinned])]);
    for (const file of wanted) {
      if (!this.#entries.has(file)) {
        this.#begin(file);
      }
    }
    for (const [file, { checker }] of this.#entries) {
      if (!wanted.has(file)) {
        checker.dispose();
        this.#entries.delete(file);
      }
      if (!open.includes(file)) {
        this.#diagnostics.delete(vscode.Uri.file(file));
      }
    }
  }

  #begin(file: string): void {
    const tell = (board: Board | null, failure: Failure | null): void => {
      Object.assign(entry, { board, failure });
      this.#showProblems(file, board, failure);
      this.#changed.fire(file);
    };
    const checker = new Checker<Board>({
      ask: () => this.#ask(file),
      tell: (board) => {
        tell(board, null);
      },
      fail: (error) => {
        tell(null, asFailure(error));
      },
      pauseMs: PAUSE_MS,
      collectMs: COLLECT_MS,
    });
    const entry: Entry = { checker, board: null, failure: null, signature: "" };
    this.#entries.set(file, entry);
    checker.refresh();
  }

  /** An editor that shows a storyboard needs the worker; what only waits in the prompt box starts nothing. */
  async #ask(file: string): Promise<Board> {
    const document = openDocument(file);
    const { health } = this.#worker;
    if ("message" in health) {
      throw new Failure(health.kind === "notSetUp" ? "notSetUp" : "workerEnded", health.message, health.hint);
    }
    if (document === undefined && health.kind !== "ready") {
      throw new Failure("cancelled", "The worker does not run yet.", "");
    }
    const text = document?.getText() ?? null;
    const storyboard = await this.#worker.call("storyboard/check", { file, text, outputFolder: outputFolder() });
    return { file, storyboard };
  }

  #showProblems(file: string, board: Board | null, failure: Failure | null): void {
    if (openDocument(file) !== undefined) {
      const found = diagnosticOf(board, failure).map(toDiagnostic);
      this.#diagnostics.set(vscode.Uri.file(file), found);
    }
  }

  #refreshAll(): void {
    for (const { checker } of this.#entries.values()) {
      checker.refresh();
    }
  }

  #jobsChanged(): void {
    for (const [file, entry] of this.#entries) {
      const signature = signatureOf(file, entry.board?.storyboard.folder ?? null, this.#jobs.jobs);
      if (signature !== entry.signature) {
        entry.signature = signature;
        entry.checker.refresh();
      }
    }
  }
}

function toDiagnostic({ line, column, endColumn, severity, message }: Diagnosis): vscode.Diagnostic {
  const range = new vscode.Range(line, column, line, endColumn);
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity[SEVERITIES[severity]]);
  diagnostic.source = "TT Video Lab";
  return diagnostic;
}
