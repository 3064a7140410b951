// What a lesson needs, whether it is there, and what mends it when it is not. Pure.
import type { LessonRequirementState, WorkerHealth } from "../shared/protocol";
import type { DeviceStatus, ModelInfo } from "../worker/contract";

/** Of the front matter: `worker`, `board`, or `model:` with the id of a model. */
export type Requirement = string;

/** A command to run; or to start the worker and look. */
export type Fix = "check" | { readonly label: string; readonly command: string; readonly args: readonly string[] };

/** What is known of this machine; null while the worker has not been asked. */
export interface Findings {
  readonly health: WorkerHealth;
  readonly models: readonly ModelInfo[] | null;
  readonly device: DeviceStatus | null;
}

export function isRequirement(value: unknown): value is Requirement {
  return typeof value === "string" && /^(worker|board|model:[a-z0-9][a-z0-9.-]*)$/.test(value);
}

export function requirementState(requirement: Requirement, found: Findings): LessonRequirementState {
  const { label, met, detail, fix } = looked(requirement, found);
  return {
    label,
    state: met === null ? "unknown" : met ? "met" : "missing",
    detail,
    fix: fix === "check" ? "Check" : (fix?.label ?? null),
  };
}

/** What a press on the requirement's button runs. */
export function fixOf(requirement: Requirement, found: Findings): Fix | null {
  return looked(requirement, found).fix;
}

interface Look {
  readonly label: string;
  readonly met: boolean | null;
  readonly detail: string;
  readonly fix: Fix | null;
}

function looked(requirement: Requirement, found: Findings): Look {
  if (requirement === "worker") {
    return workerLook(found.health);
  }
  return requirement === "board"
    ? boardLook(found.device)
    : modelLook(requirement.slice("model:".length), found.models);
}

function workerLook(health: WorkerHealth): Look {
  const label = "The worker, which makes the videos";
  switch (health.kind) {
    case "ready":
      return { label, met: true, detail: "", fix: null };
    case "stopped":
      return { label, met: null, detail: "It starts when it is needed.", fix: "check" };
    case "starting":
      return { label, met: null, detail: "It is starting.", fix: null };
    case "notSetUp":
      return { label, met: false, detail: health.message, fix: command("Set Up Worker", "ttVideo.setUpWorker") };
    case "crashed":
      return { label, met: false, detail: health.message, fix: command("Restart Worker", "ttVideo.restartWorker") };
  }
}

function boardLook(device: DeviceStatus | null): Look {
  const label = "A Tenstorrent board (only for the steps that say so)";
  if (device === null) {
    return { label, met: null, detail: "", fix: "check" };
  }
  const detail = device.boards.length > 0 ? device.title : "None was found; all other steps work without one.";
  return { label, met: device.boards.length > 0, detail, fix: command("Detect Hardware", "ttVideo.detectHardware") };
}

function modelLook(id: string, models: readonly ModelInfo[] | null): Look {
  const model = models?.find((each) => each.id === id);
  const label = `The model ${model?.title ?? id}`;
  if (models === null) {
    return { label, met: null, detail: "", fix: "check" };
  }
  const installed = model?.checkpoints.some((checkpoint) => checkpoint.installed) ?? false;
  return {
    label,
    met: installed,
    detail: installed ? "" : "It is not downloaded; the steps that need it say so.",
    fix: installed ? null : command("Download Model", "ttVideo.downloadModel", id),
  };
}

function command(label: string, id: string, ...args: readonly string[]): Fix {
  return { label, command: id, args };
}
