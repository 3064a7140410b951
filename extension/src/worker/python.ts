// Which Python runs the worker: the candidates in their order, each asked by running it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../errors";
import { whyNot } from "./process";

const run = promisify(execFile);

export type Source = "setting" | "pythonExtension" | "managed" | "ttMetal" | "path";

export interface Candidate {
  readonly source: Source;
  /** A path, or a name on PATH */
  readonly python: string;
}

/** Those candidates that there are. */
export function present(candidates: readonly { source: Source; python: string | null }[]): Candidate[] {
  return candidates.flatMap(({ source, python }) => (python === null ? [] : [{ source, python }]));
}

/** What a Python says about itself. */
export interface Python {
  readonly executable: string;
  /** Such as "3.11.7" */
  readonly version: string;
  readonly ttvideo: string | null;
  readonly torch: boolean;
  readonly ttnn: boolean;
  /** Whether it can make virtual environments that have pip */
  readonly ensurepip: boolean;
  readonly sitePackages: string;
}

export type Answer = { readonly python: Python } | { readonly reason: string };

export interface ProbeOptions {
  /** A folder without Python files: Python looks for modules where it is started */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

// It must run on any Python, Python 2 included, and finds packages without importing what is large.
const PROBE = `
import json, sys
answer = {"version": "%d.%d.%d" % sys.version_info[:3], "executable": sys.executable}
if sys.version_info >= (3, 8):
    import importlib.util, sysconfig
    def there(name):
        try:
            return importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            return False
    answer["ttvideo"] = None
    if there("ttvideo"):
        import ttvideo
        answer["ttvideo"] = str(getattr(ttvideo, "__version__", "0"))
    answer["torch"] = there("torch")
    answer["ttnn"] = there("ttnn")
    answer["ensurepip"] = there("ensurepip") and there("venv")
    answer["sitePackages"] = sysconfig.get_path("purelib")
sys.stdout.write("\\n" + json.dumps(answer) + "\\n")
`;

/** Ask a Python what it is. Never rejects: a reason is the end of a sentence about it. */
export async function probePython(python: string, options: ProbeOptions): Promise<Answer> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  let stdout: string;
  try {
    const { cwd, env } = options;
    ({ stdout } = await run(python, ["-c", PROBE], { cwd, env, timeout: timeoutMs, killSignal: "SIGKILL" }));
  } catch (error) {
    if (error instanceof Error && "killed" in error && error.killed === true) {
      return { reason: `it did not answer within ${Math.round(timeoutMs / 1000)} seconds` };
    }
    return { reason: failedRun(error) };
  }
  const answer = parseAnswer(stdout);
  if (answer === null) {
    return { reason: "it is not a Python" };
  }
  const { version } = answer;
  if (!isSupported(version)) {
    return { reason: `it is Python ${version}, and 3.10, 3.11 or 3.12 is needed` };
  }
  return isPython(answer) ? { python: answer } : { reason: "it is not a Python" };
}

/** The first candidate that has the worker. Rejects with a Failure that says what to do when there is none. */
export async function findPython(
  candidates: readonly Candidate[],
  extensionVersion: string,
  options: ProbeOptions,
  tell: (line: string) => void,
): Promise<Python> {
  for (const { source, python } of candidates) {
    const answer = await probePython(python, options);
    const reason = "reason" in answer ? answer.reason : whyNoWorker(answer.python, extensionVersion);
    if (reason === null && "python" in answer) {
      tell(`The worker runs with ${python} (${describeSource(source)}).`);
      return answer.python;
    }
    tell(`${python} (${describeSource(source)}) is not used: ${reason ?? ""}.`);
    if (source === "setting") {
      throw new Failure(
        "notSetUp",
        `The Python of the setting (${python}) cannot run the worker: ${reason ?? ""}.`,
        "Choose another one with Select Python Interpreter, or run Set Up Worker.",
      );
    }
    if (source === "managed") {
      throw new Failure(
        "notSetUp",
        `The worker has to be set up again: its Python cannot run it, ${reason ?? ""}.`,
        "Run Set Up Worker.",
      );
    }
  }
  throw new Failure(
    "notSetUp",
    "The worker that makes videos is not set up on this machine yet.",
    "Run Set Up Worker, or choose a Python that has the package ttvideo.",
  );
}

/** Why this Python cannot run the worker, as the end of a sentence. */
export function whyNoWorker(python: Python, extensionVersion: string): string | null {
  if (python.ttvideo === null) {
    return "the package ttvideo is not there";
  }
  if (!sameMinor(python.ttvideo, extensionVersion)) {
    return `it has ttvideo ${python.ttvideo}, and the extension needs ${extensionVersion}`;
  }
  return python.torch ? null : "the package torch is not there";
}

export function describeSource(source: Source): string {
  switch (source) {
    case "setting":
      return "chosen in the settings";
    case "pythonExtension":
      return "the Python extension's environment";
    case "managed":
      return "made by Set Up Worker";
    case "ttMetal":
      return "tt-metal's own environment";
    case "path":
      return "on PATH";
  }
}

/** Whether two versions have the same first two numbers. */
export function sameMinor(one: string, other: string): boolean {
  const minor = (version: string): string => version.split(".", 2).join(".");
  return minor(one) === minor(other);
}

export function isSupported(version: string): boolean {
  return /^3\.1[012]\./.test(version);
}

function failedRun(error: unknown): string {
  const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  const lines = stderr.split("\n");
  const said = (stderr.includes("Traceback (") ? lines.at(-1) : lines[0]) ?? "";
  return said === "" ? whyNot(error) : `it says "${said.slice(0, 200)}"`;
}

/** The last line, because whatever is imported first may print. */
function parseAnswer(stdout: string): { version: string } | null {
  try {
    const answer: unknown = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    const valid = typeof answer === "object" && answer !== null && "version" in answer;
    return valid && typeof answer.version === "string" ? { ...answer, version: answer.version } : null;
  } catch {
    return null;
  }
}

function isPython(answer: { version: string }): answer is Python {
  return (
    "executable" in answer &&
    typeof answer.executable === "string" &&
    "ttvideo" in answer &&
    (answer.ttvideo === null || typeof answer.ttvideo === "string") &&
    "torch" in answer &&
    typeof answer.torch === "boolean" &&
    "ttnn" in answer &&
    typeof answer.ttnn === "boolean" &&
    "ensurepip" in answer &&
    typeof answer.ensurepip === "boolean" &&
    "sitePackages" in answer &&
    typeof answer.sitePackages === "string"
  );
}
