// A wish for a storyboard's frames becomes a job.
import { chosenDevice, outputFolder, writesMetadata } from "../settings";
import type { Job } from "../worker/contract";
import type { Worker } from "../worker/worker";
import { openDocument } from "./documents";
import { storyboardRequest, type Wish } from "./requests";

/** What the editor shows is what is made, saved or not. */
export async function submitStoryboard(worker: Worker, file: string, wish: Wish): Promise<Job> {
  const document = openDocument(file);
  const text = document?.isDirty === true ? document.getText() : null;
  const folder = outputFolder();
  const defaults = { device: chosenDevice(), outputFolder: folder, metadata: writesMetadata() };
  const frames =
    wish.kind === "from" ? (await worker.call("storyboard/check", { file, text, outputFolder: folder })).frames : [];
  return worker.call("jobs/storyboard", storyboardRequest(file, text, wish, frames, defaults));
}
