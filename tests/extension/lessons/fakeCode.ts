// What the lessons use of VS Code: panels that can be looked into, commands and terminals that are recorded.
import { vi } from "vitest";
import type { LessonState } from "../../../extension/src/shared/protocol";
import { FakeEmitter } from "../preview/fakeCode";

export class FakeUri {
  constructor(readonly path: string) {}
  get fsPath(): string {
    return this.path;
  }
  with(change: { path: string }): FakeUri {
    return new FakeUri(change.path);
  }
  toString(): string {
    return `res:${this.path}`;
  }
}

export class FakePanel {
  readonly received: unknown[] = [];
  readonly requests = new FakeEmitter<unknown>();
  readonly viewState = new FakeEmitter<void>();
  readonly disposed = new FakeEmitter<void>();
  readonly onDidChangeViewState = this.viewState.event;
  readonly onDidDispose = this.disposed.event;
  readonly reveal = vi.fn();
  readonly dispose = vi.fn(() => {
    this.disposed.fire();
  });
  visible = true;
  title = "";
  #number = 0;
  readonly webview = {
    options: { localResourceRoots: [] as FakeUri[], enableScripts: false, enableCommandUris: undefined },
    html: "",
    cspSource: "res:",
    asWebviewUri: (uri: FakeUri) => uri,
    onDidReceiveMessage: this.requests.event,
    postMessage: (message: unknown) => {
      this.received.push(structuredClone(message));
      return Promise.resolve(true);
    },
  };

  /** Resolves with what was wrong, when the request has been answered. */
  async sends(message: unknown): Promise<{ message: string; hint: string } | null> {
    const number = (this.#number += 1);
    this.requests.fire({ number, message });
    return vi.waitFor(() => {
      const reply = this.received.find((each) => (each as { replyTo?: number }).replyTo === number);
      if (reply === undefined) {
        throw new Error("no answer yet");
      }
      return (reply as { error: { message: string; hint: string } | null }).error;
    });
  }

  get state(): LessonState | undefined {
    const states = this.received.filter((each) => Object.hasOwn(each as object, "state"));
    return (states.at(-1) as { state: LessonState } | undefined)?.state;
  }
}

interface Serializer {
  deserializeWebviewPanel: (panel: unknown, state: unknown) => Promise<void>;
}

interface Provider {
  onDidChangeTreeData: (listener: () => void) => unknown;
  getChildren: (node?: unknown) => Promise<unknown[]>;
  getTreeItem: (node: unknown) => Record<string, unknown>;
}

export const panels: FakePanel[] = [];
export const terminals: { show: () => void; sendText: ReturnType<typeof vi.fn> }[] = [];
export const registered: { serializer?: Serializer; provider?: Provider } = {};

/** Of the settings, what a test says; the others are as VS Code's are when nothing was set. */
export const settings: Record<string, unknown> = {};

export const code = {
  workspace: { getConfiguration: () => ({ get: (key: string) => settings[key] }) },
  commands: { executeCommand: vi.fn<(command: string, ...args: unknown[]) => Promise<unknown>>() },
  env: { clipboard: { writeText: vi.fn(() => Promise.resolve()) }, openExternal: vi.fn(() => Promise.resolve(true)) },
  window: {
    createTreeView: (_id: string, options: { treeDataProvider: Provider }) => {
      registered.provider = options.treeDataProvider;
      return { dispose: vi.fn() };
    },
    registerWebviewPanelSerializer: (_type: string, serializer: Serializer) => {
      registered.serializer = serializer;
      return { dispose: vi.fn() };
    },
    createWebviewPanel: vi.fn(() => {
      const panel = new FakePanel();
      panels.push(panel);
      return panel;
    }),
    createTerminal: vi.fn<(options: { name: string; cwd: string }) => (typeof terminals)[number]>(() => {
      const terminal = { show: vi.fn(), sendText: vi.fn() };
      terminals.push(terminal);
      return terminal;
    }),
    showQuickPick: vi.fn((items: unknown[]) => Promise.resolve(items[0])),
  },
  Uri: {
    joinPath: (base: FakeUri, ...names: string[]) => new FakeUri([base.path, ...names].join("/")),
    parse: (text: string) => text,
  },
  ViewColumn: { Active: -1 },
  TreeItem: class {
    constructor(
      readonly label: string,
      readonly collapsibleState = 0,
    ) {}
  },
  TreeItemCollapsibleState: { None: 0, Expanded: 2 },
  ThemeIcon: class {
    constructor(readonly id: string) {}
  },
  ThemeColor: class {
    constructor(readonly id: string) {}
  },
  EventEmitter: FakeEmitter,
};
