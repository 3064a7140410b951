// The lessons: their view in the sidebar, their pages, and what their buttons started.
import * as vscode from "vscode";
import type { Devices } from "../devices/devices";
import { Failure } from "../errors";
import type { JobList } from "../jobs/jobList";
import { hasEnded } from "../jobs/view";
import { outputFolder } from "../settings";
import { showInTerminal } from "../terminal";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { CATEGORIES } from "./frontMatter";
import type { Button, Lesson } from "./lesson";
import { failedPress, lessonState, type Press } from "./lessonState";
import { LessonPage, PAGE_TYPE } from "./page";
import { Progress } from "./progress";
import { readLessons } from "./readLessons";
import { fixOf, type Findings } from "./requirements";
import { startedJobs } from "./startedJobs";
import { LessonTree } from "./tree";

export class Lessons implements vscode.Disposable {
  readonly #progress: Progress;
  readonly #tree: LessonTree;
  readonly #completed = new vscode.EventEmitter<string>();
  readonly #subscriptions: readonly { dispose(): unknown }[];
  /** By the lessons' ids */
  readonly #pages = new Map<string, LessonPage>();
  readonly #presses = new Map<string, Map<string, Press>>();
  /** What a command answered with, until the list of jobs has it */
  readonly #submitted = new Map<string, Job>();
  #lessons: Promise<readonly Lesson[]> | undefined;

  /** All steps of the lesson with this id are done; told again when one is done once more. */
  readonly onDidComplete = this.#completed.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly worker: Worker,
    private readonly devices: Devices,
    private readonly jobs: JobList,
  ) {
    this.#progress = new Progress(context.globalState);
    this.#tree = new LessonTree(() => this.#read(), this.#progress);
    this.#subscriptions = [
      this.#tree,
      this.#completed,
      vscode.window.createTreeView("ttVideo.lessons", { treeDataProvider: this.#tree }),
      vscode.window.registerWebviewPanelSerializer(PAGE_TYPE, {
        deserializeWebviewPanel: (panel, state) => this.#restore(panel, state),
      }),
      worker.onDidChangeHealth(() => {
        this.#updatePages();
      }),
      devices.onDidChange(() => {
        this.#updatePages();
      }),
      jobs.onDidChange(() => void this.#jobsChanged()),
    ];
  }

  /** Asks which one, when it is not told. */
  async open(id?: string): Promise<void> {
    const lessons = await this.#read();
    const lesson = id === undefined ? await choose(lessons, this.#progress) : lessons.find((each) => each.id === id);
    if (lesson !== undefined) {
      this.#show(lesson, lessons);
    } else if (id !== undefined) {
      throw new Failure("notFound", `There is no lesson “${id}”.`, "Choose one in the Lessons view.");
    }
  }

  dispose(): void {
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #read(): Promise<readonly Lesson[]> {
    this.#lessons ??= readLessons(vscode.Uri.joinPath(this.context.extensionUri, "lessons").fsPath);
    return this.#lessons;
  }

  #show(lesson: Lesson, lessons: readonly Lesson[]): void {
    const page = this.#pages.get(lesson.id);
    if (page !== undefined) {
      page.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(PAGE_TYPE, lesson.title, vscode.ViewColumn.Active, {
      enableFindWidget: true,
    });
    this.#fill(panel, lesson, lessons);
  }

  /** After a reload of the window. */
  async #restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const lessons = await this.#read();
    const lesson = lessons.find((each) => each.id === keptId(state));
    if (lesson === undefined || this.#pages.has(lesson.id)) {
      panel.dispose();
    } else {
      this.#fill(panel, lesson, lessons);
    }
  }

  #fill(panel: vscode.WebviewPanel, lesson: Lesson, lessons: readonly Lesson[]): void {
    const index = lessons.indexOf(lesson);
    const neighbours = { previous: lessons[index - 1], next: lessons[index + 1] };
    const page = new LessonPage(panel, this.context.extensionUri, lesson, neighbours, {
      state: () =>
        lessonState(lesson, {
          progress: this.#progress,
          presses: this.#pressesOf(lesson),
          job: (id) => this.#job(id),
          found: this.#found(),
        }),
      press: (button) => this.#press(lesson, button),
      cancel: (button) => this.#cancel(lesson, button),
      // Where the lessons' examples and videos are.
      showInTerminal: (text) => showInTerminal(this.worker, lesson.title, outputFolder(), text),
      open: (id) => this.open(id),
      fix: (requirement) => this.#fix(lesson, requirement),
      startOver: () => this.#startOver(lesson),
    });
    this.#pages.set(lesson.id, page);
    if (this.worker.health.kind === "ready") {
      // Models may have come and gone without us. Why a worker does not answer is told by its health.
      this.devices.lookForModels().catch(() => undefined);
    }
    panel.onDidDispose(() => this.#pages.delete(lesson.id));
  }

  #found(): Findings {
    return { health: this.worker.health, models: this.devices.models, device: this.devices.status };
  }

  async #fix(lesson: Lesson, number: number): Promise<void> {
    const requirement = lesson.requires[number];
    const fix = requirement === undefined ? null : fixOf(requirement, this.#found());
    if (fix === "check") {
      await this.devices.look();
    } else if (fix !== null) {
      await vscode.commands.executeCommand(fix.command, ...fix.args);
    }
  }

  async #startOver(lesson: Lesson): Promise<void> {
    await this.#progress.startOver(lesson);
    this.#presses.delete(lesson.id);
    this.#tree.update();
    this.#updatePages();
  }

  async #press(lesson: Lesson, button: Button): Promise<void> {
    const presses = this.#pressesOf(lesson);
    if (presses.get(button.key)?.kind === "running" || this.#unfinished(lesson, button).length > 0) {
      return;
    }
    presses.set(button.key, { kind: "running" });
    this.#updatePages();
    try {
      const result: unknown = await vscode.commands.executeCommand(button.command, ...button.args);
      presses.delete(button.key);
      await this.#pressed(lesson, button, result);
    } catch (error) {
      presses.delete(button.key);
      const press = failedPress(error);
      if (press !== null) {
        presses.set(button.key, press);
      }
    }
    this.#updatePages();
  }

  async #pressed(lesson: Lesson, button: Button, result: unknown): Promise<void> {
    if (!button.startsJobs) {
      // Set Up Worker answers with false when it was called off.
      if (result !== false) {
        await this.#progress.succeeded(lesson, button);
        this.#ticked(lesson);
      }
      return;
    }
    const started = startedJobs(result);
    if (started.length > 0) {
      for (const job of started) {
        this.#submitted.set(job.id, job);
      }
      const ids = started.map((job) => job.id);
      await this.#progress.started(lesson, button, ids);
      await this.#jobsChanged();
    }
  }

  async #cancel(lesson: Lesson, button: Button): Promise<void> {
    await Promise.all(this.#unfinished(lesson, button).map(({ id }) => this.worker.call("jobs/cancel", { id })));
  }

  #unfinished(lesson: Lesson, button: Button): readonly Job[] {
    const jobs = this.#progress.jobsOf(lesson, button).flatMap((id) => this.#job(id) ?? []);
    return jobs.filter((job) => !hasEnded(job));
  }

  #job(id: string): Job | undefined {
    return this.jobs.get(id) ?? this.#submitted.get(id);
  }

  #pressesOf(lesson: Lesson): Map<string, Press> {
    const presses = this.#presses.get(lesson.id) ?? new Map<string, Press>();
    this.#presses.set(lesson.id, presses);
    return presses;
  }

  async #jobsChanged(): Promise<void> {
    for (const id of this.#submitted.keys()) {
      if (this.jobs.get(id) !== undefined) {
        this.#submitted.delete(id);
      }
    }
    for (const lesson of await this.#read()) {
      if (await this.#progress.settle(lesson, (id) => this.#job(id))) {
        this.#ticked(lesson);
      }
    }
    this.#updatePages();
  }

  /** A button of the lesson succeeded. */
  #ticked(lesson: Lesson): void {
    this.#tree.update();
    if (this.#progress.isComplete(lesson)) {
      this.#completed.fire(lesson.id);
    }
  }

  #updatePages(): void {
    for (const page of this.#pages.values()) {
      page.update();
    }
  }
}

async function choose(lessons: readonly Lesson[], progress: Progress): Promise<Lesson | undefined> {
  const items = lessons.map((lesson) => ({
    label: lesson.title,
    description: `${CATEGORIES[lesson.category]}${progress.isComplete(lesson) ? ", done" : ""}`,
    detail: lesson.description,
    lesson,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title: "Open Lesson", matchOnDetail: true });
  return chosen?.lesson;
}

/** Of what the page kept of itself. */
function keptId(state: unknown): unknown {
  return typeof state === "object" && state !== null && "lesson" in state ? state.lesson : undefined;
}
