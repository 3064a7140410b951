// What the AnimateDiff commands use of VS Code, recorded.
import { vi } from "vitest";
import { FakeEmitter } from "../preview/fakeCode";

/** Of the settings, what a test says. */
export const settings: Record<string, unknown> = {};

const terminal = { show: vi.fn(), sendText: vi.fn() };

export const code = {
  terminal,
  workspace: {
    getConfiguration: () => ({ get: (key: string) => settings[key] }),
    fs: { stat: vi.fn(() => Promise.resolve()) },
  },
  commands: { executeCommand: vi.fn<(command: string, ...args: unknown[]) => Promise<unknown>>() },
  env: { remoteName: undefined, uiKind: 1 },
  UIKind: { Desktop: 1, Web: 2 },
  window: {
    createTerminal: vi.fn(() => terminal),
    showInformationMessage: vi.fn<(...args: unknown[]) => Promise<unknown>>(),
  },
  Uri: { file: (path: string) => path },
  EventEmitter: FakeEmitter,
};
