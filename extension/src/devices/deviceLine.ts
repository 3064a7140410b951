// What the status bar says about the boards. Pure.
import { boardName, chipsOf, hottest, silence, users } from "../shared/devices";
import type { DeviceStatus, Reset } from "../worker/contract";

export interface DeviceLine {
  readonly text: string;
  /** For the tooltip: plain sentences, other people's text among them */
  readonly lines: readonly string[];
  /** Whether a board cannot be used */
  readonly broken: boolean;
}

/** Null where there are no boards and nothing is wrong. */
export function deviceLine(status: DeviceStatus | null, reset: Reset | null): DeviceLine | null {
  if (status === null) {
    return null;
  }
  const name = boardName(status);
  const broken = status.problems.some(({ severity }) => severity === "error");
  if (name === null && !broken) {
    return null;
  }
  if (reset?.state === "running") {
    return { text: `$(loading~spin) ${name ?? "Tenstorrent"}, resetting`, lines: [reset.message], broken: false };
  }
  const heat = hottest(status);
  const using = users(status);
  const text = [
    `${broken ? "$(warning)" : "$(chip)"} ${name ?? "Tenstorrent"}`,
    ...(status.simulated ? ["(simulated)"] : []),
    ...(heat === null ? [] : [`${Math.round(heat)} °C`]),
  ].join(" ");
  const state = stateOf(status, name, using);
  return {
    text: state === null ? text : `${text}, ${state}`,
    lines: [
      ...(status.title === "" ? [] : [`${status.title}.`]),
      ...using.map((user) => `In use by ${user}.`),
      ...(using.length === 0 && chipsOf(status).length > 0 && !status.simulated ? ["Not in use."] : []),
      ...status.problems.map(({ message, hint }) => `${message} ${hint}`),
    ],
    broken,
  };
}

function stateOf(status: DeviceStatus, name: string | null, using: readonly string[]): string | null {
  const silent = silence(status);
  if (silent !== null) {
    return silent;
  }
  if (name === null) {
    return "not usable";
  }
  return using.length > 0 ? "in use" : null;
}
