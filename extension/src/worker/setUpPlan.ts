// What Set Up Worker does, decided before anything is done.
import { dirname, join } from "node:path";
import { asSentence } from "./crash";
import { pythonOf } from "./managedEnvironment";
import type { Python } from "./python";

/** The wheel's own requirement; a test holds that it is. */
export const TORCH = "torch>=2.6,<3";
/** Where PyTorch keeps the builds that need no CUDA; those of the default index bring gigabytes of it on Linux. */
export const CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu";

/** Beside the folder of the wheel: for these Pythons, the versions that the tests run with. */
const CONSTRAINTS: Readonly<Record<string, string>> = { "3.11": "py311-cpu.txt", "3.12": "py312-ttnn.txt" };

/** What uv brings where there is no Python to begin with */
const UV_PYTHON = "3.12";

export interface Surroundings {
  /** A Python 3.10 to 3.12 */
  readonly base: Python | null;
  readonly uv: string | null;
  /** Whether pip was told by its user where packages come from, which uv does not read */
  readonly pipConfigured: boolean;
  /** tt-metal's own Python, when it can run the worker's packages */
  readonly ttMetal: Python | null;
  readonly nvidia: boolean;
  readonly platform: NodeJS.Platform;
}

export interface Step {
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  /** What the log says when it fails and the next step makes up for it; null when nothing does */
  readonly otherwise: string | null;
}

export interface Plan {
  readonly tool: "uv" | "pip";
  readonly make: Step;
  /** The folder of tt-metal's packages, which the new environment sees after its own */
  readonly over: string | null;
  readonly install: readonly Step[];
  readonly downloadGB: number;
  readonly diskGB: number;
  /** When the builds for the CPU cannot be reached; null when nothing larger can come */
  readonly atWorstGB: number | null;
}

/** Null when there is neither a Python to begin with nor uv to bring one. */
export function planSetUp(folder: string, wheel: string, around: Surroundings): Plan | null {
  const { ttMetal } = around;
  const base = ttMetal ?? around.base;
  const make = planEnvironment(folder, base, around);
  if (make === null) {
    return null;
  }
  // Only pip sees what an environment has from elsewhere.
  const tool = make.tool === "uv" && ttMetal === null ? "uv" : "pip";
  const cuda = around.nvidia && ttMetal === null;
  const needsTorch = ttMetal?.torch !== true;
  const fromCpuIndex = needsTorch && !cuda && around.platform === "linux";
  // tt-metal's packages have the versions they have.
  const pins = ttMetal === null && around.platform === "linux" ? constraints(wheel, base?.version ?? UV_PYTHON) : [];
  const requirements = ttMetal?.ttnn === true ? [wheel, "numpy<2"] : [...pins, wheel];
  const step = (title: string, args: readonly string[], otherwise: string | null): Step => ({
    title,
    otherwise,
    ...installer(tool, folder, around.uv, args),
  });
  const torch = step(
    "Installing PyTorch",
    [...pins, "--no-deps", "--index-url", CPU_TORCH_INDEX, TORCH],
    "PyTorch's builds for the CPU cannot be had from their own index; the default index is asked, which may bring CUDA.",
  );
  return {
    tool,
    make: make.step,
    over: ttMetal?.sitePackages ?? null,
    install: [...(fromCpuIndex ? [torch] : []), step("Installing the worker", requirements, null)],
    ...sizes(needsTorch, cuda),
    atWorstGB: fromCpuIndex ? CUDA_SIZE.downloadGB : null,
  };
}

function constraints(wheel: string, pythonVersion: string): readonly string[] {
  const file = CONSTRAINTS[pythonVersion.split(".", 2).join(".")];
  return file === undefined ? [] : ["--constraint", join(dirname(wheel), "..", "constraints", file)];
}

// Measured with the versions of constraints/ on Linux x86-64: what pip says it downloads, and du of the environment.
const CPU_SIZE = { downloadGB: 0.35, diskGB: 1.5 };
const CUDA_SIZE = { downloadGB: 3.2, diskGB: 6.5 };
const SIZE_WITHOUT_TORCH = { downloadGB: 0.15, diskGB: 0.5 };

function sizes(needsTorch: boolean, cuda: boolean): { downloadGB: number; diskGB: number } {
  if (!needsTorch) {
    return SIZE_WITHOUT_TORCH;
  }
  return cuda ? CUDA_SIZE : CPU_SIZE;
}

function planEnvironment(folder: string, base: Python | null, around: Surroundings): { tool: string; step: Step } | null {
  const step = { title: "Making the environment", otherwise: null };
  const pip = base?.ensurepip === true;
  // For pip's sake: uv would have to download it.
  const prefersPip = around.pipConfigured || around.ttMetal !== null;
  if (around.uv !== null && !(prefersPip && pip)) {
    const seed = around.ttMetal === null ? [] : ["--seed"];
    const args = ["venv", "--no-project", ...seed, "--python", base?.executable ?? UV_PYTHON, folder];
    return { tool: "uv", step: { ...step, program: around.uv, args } };
  }
  return base !== null && pip
    ? { tool: "pip", step: { ...step, program: base.executable, args: ["-m", "venv", folder] } }
    : null;
}

function installer(
  tool: "uv" | "pip",
  folder: string,
  uv: string | null,
  args: readonly string[],
): { program: string; args: readonly string[] } {
  const python = pythonOf(folder);
  return tool === "uv" && uv !== null
    ? { program: uv, args: ["pip", "install", "--python", python, ...args] }
    : { program: python, args: ["-m", "pip", "install", ...args] };
}

/** The file that lets an environment see the packages of another one, after its own, with all that those link to. */
export function overlayFile(folder: string, pythonVersion: string): string {
  const [major = "", minor = ""] = pythonVersion.split(".");
  return join(folder, "lib", `python${major}.${minor}`, "site-packages", "tt-metal.pth");
}

export function overlayText(sitePackages: string): string {
  // A plain path would leave out the links in there, and tt-metal itself is one. JSON's strings are Python's.
  return `import site; site.addsitedir(${JSON.stringify(sitePackages)})\n`;
}

/** Whether these settings, as `pip config list` and the environment give them, say where packages come from. */
export function isPipConfigured(configList: string, env: NodeJS.ProcessEnv): boolean {
  const options = ["index-url", "extra-index-url", "find-links", "no-index", "proxy", "cert", "trusted-host"];
  const variables = options.map((option) => `PIP_${option.toUpperCase().replaceAll("-", "_")}`);
  return (
    variables.some((name) => (env[name] ?? "") !== "") ||
    configList.split("\n").some((line) => options.some((option) => line.includes(`.${option}=`)))
  );
}

/** What is shown before it starts, in sentences. */
export function describePlan(plan: Plan, folder: string, freeGB: number, clearsSetting: boolean): string {
  const { downloadGB, diskGB, atWorstGB } = plan;
  const lines = [
    plan.over === null
      ? `A Python environment of its own is made with ${plan.tool} in ${folder}.`
      : `A Python environment is made in ${folder}. It uses tt-metal's packages from ${plan.over} and changes none of them.`,
    `Download: about ${downloadGB} GB${plan.over === null ? ", most of it PyTorch" : ""}.` +
      (atWorstGB === null ? "" : ` About ${atWorstGB} GB if PyTorch's own package index cannot be reached.`),
    `Disk: about ${diskGB} GB of the ${freeGB.toFixed(1)} GB that are free.`,
  ];
  if (clearsSetting) {
    lines.push("The setting ttVideo.python.interpreter is emptied, so that the new environment is used.");
  }
  return lines.join("\n\n");
}

/** Of what an installer printed, the sentence that says why it failed, and what to do. */
export function whyInstallFailed(lines: readonly string[]): { message: string; hint: string } {
  const all = lines.join("\n");
  const errors = lines.filter((line) => /^\s*(ERROR:|error:|cause:|[×╰])/.test(line));
  const last = (errors.at(-1) ?? lines.findLast((line) => line.trim() !== "") ?? "It printed nothing").trim();
  const message = asSentence(last.replace(/^(ERROR:|error:|cause:|×|╰─▶)\s*/, "").slice(0, 300));
  if (/No space left on device|os error 28/.test(all)) {
    return { message, hint: "The disk is full. Free some space, then run Set Up Worker again." };
  }
  if (/ensurepip is not available|No module named (ensurepip|venv)/.test(all)) {
    return { message: "This Python has no venv module.", hint: VENV_HINT };
  }
  if (/Retrying|connection|timed out|name resolution|dns error|network|ConnectTimeout|ProxyError|SSLError/i.test(all)) {
    return { message, hint: "The package index could not be reached. Check the network and pip's proxy settings." };
  }
  return { message, hint: "The log has all that was printed. What was set up before is unchanged." };
}

export const VENV_HINT =
  "On Debian and Ubuntu, install the package python3-venv (sudo apt install python3-venv); or install uv. Then run Set Up Worker again.";

/** What an installer is doing, of one line that it printed; null when that says nothing to a person. */
export function progressOf(line: string): string | null {
  const found = /^\s*(Downloading|Installing|Building|Collecting|Resolved|Prepared|Using Python) .*/.exec(line);
  if (found === null) {
    return null;
  }
  const text = found[0].trim();
  const file = /^Downloading \S*?([^/\s]+?)-[^-\s]+(?:-[^\s]+)?\.(?:whl|tar\.gz)(?:\.metadata)? \((.+)\)$/.exec(text);
  if (file !== null) {
    return text.includes(".metadata ") ? null : `Downloading ${file[1] ?? ""} (${file[2] ?? ""})`;
  }
  return text.startsWith("Installing collected packages")
    ? "Installing the packages"
    : text.replace(/ \(from .*/, "").slice(0, 80);
}
