// Puts the extension together. Nothing is started here but what was running when the window went away.
import * as vscode from "vscode";
import { ALIASES, ALIASES_OWNER, commands, type Handler } from "./commands";
import { ContextKeys } from "./contextKeys";
import { DeviceCommands } from "./devices/deviceCommands";
import { Devices } from "./devices/devices";
import { Examples } from "./examples";
import { Generator } from "./generate/generator";
import { VideoCommands } from "./generate/videoCommands";
import { announceEnds } from "./jobs/announce";
import { JobCommands } from "./jobs/jobCommands";
import { JobList } from "./jobs/jobList";
import { OutputCommands } from "./jobs/outputCommands";
import { OwnJobs } from "./jobs/ownJobs";
import { describeResumed, resumeLeft } from "./jobs/resumeLeft";
import { JobTree } from "./jobs/tree";
import { Lessons } from "./lessons/lessons";
import { createLog } from "./log";
import { ModelCommands } from "./models/modelCommands";
import { AnimateDiffCommands } from "./package/animateDiffCommands";
import { plainText } from "./plainText";
import { OutputList } from "./preview/outputList";
import { OutputPreview } from "./preview/previewView";
import { report } from "./report";
import { Status } from "./status";
import { offerAdoption } from "./storyboards/adoption";
import { Boards } from "./storyboards/boards";
import { registerLanguageFeatures } from "./storyboards/languageFeatures";
import { StoryboardCommands } from "./storyboards/storyboardCommands";
import { outputFolder } from "./settings";
import { Worker } from "./worker/worker";
import { WorkerCommands } from "./workerCommands";

/** Set while the extension is active. */
let leave: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = createLog();
  const worker = new Worker(context, log);
  const jobs = new JobList(worker);
  const own = new OwnJobs(worker, jobs, context.workspaceState);
  const generator = new Generator(context, worker, jobs);
  const outputs = new OutputList(worker, jobs);
  const boards = new Boards(worker, jobs);
  const preview = new OutputPreview(context, worker, jobs, outputs, generator, boards);
  const devices = new Devices(worker, jobs);
  const lessons = new Lessons(context, worker, devices, jobs);
  const examples = new Examples(context.extensionUri, outputFolder);
  const keys = new ContextKeys(context.globalState, worker, jobs, lessons);
  const deviceCommands = new DeviceCommands(context.extensionUri, worker, devices, jobs, own);
  const jobCommands = new JobCommands(worker, jobs, generator);
  const table = commands({
    videos: new VideoCommands(context, worker, generator, preview, examples),
    jobs: jobCommands,
    outputs: new OutputCommands(jobCommands, preview),
    worker: new WorkerCommands(context, worker, jobs, own, log),
    devices: deviceCommands,
    models: new ModelCommands(context.secrets, worker, devices),
    animateDiff: new AnimateDiffCommands(worker, generator, outputs, preview),
    preview,
    lessons,
    examples,
    storyboards: new StoryboardCommands(worker, preview, examples),
  });
  context.subscriptions.push(
    log,
    worker,
    jobs,
    own,
    generator,
    outputs,
    boards,
    preview,
    lessons,
    keys,
    devices,
    deviceCommands,
    registerLanguageFeatures(worker, jobs, boards),
    offerAdoption(worker, boards),
    new JobTree(worker, jobs),
    new Status(worker, jobs),
    vscode.window.registerWebviewViewProvider(OutputPreview.viewId, preview),
    announceEnds(jobs, own, preview),
    ...registerCommands(table, (id) => {
      if (id === "ttVideo.startInteractiveGeneration") {
        keys.reach("interactiveUsed");
      }
    }),
  );
  leave = () => {
    own.leave();
    return worker.stop();
  };
  void goOn(worker, jobs, own);
}

/** VS Code waits for this when a window closes or reloads: the worker gets to keep what it has of a running job. */
export async function deactivate(): Promise<void> {
  await leave?.();
  leave = undefined;
}

function registerCommands(table: Readonly<Record<string, Handler>>, onRun: (id: string) => void): vscode.Disposable[] {
  const register = (id: string, runs: string): vscode.Disposable =>
    vscode.commands.registerCommand(id, async (target?: unknown, selected?: unknown) => {
      try {
        const result = await table[runs]?.(target, selected);
        onRun(runs);
        return result;
      } catch (error) {
        void report(error);
        // As a command that was called off: a lesson's step is not done by it.
        return false;
      }
    });
  const own = Object.keys(table).map((id) => register(id, id));
  const ownerIsThere = vscode.extensions.getExtension(ALIASES_OWNER) !== undefined;
  const aliases = ownerIsThere ? [] : Object.entries(ALIASES).map(([id, runs]) => register(id, runs));
  return [...own, ...aliases];
}

async function goOn(worker: Worker, jobs: JobList, own: OwnJobs): Promise<void> {
  try {
    const resumed = await resumeLeft(worker, jobs, own);
    if (resumed.length > 0) {
      void vscode.window.showInformationMessage(plainText(describeResumed(resumed)));
    }
  } catch (error) {
    void report(error);
  }
}
