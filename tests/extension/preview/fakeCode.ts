// What the preview uses of VS Code: files are real ones, dialogs and commands are recorded.
import { copyFile, readFile, rename, rm, stat } from "node:fs/promises";
import { vi } from "vitest";

export interface FakeUri {
  readonly scheme: string;
  readonly path: string;
  readonly fsPath: string;
  readonly with: (change: { path?: string; query?: string }) => FakeUri;
  readonly toString: () => string;
}

function file(path: string, query = ""): FakeUri {
  return {
    scheme: "file",
    path,
    fsPath: path,
    with: (change) => file(change.path ?? path, change.query ?? query),
    toString: () => `res:${encodeURI(path)}?${query}`,
  };
}

export class FakeEmitter<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly event = (listener: (value: T) => void) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  fire(value: T): void {
    for (const listener of this.#listeners) {
      listener(value);
    }
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

type Ask<Options, Answer> = (options: Options) => Promise<Answer | undefined>;
type AskInWords = (message: string, options: object, ...buttons: string[]) => Promise<string | undefined>;

const nothing = (): Promise<undefined> => Promise.resolve(undefined);
const settings = new Map<string, unknown>();
const settingsChanged = new FakeEmitter<{ affectsConfiguration: (section: string) => boolean }>();

export const code = {
  commands: { executeCommand: vi.fn<(command: string, ...args: unknown[]) => Promise<unknown>>(nothing) },
  env: {
    clipboard: { writeText: vi.fn<(text: string) => Promise<void>>(nothing) },
    openExternal: vi.fn<(uri: FakeUri) => Promise<boolean>>(() => Promise.resolve(true)),
    remoteName: undefined as string | undefined,
    uiKind: 1,
  },
  window: {
    showInputBox: vi.fn<Ask<object, string>>(nothing),
    showOpenDialog: vi.fn<Ask<object, FakeUri[]>>(nothing),
    showSaveDialog: vi.fn<Ask<object, FakeUri>>(nothing),
    showWarningMessage: vi.fn<AskInWords>(nothing),
    setStatusBarMessage: vi.fn(),
  },
  workspace: {
    fs: {
      stat: vi.fn((uri: FakeUri) => stat(uri.fsPath)),
      readFile: vi.fn((uri: FakeUri) => readFile(uri.fsPath)),
      copy: vi.fn((from: FakeUri, to: FakeUri) => copyFile(from.fsPath, to.fsPath)),
      rename: vi.fn((from: FakeUri, to: FakeUri) => rename(from.fsPath, to.fsPath)),
      delete: vi.fn<(uri: FakeUri, options?: object) => Promise<void>>((uri) => rm(uri.fsPath)),
    },
    workspaceFolders: undefined,
    textDocuments: [],
    getWorkspaceFolder: vi.fn<(uri: FakeUri) => object | undefined>(),
    getConfiguration: () => ({ get: (key: string) => settings.get(key) }),
    onDidChangeConfiguration: settingsChanged.event,
  },
  Uri: { file: (path: string) => file(path), joinPath: (base: FakeUri, name: string) => file(`${base.path}/${name}`) },
  UIKind: { Desktop: 1, Web: 2 },
  EventEmitter: FakeEmitter,
  FileSystemError: class extends Error {
    code = "Unknown";
  },
  InputBoxValidationSeverity: { Info: 1 },
};

export function set(key: string, value: unknown): void {
  settings.set(key, value);
  settingsChanged.fire({ affectsConfiguration: (section) => `ttVideo.${key}`.startsWith(section) });
}
