// What storyboards use of VS Code: documents are held in memory, what is shown is recorded.
import { basename } from "node:path";
import { vi } from "vitest";
import { FakeEmitter } from "../preview/fakeCode";

export class FakeUri {
  private constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}
  static file(path: string): FakeUri {
    return new FakeUri("file", path);
  }
  static of(scheme: string, path: string): FakeUri {
    return new FakeUri(scheme, path);
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}://${encodeURI(this.path)}`;
  }
}

export class FakeRange {
  readonly start: { line: number; character: number };
  readonly end: { line: number; character: number };
  constructor(line: number, character: number, endLine: number, endCharacter: number) {
    this.start = { line, character };
    this.end = { line: endLine, character: endCharacter };
  }
}

export class FakeDocument {
  version = 1;
  isDirty = false;
  isClosed = false;
  readonly save = vi.fn(() => {
    this.isDirty = false;
    return Promise.resolve(true);
  });
  constructor(
    readonly uri: FakeUri,
    public text: string,
    readonly languageId = "ttvideo-storyboard",
  ) {}
  getText(): string {
    return this.text;
  }
  lineAt(line: number): { text: string } {
    return { text: this.text.split("\n")[line] ?? "" };
  }
}

class FakeWorkspaceEdit {
  readonly edits: { uri: FakeUri; range: FakeRange; text: string }[] = [];
  replace(uri: FakeUri, range: FakeRange, text: string): void {
    this.edits.push({ uri, range, text });
  }
}

class FakeMarkdown {
  value = "";
  isTrusted = false;
  appendMarkdown(text: string): void {
    this.value += text;
  }
}

export interface FakeDiagnostic {
  readonly range: FakeRange;
  readonly message: string;
  readonly severity: number;
  source?: string;
}

export interface FakeLens {
  readonly range: FakeRange;
  readonly command: { title: string; command: string; arguments: unknown[] };
}

export interface Providers {
  lenses?: { provideCodeLenses: (document: FakeDocument) => Promise<FakeLens[]>; onDidChangeCodeLenses: unknown };
  hover?: (document: FakeDocument, at: object) => Promise<{ contents: FakeMarkdown; range: FakeRange } | null>;
  complete?: (document: FakeDocument, at: object) => Promise<Record<string, unknown>[]>;
}

const documents: FakeDocument[] = [];
const opened = new FakeEmitter<FakeDocument>();
const closed = new FakeEmitter<FakeDocument>();
const changed = new FakeEmitter<{ document: FakeDocument; contentChanges: object[] }>();
export const editorChanged = new FakeEmitter<{ document: FakeDocument } | undefined>();
export const problems = new Map<string, readonly FakeDiagnostic[]>();
export const providers: Providers = {};
const settings = new Map<string, unknown>([["output.folder", "/out"]]);

const nothing = (): Promise<undefined> => Promise.resolve(undefined);
const none = { dispose: () => undefined };

function edit({ edits }: FakeWorkspaceEdit): Promise<boolean> {
  for (const { uri, range, text } of edits) {
    const document = documents.find((each) => each.uri.path === uri.path);
    if (document === undefined) {
      return Promise.resolve(false);
    }
    const lines = document.text.split("\n");
    const before = lines.slice(0, range.start.line);
    type(document, [...before, text, ...lines.slice(range.end.line + 1)].join("\n"));
  }
  return Promise.resolve(true);
}

export const code = {
  window: {
    activeTextEditor: undefined as { document: FakeDocument } | undefined,
    onDidChangeActiveTextEditor: editorChanged.event,
    showErrorMessage: vi.fn<(text: string, ...buttons: string[]) => Promise<string | undefined>>(nothing),
    showInformationMessage: vi.fn<(text: string, ...buttons: string[]) => Promise<string | undefined>>(nothing),
    showOpenDialog: vi.fn<(options: object) => Promise<FakeUri[] | undefined>>(nothing),
    showTextDocument: vi.fn<(uri: FakeUri, options: object) => Promise<void>>(nothing),
  },
  workspace: {
    textDocuments: documents,
    onDidOpenTextDocument: opened.event,
    onDidCloseTextDocument: closed.event,
    onDidChangeTextDocument: changed.event,
    onDidChangeConfiguration: () => none,
    getConfiguration: () => ({ get: (key: string) => settings.get(key) }),
    openTextDocument: (uri: FakeUri) => {
      const document = documents.find((each) => each.uri.path === uri.path);
      return document ? Promise.resolve(document) : Promise.reject(new Error("no such file"));
    },
    applyEdit: vi.fn(edit),
    save: vi.fn<(uri: FakeUri) => Promise<FakeUri | undefined>>(nothing),
  },
  languages: {
    createDiagnosticCollection: () => ({
      set: (uri: FakeUri, found: readonly FakeDiagnostic[]) => problems.set(uri.path, found),
      delete: (uri: FakeUri) => problems.delete(uri.path),
      dispose: () => {
        problems.clear();
      },
    }),
    registerCodeLensProvider: (_: object, provider: Providers["lenses"]) => {
      Object.assign(providers, { lenses: provider });
      return none;
    },
    registerHoverProvider: (_: object, { provideHover }: { provideHover: Providers["hover"] }) => {
      Object.assign(providers, { hover: provideHover });
      return none;
    },
    registerCompletionItemProvider: (_: object, { provideCompletionItems }: Record<string, Providers["complete"]>) => {
      Object.assign(providers, { complete: provideCompletionItems });
      return none;
    },
  },
  Uri: FakeUri,
  Range: FakeRange,
  EventEmitter: FakeEmitter,
  WorkspaceEdit: FakeWorkspaceEdit,
  MarkdownString: FakeMarkdown,
  Disposable: {
    from: (...all: { dispose: () => void }[]) => ({
      dispose: () => {
        for (const each of all) {
          each.dispose();
        }
      },
    }),
  },
  DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
  CompletionItemKind: { Property: 9, Value: 11 },
  CompletionItem: class {
    constructor(
      readonly label: string,
      readonly kind: number,
    ) {}
  },
  Diagnostic: class {
    constructor(
      readonly range: FakeRange,
      readonly message: string,
      readonly severity: number,
    ) {}
  },
  CodeLens: class {
    constructor(
      readonly range: FakeRange,
      readonly command: object,
    ) {}
  },
  Hover: class {
    constructor(
      readonly contents: FakeMarkdown,
      readonly range: FakeRange,
    ) {}
  },
};

export function open(path: string, text: string, scheme = "file"): FakeDocument {
  const isStoryboard = /^video_prompts\.txt$|\.storyboard/.test(basename(path)) || scheme === "untitled";
  const document = new FakeDocument(FakeUri.of(scheme, path), text, isStoryboard ? undefined : "plaintext");
  documents.push(document);
  opened.fire(document);
  return document;
}

export function type(document: FakeDocument, text: string): void {
  document.text = text;
  document.version += 1;
  document.isDirty = true;
  changed.fire({ document, contentChanges: [{}] });
}

export function close(document: FakeDocument): void {
  document.isClosed = true;
  documents.splice(documents.indexOf(document), 1);
  closed.fire(document);
}

export function closeAll(): void {
  for (const document of [...documents]) {
    close(document);
  }
}
