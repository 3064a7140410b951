// The worker's stderr: its own log, and whatever libraries and native code print.

export type LogLevel = "debug" | "info" | "warning" | "error";

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warning",
  ERROR: "error",
  CRITICAL: "error",
};

/** Gives each line a level: its own, or that of the line it continues, such as a traceback's. */
export class LogLines {
  private level: LogLevel = "info";

  read(line: string): LogLine {
    const match = /^([A-Z]+) ([\w.]+: .*)$/.exec(line);
    const level = LEVELS[match?.[1] ?? ""];
    if (level !== undefined) {
      this.level = level;
      return { level, text: match?.[2] ?? line };
    }
    if (/^(Traceback \(|Fatal Python error)/.test(line)) {
      this.level = "error";
    }
    return { level: this.level, text: line };
  }
}
