// One lesson's page in an editor tab.
import * as vscode from "vscode";
import { Failure } from "../errors";
import { deployFolder } from "../settings";
import type { LessonMessage, LessonState } from "../shared/protocol";
import { WebviewChannel } from "../webviewChannel";
import { createHtml } from "../webviewHtml";
import type { Button, CodeBlock, Lesson } from "./lesson";
import { shownCode } from "./markdown";
import { isLessonMessage } from "./messages";
import { pageBody, type Neighbours } from "./pageBody";

export const PAGE_TYPE = "ttVideo.lesson";

export interface PageHost {
  state(): LessonState;
  press(button: Button): Promise<void>;
  cancel(button: Button): Promise<void>;
  showInTerminal(text: string): Promise<void>;
  open(lesson: string): Promise<void>;
  fix(requirement: number): Promise<void>;
  startOver(): Promise<void>;
}

export class LessonPage {
  readonly #channel: WebviewChannel<LessonMessage, LessonState>;

  constructor(
    private readonly panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    private readonly lesson: Lesson,
    neighbours: Neighbours,
    private readonly host: PageHost,
  ) {
    const { webview } = panel;
    webview.options = {
      enableScripts: true,
      localResourceRoots: ["dist", "lessons", "media"].map((folder) => vscode.Uri.joinPath(extensionUri, folder)),
    };
    this.#channel = new WebviewChannel<LessonMessage, LessonState>(webview, {
      isMessage: isLessonMessage,
      handle: (message) => this.#handle(message),
      state: () => host.state(),
      visible: panel.visible,
      log: (sentence) => {
        console.warn(`Lesson "${lesson.id}": ${sentence}`);
      },
    });
    const visibility = panel.onDidChangeViewState(() => {
      this.#channel.setVisible(panel.visible);
    });
    panel.onDidDispose(() => {
      visibility.dispose();
      this.#channel.dispose();
    });
    panel.title = lesson.title;
    const image = (path: string): string => webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, path)).toString();
    const body = pageBody(lesson, neighbours, { image, project: deployFolder() });
    webview.html = createHtml(webview, extensionUri, "lesson", lesson.title, body);
  }

  update(): void {
    this.#channel.update();
  }

  reveal(): void {
    this.panel.reveal();
  }

  close(): void {
    this.panel.dispose();
  }

  async #handle(message: Exclude<LessonMessage, { type: "ready" }>): Promise<void> {
    const { buttons, blocks, links } = this.lesson;
    const shown = (block: CodeBlock) => shownCode(block, deployFolder());
    switch (message.type) {
      case "press":
        return this.host.press(existing(buttons[message.button]));
      case "cancel":
        return this.host.cancel(existing(buttons[message.button]));
      case "copy":
        return vscode.env.clipboard.writeText(shown(existing(blocks[message.block])).text);
      case "terminal":
        return this.host.showInTerminal(existing(shown(existing(blocks[message.block])).terminal));
      case "fix":
        return this.host.fix(message.requirement);
      case "startOver":
        return this.host.startOver();
      case "open":
        return this.host.open(message.lesson);
      case "openExternal":
        // VS Code shows the address and asks first, unless the person trusts that site already.
        await vscode.env.openExternal(vscode.Uri.parse(existing(links[message.link]), true));
    }
  }
}

function existing<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) {
    throw new Failure("notFound", "The lesson has no such part.", "Close the page and open it again.");
  }
  return value;
}
