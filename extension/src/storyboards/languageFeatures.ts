// What an editor shows in a storyboard besides problems: links above the prompts, pictures on hover, completion.
import * as vscode from "vscode";
import type { JobList } from "../jobs/jobList";
import { escapeMarkdown } from "../plainText";
import type { Worker } from "../worker/worker";
import type { Boards } from "./boards";
import { isStoryboard, LANGUAGE } from "./documents";
import { describeFrame, lensesOf, SAVE_LENS, workerLens, type Lens } from "./lenses";

const SELECTOR: vscode.DocumentSelector = [
  { language: LANGUAGE, scheme: "file" },
  { language: LANGUAGE, scheme: "untitled" },
];
/** VS Code makes the links anew when it is told of a change, and a click that is under way then goes nowhere. */
const PAUSE_MS = 1000;
const TRIGGERS = ["|", "=", ":", " "];
/** In the editor's own pixels */
const THUMBNAIL_WIDTH = 192;

export function registerLanguageFeatures(worker: Worker, jobs: JobList, boards: Boards): vscode.Disposable {
  return vscode.Disposable.from(
    new Lenses(worker, jobs, boards),
    vscode.languages.registerHoverProvider(SELECTOR, { provideHover: (document, at) => hover(boards, document, at) }),
    vscode.languages.registerCompletionItemProvider(
      SELECTOR,
      { provideCompletionItems: (document, at) => completions(worker, document, at) },
      ...TRIGGERS,
    ),
  );
}

class Lenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #worker: Worker;
  readonly #jobs: JobList;
  readonly #boards: Boards;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly vscode.Disposable[];
  /** What stands in the editors, by file */
  readonly #shown = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(worker: Worker, jobs: JobList, boards: Boards) {
    this.#worker = worker;
    this.#jobs = jobs;
    this.#boards = boards;
    this.#subscriptions = [
      boards.onDidChange(() => {
        this.#look();
      }),
      jobs.onDidChange(() => {
        this.#look();
      }),
      vscode.languages.registerCodeLensProvider(SELECTOR, this),
    ];
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!isStoryboard(document)) {
      return [SAVE_LENS].map(toCodeLens);
    }
    const file = document.uri.fsPath;
    await this.#boards.current(document);
    const lenses = this.#lenses(file);
    this.#shown.set(file, JSON.stringify(lenses));
    return lenses.map(toCodeLens);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const each of [...this.#subscriptions, this.#changed]) {
      each.dispose();
    }
  }

  #lenses(file: string): readonly Lens[] {
    const { kind } = this.#worker.health;
    if (kind === "notSetUp" || kind === "crashed") {
      return [workerLens(kind)];
    }
    const board = this.#boards.get(file);
    return board === null ? [] : lensesOf(board, this.#jobs.jobs);
  }

  /** Jobs change many times a second, and mostly nothing of what stands there; then at most once in a while. */
  #look(): void {
    if (this.#timer !== undefined) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#fireIfChanged();
    }, PAUSE_MS);
    this.#fireIfChanged();
  }

  #fireIfChanged(): void {
    if ([...this.#shown].some(([file, text]) => JSON.stringify(this.#lenses(file)) !== text)) {
      this.#changed.fire();
    }
  }
}

function toCodeLens({ line, title, command, arguments: args, picture }: Lens): vscode.CodeLens {
  const range = new vscode.Range(line, 0, line, 0);
  if (command === null && picture !== null) {
    const opens = [vscode.Uri.file(picture)];
    return new vscode.CodeLens(range, { title, command: "vscode.open", arguments: opens, tooltip: "Open the picture" });
  }
  return new vscode.CodeLens(range, { title, command: command ?? "", arguments: [...args] });
}

async function hover(
  boards: Boards,
  document: vscode.TextDocument,
  { line }: vscode.Position,
): Promise<vscode.Hover | null> {
  const board = isStoryboard(document) ? await boards.current(document) : null;
  const frame = board?.storyboard.frames.find((each) => each.line <= line && line <= each.endLine);
  if (frame === undefined) {
    return null;
  }
  const text = new vscode.MarkdownString();
  // The words first: the picture's height is not known before it is loaded.
  text.appendMarkdown(escapeMarkdown(`Frame ${frame.number}: ${describeFrame(frame)}`));
  if (frame.picture !== null) {
    const picture = vscode.Uri.file(frame.picture).toString();
    text.appendMarkdown(`\n\n![Frame ${frame.number}](${picture}|width=${THUMBNAIL_WIDTH})`);
  }
  return new vscode.Hover(
    text,
    new vscode.Range(frame.line, 0, frame.endLine, document.lineAt(frame.endLine).text.length),
  );
}

async function completions(
  worker: Worker,
  document: vscode.TextDocument,
  { line, character }: vscode.Position,
): Promise<vscode.CompletionItem[]> {
  if ("message" in worker.health) {
    return [];
  }
  const place = { text: document.getText(), line, column: character };
  const { items } = await worker.call("storyboard/complete", place);
  return items.map(({ label, insert, column, detail, kind }) => {
    const isKey = kind === "key";
    const item = new vscode.CompletionItem(label, vscode.CompletionItemKind[isKey ? "Property" : "Value"]);
    item.range = new vscode.Range(line, column, line, character);
    item.insertText = insert;
    item.filterText = insert;
    item.detail = detail;
    if (isKey) {
      // After a key come its values.
      item.command = { command: "editor.action.triggerSuggest", title: "" };
    }
    return item;
  });
}
