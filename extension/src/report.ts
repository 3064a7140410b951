// The one place that shows what went wrong: what happened, what to do, and the commands that do it.
import * as vscode from "vscode";
import { asFailure } from "./errors";
import { BUTTONS } from "./failureButtons";
import { plainText } from "./plainText";

/** Resolves when the message is gone; what the person cancelled is not told again. */
export async function report(error: unknown): Promise<void> {
  const failure = asFailure(error);
  if (failure.kind === "cancelled") {
    return;
  }
  const buttons = BUTTONS[failure.kind];
  const text = plainText(`${failure.message} ${failure.hint}`.trim());
  const chosen = await vscode.window.showErrorMessage(text, ...buttons.map((button) => button.title));
  const button = buttons.find((each) => each.title === chosen);
  if (button !== undefined) {
    await vscode.commands.executeCommand(button.command);
  }
}
