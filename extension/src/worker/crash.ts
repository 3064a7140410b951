// Why a worker ended that nobody had asked to, in a sentence.
import { Failure } from "../errors";
import type { Ended } from "./process";

const LOG_HINT = "The log has the details.";
/** What the worker exits with when the messages it gets are broken. */
const BROKEN_FRAMING = 65;

export function explainEnd(ended: Ended): Failure {
  const { signal, code } = ended;
  if (signal === "SIGKILL") {
    return new Failure(
      "workerEnded",
      "The worker was killed (SIGKILL); often the machine ran out of memory.",
      `Close other programs, or ask for fewer frames or a smaller size. ${LOG_HINT}`,
    );
  }
  if (signal === "SIGTERM" || signal === "SIGINT" || signal === "SIGHUP") {
    return new Failure("workerEnded", `The worker was ended from outside (${signal}).`, LOG_HINT);
  }
  if (signal !== null) {
    return new Failure("workerEnded", `The worker crashed in native code (${signal}).`, LOG_HINT);
  }
  if (code === 0) {
    return new Failure("workerEnded", "The worker ended because something else asked it to.", LOG_HINT);
  }
  if (code === BROKEN_FRAMING) {
    return new Failure("workerEnded", "The worker could not read what the extension sent to it.", LOG_HINT);
  }
  return explainExit(code, lastWords(ended.lastLines));
}

function explainExit(code: number | null, words: string): Failure {
  const missing = /^(?:ModuleNotFoundError|ImportError): (.*)$/.exec(words);
  if (missing !== null) {
    return new Failure(
      "workerEnded",
      asSentence(`The worker could not start: ${missing[1] ?? ""}`),
      "Packages are missing or damaged in its Python. Run Set Up Worker, or choose another Python.",
    );
  }
  const said = words === "" ? "" : `: ${words}`;
  return new Failure("workerEnded", asSentence(`The worker ended with exit code ${code ?? "unknown"}${said}`), LOG_HINT);
}

/** The last line that is not part of a stack: of a traceback, the error itself. */
function lastWords(lines: readonly string[]): string {
  const said = lines.filter((line) => line.trim() !== "" && !/^\s/.test(line) && !line.startsWith("INFO "));
  return (said.at(-1) ?? "").slice(0, 300);
}

export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
