// Files that come with the lessons. A person gets a copy, to change and to keep; what is there already is left alone.
import { access, cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { Failure } from "./errors";
import { isExample, type ExampleArgument } from "./shared/examples";

export class Examples {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly outputFolder: () => string,
  ) {}

  /** The path of the person's copy, in the output folder. Rejects with a Failure when it cannot be made. */
  async take({ example }: ExampleArgument): Promise<string> {
    const copy = join(this.outputFolder(), example);
    const original = vscode.Uri.joinPath(this.extensionUri, "media", "examples", example).fsPath;
    try {
      if (!(await exists(copy))) {
        await mkdir(join(copy, ".."), { recursive: true });
        await cp(original, copy, { recursive: true, errorOnExist: false, force: false });
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure("disk", `${copy} could not be made: ${reason}.`, "Free some space, or choose another folder.");
    }
    return copy;
  }

  async open(target: unknown): Promise<void> {
    if (!isExample(target)) {
      throw new Failure("invalidParameters", "There is no such example.", "Open one from a lesson.");
    }
    await vscode.window.showTextDocument(vscode.Uri.file(await this.take(target)), { preview: false });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
