// What is said about devices and boards, in the status bar and on the page Hardware.
import type { Backend, Chip, Device, DeviceStatus, Reset } from "../worker/contract";

export const DEVICE_NAMES: Readonly<Record<Device["id"], string>> = {
  tt: "Tenstorrent",
  cuda: "NVIDIA GPU",
  cpu: "CPU",
};
/** As the worker chooses by itself: boards are used when they are asked for. */
const AUTOMATIC: readonly Device["id"][] = ["cuda", "cpu"];

/** The device that a new video is made on, as far as is known before it is; null when there is none. */
export function likelyDevice(devices: readonly Pick<Backend, "id" | "available">[], chosen: string): string | null {
  const available = (id: string): boolean => devices.some((device) => device.id === id && device.available);
  const id = chosen === "auto" ? AUTOMATIC.find(available) : devices.find((device) => device.id === chosen)?.id;
  return id === undefined || !available(id) ? null : DEVICE_NAMES[id];
}

/** What the boards are together, such as "T3K"; null without boards. */
export function boardName({ system, boards }: DeviceStatus): string | null {
  const [first] = boards;
  if (system !== null || first === undefined) {
    return system?.title ?? null;
  }
  return boards.length === 1 ? first.type : `${boards.length} Boards`;
}

export function chipsOf({ boards }: DeviceStatus): readonly Chip[] {
  return boards.flatMap(({ chips }) => chips);
}

/** Such as "2 of 8 chips do not answer"; null when all do. */
export function silence(status: DeviceStatus): string | null {
  const chips = chipsOf(status);
  const silent = chips.filter((chip) => !chip.answers).length;
  if (silent === 0) {
    return null;
  }
  const verb = silent === 1 ? "does" : "do";
  return chips.length === 1 ? "does not answer" : `${silent} of ${chips.length} chips ${verb} not answer`;
}

/** Who uses the boards: commands with their pids, each once. */
export function users(status: DeviceStatus): readonly string[] {
  const driver = status.devices.find(({ id }) => id === "tt")?.holder ?? null;
  const holders = chipsOf(status).flatMap((chip) => chip.holders.map(({ title }) => title));
  return [...new Set([...(driver === null ? [] : [driver]), ...holders])];
}

/** The highest that any chip tells. */
export function hottest(status: DeviceStatus): number | null {
  const told = chipsOf(status).flatMap(({ celsius }) => celsius ?? []);
  return told.length === 0 ? null : Math.max(...told);
}

/** Such as "Wormhole", "2 chips", "mesh 1×2", "24 GiB DRAM". */
export function systemFacts({ system, boards }: DeviceStatus): readonly string[] {
  const chips = boards.reduce((sum, board) => sum + board.chips.length, 0);
  const counted = `${chips} chip${chips === 1 ? "" : "s"}`;
  if (system === null) {
    return [counted];
  }
  const meshes = system.meshes.map(({ rows, columns }) => `${rows}×${columns}`).join(" or ");
  const memory = system.dramBytes === null ? [] : [`${Math.round(system.dramBytes / 2 ** 30)} GiB DRAM`];
  return [system.arch, counted, `mesh ${meshes}`, ...memory];
}

export function chipReadings({ celsius, watts, megahertz }: Chip): readonly string[] {
  const told = [
    [celsius, "°C"],
    [watts, "W"],
    [megahertz, "MHz"],
  ] as const;
  return told.flatMap(([value, unit]) => (value === null ? [] : `${Math.round(value)} ${unit}`));
}

export const RESET_WORDS: Readonly<Record<Reset["state"], string>> = {
  running: "The boards are being reset.",
  refused: "The boards were not reset.",
  reset_complete: "The boards were reset.",
  reset_unhealthy: "The boards are not well after the reset.",
  reset_unverified: "Whether the boards were reset is not known.",
};
