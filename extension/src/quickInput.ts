// A list or a box to ask one thing in, with a Back button: steps of a longer question.
import * as vscode from "vscode";

export const BACK = Symbol("back");
type Answer<T> = T | typeof BACK | undefined;

export interface Question {
  readonly title: string;
  readonly placeholder?: string;
  readonly step?: number;
  readonly totalSteps?: number;
  readonly back: boolean;
}

export interface Pick<T> extends vscode.QuickPickItem {
  readonly value?: T;
}

export interface ListQuestion<T> extends Question {
  /** What the list holds when this is typed */
  readonly items: (typed: string) => readonly Pick<T>[];
  /** What stands in the box at first */
  readonly typed?: string;
  readonly onButton?: (value: T) => void;
  /** Rejects when the question has become pointless: the list is closed and the rejection passed on */
  readonly whileOpen?: Promise<unknown>;
}

/** What was chosen; undefined when the list was left. */
export async function askList<T>(question: ListQuestion<T>): Promise<Answer<T>> {
  const list = vscode.window.createQuickPick<Pick<T>>();
  const show = (): void => {
    list.items = question.items(list.value);
  };
  prepare(list, question);
  list.matchOnDescription = true;
  list.value = question.typed ?? "";
  show();
  return ask(list, (answer, fail) => {
    list.onDidChangeValue(show);
    list.onDidAccept(() => {
      const value = list.selectedItems[0]?.value;
      if (value !== undefined) {
        answer(value);
      }
    });
    list.onDidTriggerItemButton(({ item }) => {
      if (item.value !== undefined) {
        question.onButton?.(item.value);
        show();
      }
    });
    if (question.whileOpen !== undefined) {
      list.busy = true;
      question.whileOpen.then(() => {
        list.busy = false;
      }, fail);
    }
  });
}

export interface BoxQuestion extends Question {
  readonly value: string;
  readonly prompt: string;
  /** Why the text cannot be taken, or null */
  readonly problem: (text: string) => string | null;
}

/** What was typed; undefined when the box was left. */
export async function askBox(question: BoxQuestion): Promise<Answer<string>> {
  const box = vscode.window.createInputBox();
  prepare(box, question);
  box.value = question.value;
  box.prompt = question.prompt;
  const check = (): boolean => {
    box.validationMessage = question.problem(box.value) ?? undefined;
    return box.validationMessage === undefined;
  };
  return ask(box, (answer) => {
    box.onDidChangeValue(check);
    box.onDidAccept(() => {
      if (check()) {
        answer(box.value);
      }
    });
  });
}

function prepare(input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox, question: Question): void {
  input.title = question.title;
  input.placeholder = question.placeholder;
  input.step = question.step;
  input.totalSteps = question.totalSteps;
  input.ignoreFocusOut = true;
  input.buttons = question.back ? [vscode.QuickInputButtons.Back] : [];
}

function ask<T>(
  input: vscode.QuickPick<Pick<T>> | vscode.InputBox,
  listen: (answer: (value: T) => void, fail: (error: unknown) => void) => void,
): Promise<Answer<T>> {
  return new Promise<Answer<T>>((resolve, reject) => {
    listen(resolve, reject);
    input.onDidTriggerButton(() => {
      resolve(BACK);
    });
    input.onDidHide(() => {
      resolve(undefined);
    });
    input.show();
  }).finally(() => {
    input.dispose();
  });
}
