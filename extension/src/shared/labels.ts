// Names and numbers as people read them.
import type { JsonValue, Motion, Transition } from "../worker/contract";

export const TRANSITION_WORDS: Readonly<Record<Transition, string>> = {
  cut: "Cut",
  crossfade: "Crossfade",
  fade: "Fade through black",
  interpolate: "Interpolate",
};

export const MOTION_WORDS: Readonly<Record<Motion, string>> = {
  "zoom-in": "Zoom in",
  "zoom-out": "Zoom out",
  "ken-burns": "Ken Burns, zooming and panning at once",
  "pan-left": "Pan to the left",
  "pan-right": "Pan to the right",
  "pan-up": "Pan up",
  "pan-down": "Pan down",
  "pan-up-left": "Pan up to the left",
  "pan-up-right": "Pan up to the right",
  "pan-down-left": "Pan down to the left",
  "pan-down-right": "Pan down to the right",
  still: "No motion",
};

const LABELS: Readonly<Record<string, string>> = { fps: "Frame rate", loras: "LoRAs" };

/** "motionScale" → "Motion scale" */
export function labelOf(key: string): string {
  const words = key.replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/_/g, " ");
  return LABELS[key] ?? words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

export function valueText(value: JsonValue): string {
  if (typeof value === "boolean") {
    return value ? "on" : "off";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** "6.9 GB", "34 MB": as the worker writes it */
export function sizeText(bytes: number): string {
  const units = [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ] as const;
  for (const [unit, name] of units) {
    if (bytes >= unit) {
      return `${(bytes / unit).toFixed(bytes >= 10 * unit ? 0 : 1)} ${name}`;
    }
  }
  return `${bytes} bytes`;
}

/** "8.4 s", "3 min 5 s", "2 h 10 min" */
export function duration(seconds: number): string {
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long it still takes, no finer than an estimate can be; null when it is not known. */
export function timeLeft(seconds: number | null): string | null {
  const whole = Math.ceil(seconds ?? 0);
  return seconds === null ? null : whole < 1 ? "almost done" : `${whole < 10 ? `${whole} s` : duration(whole)} left`;
}
