// Tells how the jobs of this window ended, where that cannot be seen already.
import * as vscode from "vscode";
import { BUTTONS } from "../failureButtons";
import { plainText } from "../plainText";
import type { OutputPreview } from "../preview/previewView";
import { report } from "../report";
import type { Job } from "../worker/contract";
import type { JobList } from "./jobList";
import type { OwnJobs } from "./ownJobs";
import { describeJob, mainOutput, nameOfResult } from "./view";

/** What can be said of the end of a job; null when nothing need be. */
interface Announcement {
  readonly show: (text: string, ...buttons: string[]) => Thenable<string | undefined>;
  readonly text: string;
  readonly buttons: readonly { readonly title: string; readonly command: string }[];
}

export function announceEnds(jobs: JobList, own: OwnJobs, preview: OutputPreview): vscode.Disposable {
  return jobs.onDidEnd((job) => {
    const announcement = own.has(job) ? announce(job, preview.visible) : null;
    if (announcement !== null) {
      void tell(announcement, job);
    }
  });
}

function announce(job: Job, seen: boolean): Announcement | null {
  const { title, detail, hint } = describeJob(job);
  const show = { title: "Show", command: "ttVideo.showOutput" };
  const resume = { title: "Resume", command: "ttVideo.resumeJob" };
  const log = { title: "Show Log", command: "ttVideo.showLog" };
  const name = `“${shorten(title)}”`;
  switch (job.status.state) {
    case "done":
      if (job.request.kind === "download") {
        return { show: vscode.window.showInformationMessage, text: `${name} is done.`, buttons: [] };
      }
      return seen || mainOutput(job) === null
        ? null
        : { show: vscode.window.showInformationMessage, text: `${nameOfResult(job)} ready: ${name}`, buttons: [show] };
    case "failed":
      return seen
        ? null
        : {
            show: vscode.window.showErrorMessage,
            text: `${name} ${job.request.kind === "download" ? "failed" : "could not be made"}. ${detail} ${hint ?? ""}`.trim(),
            buttons: BUTTONS[job.status.error.kind],
          };
    // Seen or not: it stands still until somebody lets it go on.
    case "interrupted":
      return {
        show: vscode.window.showWarningMessage,
        text: `${name} was interrupted. ${detail} ${hint ?? ""}`.trim(),
        buttons: [resume, log],
      };
    case "cancelled":
    case "queued":
    case "running":
    case "cancelling":
      return null;
  }
}

async function tell({ show, text, buttons }: Announcement, job: Job): Promise<void> {
  const chosen = await show(plainText(text), ...buttons.map((button) => button.title));
  const button = buttons.find((each) => each.title === chosen);
  if (button !== undefined) {
    await vscode.commands.executeCommand(button.command, job.id).then(undefined, report);
  }
}

function shorten(title: string): string {
  return title.length > 60 ? `${title.slice(0, 59)}…` : title;
}
