// Which open documents are storyboards.
import * as vscode from "vscode";

export const LANGUAGE = "ttvideo-storyboard";

export function isStoryboard(document: vscode.TextDocument): boolean {
  return document.languageId === LANGUAGE && document.uri.scheme === "file" && !document.isClosed;
}

/** The file as an editor holds it. */
export function openDocument(file: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(
    (document) => document.uri.scheme === "file" && document.uri.fsPath === file && !document.isClosed,
  );
}
