// What Detect Hardware says about each device: only what the worker found. Pure.
import type { Backend, Device } from "./worker/contract";

export interface HardwareRow {
  /** For the setting: `auto` or a backend's id */
  readonly device: string;
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly available: boolean;
}

export const BACKEND_NAMES: Readonly<Record<Backend["id"], string>> = {
  tt: "Tenstorrent",
  cuda: "NVIDIA GPU",
  cpu: "CPU",
};
/** The fastest first. */
const ORDER: readonly Backend["id"][] = ["tt", "cuda", "cpu"];

export function hardwareRows(
  backends: readonly Backend[],
  devices: readonly Device[],
  chosen: string,
): readonly HardwareRow[] {
  const sorted = [...backends].sort((a, b) => ORDER.indexOf(a.id) - ORDER.indexOf(b.id));
  const rows = sorted.map((backend): HardwareRow => {
    const holder = devices.find((device) => device.id === backend.id)?.holder ?? null;
    const use = holder === null ? "not in use" : `in use by ${holder}`;
    return {
      device: backend.id,
      label: BACKEND_NAMES[backend.id],
      description: withChoice(backend.available ? use : "not available", backend.id === chosen),
      detail: backend.detail,
      available: backend.available,
    };
  });
  const automatic: HardwareRow = {
    device: "auto",
    label: "Automatic",
    description: withChoice("", chosen === "auto"),
    detail: "Takes the fastest device that the model runs on.",
    available: true,
  };
  return [automatic, ...rows];
}

/** The device that a new video is made on, as far as is known before it is; null when there is none. */
export function likelyDevice(backends: readonly Backend[], chosen: string): string | null {
  const available = ORDER.filter((id) => backends.some((backend) => backend.id === id && backend.available));
  const id = available.find((each) => each === chosen) ?? (chosen === "auto" ? available[0] : undefined);
  return id === undefined ? null : BACKEND_NAMES[id];
}

function withChoice(text: string, chosen: boolean): string {
  return [text, chosen ? "chosen for new videos" : ""].filter((part) => part !== "").join(", ");
}
