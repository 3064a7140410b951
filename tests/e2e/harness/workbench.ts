// The workbench of VS Code as a person uses it: its side bar, palette, prompts, views and messages.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

import { type ConsoleMessage, expect, type FrameLocator, type Locator, type Page } from "@playwright/test";

import { until } from "../../support/waiting";
import type { CodeServer } from "./server";

const EXTENSION = "ttvideo.tt-video-lab";
const WEBVIEW = `iframe.webview[src*="extensionId=${EXTENSION}"]`;
/** What VS Code itself writes: without its signing service, without network, without an account; */
const KNOWN_ERRORS = [
  /vsda/,
  /ERR_NAME_NOT_RESOLVED/,
  /open-vsx/,
  /authentication provider 'github'/,
  // and when a test looks at the pictures of a walkthrough, which VS Code shows in a frame without scripts.
  /^Blocked script execution in .*&extensionId=&/,
];

/** Of the bundled model: seconds on any machine, so that its row shows some of them. */
export const MOST_STEPS = 100;

export class Workbench {
  /** What was written to the console as an error, beside the known */
  readonly errors: string[] = [];

  constructor(
    readonly page: Page,
    readonly server: CodeServer,
  ) {
    page.on("console", (message) => {
      if (message.type() === "error") {
        this.note(describe(message));
      }
    });
    page.on("pageerror", (error) => {
      this.note(error.message);
    });
  }

  private note(error: string): void {
    const [line = ""] = error.split("\n");
    if (!KNOWN_ERRORS.some((known) => known.test(line)) && !this.errors.includes(line)) {
      this.errors.push(line);
    }
  }

  /** VS Code writes every error message that it shows to the console, too; this one was expected. */
  forget(expected: RegExp): void {
    const others = this.errors.filter((error) => !expected.test(error));
    this.errors.splice(0, this.errors.length, ...others);
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.server.url}/?folder=${this.server.workspace}`);
    await expect(this.page.locator(".monaco-workbench .part.statusbar")).toBeVisible();
    await expect(this.activityBarTab).toBeVisible();
  }

  /** Reloads the window: its extension host and the worker of that end, new ones start. `begun` is called meanwhile. */
  async reload(begun?: () => void): Promise<void> {
    const before = this.errors.length;
    const left = this.page.waitForEvent("framenavigated", (frame) => frame === this.page.mainFrame());
    await this.runCommand("Developer: Reload Window");
    begun?.();
    await left;
    this.errors.length = before; // VS Code complains of each browser that closes it.
    await expect(this.activityBarTab).toBeVisible();
  }

  private get activityBarTab(): Locator {
    return this.page.locator(".activitybar").getByRole("tab", { name: "TT Video Lab" });
  }

  /** Shows the side bar with the three views. */
  async openViews(): Promise<void> {
    if ((await this.activityBarTab.getAttribute("aria-selected")) !== "true") {
      await this.activityBarTab.click();
    }
    await expect(this.section("Jobs")).toBeVisible();
  }

  /** A view's pane, with its header. */
  section(name: string): Locator {
    return this.page.locator(".pane").filter({ has: this.page.getByRole("button", { name: `${name} Section` }) });
  }

  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible");
  }

  get quickInputBox(): Locator {
    return this.quickInput.locator("input[type=text]");
  }

  /** The rows to choose from. */
  choice(text: string | RegExp): Locator {
    return this.quickInput.locator(".monaco-list-row").filter({ hasText: text }).first();
  }

  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.quickInputBox.fill(`>${title}`);
    await this.quickInput
      .locator(".monaco-list-row")
      .filter({ has: this.page.locator(".label-name", { hasText: new RegExp(`^${escaped(title)}$`) }) })
      .first()
      .click();
  }

  /** Types into the open input and confirms it. */
  async answer(text: string): Promise<void> {
    await this.quickInputBox.fill(text);
    await this.quickInputBox.press("Enter");
  }

  /** Generate Video with its defaults, or with so many denoising steps. */
  async generate(prompt: string, steps?: number): Promise<void> {
    await this.runCommand("TT Video: Generate Video");
    await this.quickInputBox.fill(prompt);
    await expect(this.quickInput.locator(".monaco-list-row.focused")).toContainText(prompt);
    await this.quickInputBox.press("Enter");
    const now = this.choice("Generate Now");
    if (steps !== undefined) {
      await this.choice(/^Steps/).click();
      await expect(now).toBeHidden();
      await this.answer(String(steps));
    }
    await expect(now).toBeVisible();
    await this.quickInputBox.press("Enter");
  }

  /** Opens a lesson by its title, from the view Lessons. */
  async openLesson(title: string): Promise<void> {
    await this.section("Lessons").getByRole("treeitem", { name: title }).click();
    await expect(this.lesson.getByRole("heading", { name: title, level: 1 })).toBeVisible();
  }

  /** The row of a job, if it is in this state. */
  job(prompt: string, state: string): Locator {
    const name = new RegExp(`^${escaped(prompt)}, ${state}`);
    return this.section("Jobs").getByRole("treeitem", { name });
  }

  /**
   * Holds the worker as soon as the row of this job shows a step: however fast this machine is, the job does not end
   * before what is tried with it. Gives what lets the worker go on.
   */
  async hold(prompt: string): Promise<() => void> {
    const worker = await this.server.worker();
    const row = this.job(prompt, "running, denoising [1-9]");
    await until(() => row.isVisible(), `a step of ${prompt}`, 150);
    process.kill(worker, "SIGSTOP");
    return () => process.kill(worker, "SIGCONT");
  }

  /** Presses one of the buttons that a row shows when it is pointed at. */
  async press(row: Locator, action: string): Promise<void> {
    await row.hover();
    await row.getByRole("button", { name: action }).click();
  }

  /** The document of the Output Preview. */
  get preview(): FrameLocator {
    return this.page.frameLocator(`${WEBVIEW}[src*="purpose=webviewView"]`).frameLocator("iframe#active-frame");
  }

  /** The document of the lesson page. */
  get lesson(): FrameLocator {
    return this.editor;
  }

  /** The document of the page Hardware. */
  get devices(): FrameLocator {
    return this.editor;
  }

  /** The document of the one webview that is shown as an editor. */
  private get editor(): FrameLocator {
    return this.page.frameLocator(`${WEBVIEW}:not([src*="purpose="])`).frameLocator("iframe#active-frame");
  }

  /** A message that is shown, toasts and dialogs alike. */
  message(text: string | RegExp): Locator {
    return this.page.locator(".notification-toast, .monaco-dialog-box").filter({ hasText: text });
  }

  get messages(): Locator {
    return this.page.locator(".notification-toast, .monaco-dialog-box");
  }

  async dismissMessages(): Promise<void> {
    await this.runCommand("Notifications: Clear All Notifications");
    await expect(this.messages).toHaveCount(0);
  }

  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator(".part.statusbar .statusbar-item").filter({ hasText: text });
  }

  async chooseTheme(theme: string): Promise<void> {
    await this.runCommand("Preferences: Color Theme");
    await this.quickInputBox.fill(theme);
    await expect(this.quickInput.locator(".monaco-list-row.focused")).toContainText(theme);
    await this.quickInputBox.press("Enter");
    await expect(this.quickInput).toBeHidden();
  }

  /** A picture of the whole window, kept as output of CI to be looked at. */
  async screenshot(name: string): Promise<void> {
    const path = `build/e2e/screenshots/${name}.png`;
    await mkdir(dirname(path), { recursive: true });
    await this.page.screenshot({ path, animations: "disabled" });
  }
}

function describe(message: ConsoleMessage): string {
  return `${message.text()} (${message.location().url})`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
