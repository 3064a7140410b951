// The Output Preview: puts together what it shows, and carries out what is asked in it.
import { join } from "node:path";
import * as vscode from "vscode";
import { Failure } from "../errors";
import type { Generator } from "../generate/generator";
import type { JobList } from "../jobs/jobList";
import { defaultModel, previewSettings } from "../settings";
import type { PreviewMessage, PreviewState, StoryboardView } from "../shared/protocol";
import type { Boards } from "../storyboards/boards";
import { storyboardView } from "../storyboards/stepping";
import { WebviewChannel } from "../webviewChannel";
import { createHtml } from "../webviewHtml";
import type { ModelInfo, OutputAppeared } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { EmergingPictures } from "./emergingPictures";
import { watchedFolders } from "./folders";
import { isPreviewMessage } from "./messages";
import type { OutputList } from "./outputList";
import { openOutput } from "./outputActions";
import { follow, isInside } from "./outputs";
import { PreviewMemory } from "./previewMemory";
import { carryOut } from "./previewRequests";
import { previewState, selectedOf, type FileVersion } from "./previewState";

export class OutputPreview implements vscode.WebviewViewProvider, vscode.Disposable {
  static readonly viewId = "ttVideo.preview";

  readonly #subscriptions: vscode.Disposable[];
  readonly #memory: PreviewMemory;
  readonly #emerging: EmergingPictures;
  readonly #startImages: string;
  #folders = watchedFolders();
  #models: readonly ModelInfo[] = [];
  #focusPrompt = 0;
  #view: vscode.WebviewView | undefined;
  #channel: WebviewChannel<PreviewMessage, PreviewState> | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly worker: Worker,
    private readonly jobs: JobList,
    private readonly outputs: OutputList,
    private readonly generator: Generator,
    private readonly boards: Boards,
  ) {
    const update = (): void => {
      this.#channel?.update();
    };
    this.#startImages = join(context.globalStorageUri.fsPath, "startImages");
    this.#memory = new PreviewMemory(context.workspaceState, update);
    this.#emerging = new EmergingPictures(update);
    this.#subscriptions = [
      worker.onDidChangeHealth(() => {
        this.#healthChanged();
      }),
      jobs.onDidChange(() => {
        this.#jobsChanged();
      }),
      outputs.onDidChange(update),
      outputs.onDidAppear((entry) => {
        this.#appeared(entry);
      }),
      generator.onDidChange(update),
      boards.onDidChange((file) => {
        if (file === this.#memory.storyboard) {
          update();
        }
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        this.#settingsChanged(change);
      }),
    ];
    boards.pin(this.#memory.storyboard);
    this.#healthChanged();
  }

  get visible(): boolean {
    return this.#view?.visible ?? false;
  }

  get selected(): OutputAppeared | undefined {
    const path = selectedOf(this.#shown(), this.#memory.selected);
    return path === null ? undefined : this.outputs.get(path);
  }

  /** Select the file and reveal the view; what lies elsewhere than in the output folders opens in the editor. */
  async show(path: string): Promise<void> {
    if (this.#shown().some((entry) => entry.output.path === path)) {
      this.#memory.selected = path;
      await this.#reveal(true);
    } else {
      await openOutput(path);
    }
  }

  /** How it goes is seen; the cursor stays where it is. */
  letSee(): void {
    if (!this.visible) {
      void this.#reveal(true);
    }
  }

  /** Open the prompt box and put the cursor into it. */
  async openPrompt(): Promise<void> {
    this.#focusPrompt += 1;
    this.#memory.interactive = true;
    await this.#reveal(false);
  }

  /** Go through the prompts of this file in the prompt box. */
  async openStoryboard(file: string): Promise<void> {
    this.#useStoryboard(file);
    await this.openPrompt();
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    view.webview.options = this.#webviewOptions();
    const channel = new WebviewChannel<PreviewMessage, PreviewState>(view.webview, {
      isMessage: isPreviewMessage,
      handle: (message) => this.#handle(message),
      state: () => this.#state(),
      visible: view.visible,
      log: (sentence) => {
        console.warn(`Output Preview: ${sentence}`);
      },
    });
    this.#channel = channel;
    const visibility = view.onDidChangeVisibility(() => {
      this.#visibilityChanged(view.visible);
    });
    view.onDidDispose(() => {
      visibility.dispose();
      channel.dispose();
      if (this.#view === view) {
        this.#view = this.#channel = undefined;
      }
    });
    view.webview.html = createHtml(view.webview, this.context.extensionUri, "preview", "Output Preview");
    this.#visibilityChanged(view.visible);
    this.#jobsChanged();
  }

  dispose(): void {
    this.#channel?.dispose();
    for (const each of this.#subscriptions) {
      each.dispose();
    }
  }

  #webviewOptions(): vscode.WebviewOptions {
    const roots = [...this.#folders, this.#startImages].map((folder) => vscode.Uri.file(folder));
    return {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(this.context.extensionUri, "dist"), ...roots],
    };
  }

  #state(): PreviewState {
    return previewState({
      worker: this.worker.health,
      queue: this.jobs.queue,
      jobs: this.jobs.jobs,
      outputs: this.#shown(),
      models: this.#models,
      defaultModel: defaultModel(),
      ...previewSettings(),
      visible: this.visible,
      selected: this.#memory.selected,
      interactive: this.#memory.interactive,
      focusPrompt: this.#focusPrompt,
      history: this.generator.history,
      presets: this.generator.presets,
      startImage: this.#memory.startImage,
      picked: this.#memory.picked,
      storyboard: this.#storyboard(),
      emerging: this.#emerging.pictures,
      url: (file) => this.#url(file),
    });
  }

  #storyboard(): StoryboardView | null {
    const file = this.#memory.storyboard;
    return file === null
      ? null
      : storyboardView(file, this.boards.get(file), this.boards.failure(file), this.jobs.jobs);
  }

  #useStoryboard(file: string | null): void {
    this.boards.pin(file);
    this.#memory.storyboard = file;
  }

  /** The version makes the page load a file again that was overwritten. */
  #url({ path, version }: FileVersion): string {
    const uri = this.#view?.webview.asWebviewUri(vscode.Uri.file(path));
    return uri?.with({ query: `v=${version}` }).toString() ?? "";
  }

  /** A page can load files of the output folders only. */
  #shown(): readonly OutputAppeared[] {
    return this.outputs.outputs.filter((entry) => isInside(this.#folders, entry.output.path));
  }

  #handle(message: Exclude<PreviewMessage, { type: "ready" }>): Promise<unknown> {
    const find = (path: string): OutputAppeared => {
      const entry = this.#shown().find(({ output }) => output.path === path);
      if (entry === undefined) {
        throw new Failure("notFound", "This file is not in the list any more.", "Choose another one.");
      }
      return entry;
    };
    const { worker, jobs, outputs, generator } = this;
    const useStoryboard = (file: string | null): void => {
      this.#useStoryboard(file);
    };
    const own = { memory: this.#memory, startImages: this.#startImages, find, useStoryboard };
    return carryOut(message, { worker, jobs, outputs, generator, ...own });
  }

  async #reveal(preserveFocus: boolean): Promise<void> {
    await vscode.commands.executeCommand(`${OutputPreview.viewId}.focus`, { preserveFocus });
  }

  #visibilityChanged(visible: boolean): void {
    this.#channel?.setVisible(visible);
    if (!visible) {
      // When the view is shown again by itself, the prompt box leaves the focus where it is.
      this.#focusPrompt = 0;
      return;
    }
    void this.outputs.refresh();
    if (this.worker.health.kind === "stopped") {
      // Only the worker knows what was made; why it did not start is in its health, which the view shows.
      this.worker.start().catch(() => undefined);
    }
  }

  #healthChanged(): void {
    this.#channel?.update();
    if (this.worker.health.kind === "ready") {
      void this.#readModels();
    }
  }

  async #readModels(): Promise<void> {
    try {
      this.#models = await this.generator.models();
      this.#channel?.update();
    } catch {
      // A worker that ended meanwhile says so by its health, and the models are read again when it is back.
    }
  }

  #jobsChanged(): void {
    this.#emerging.look(this.jobs.jobs);
    this.#channel?.update();
  }

  #appeared(entry: OutputAppeared): void {
    const { path } = entry.output;
    if (isInside(this.#folders, path)) {
      this.#memory.selected = follow(this.#memory.selected, path);
    }
  }

  #settingsChanged(change: vscode.ConfigurationChangeEvent): void {
    if (change.affectsConfiguration("ttVideo.output.folder")) {
      this.#folders = watchedFolders();
      if (this.#view !== undefined) {
        this.#view.webview.options = this.#webviewOptions();
      }
    }
    if (change.affectsConfiguration("ttVideo")) {
      this.#channel?.update();
    }
  }
}
