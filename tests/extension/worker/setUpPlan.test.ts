import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Python } from "../../../extension/src/worker/python";
import {
  CPU_TORCH_INDEX,
  describePlan,
  isPipConfigured,
  planSetUp,
  progressOf,
  TORCH,
  whyInstallFailed,
  type Plan,
  type Surroundings,
} from "../../../extension/src/worker/setUpPlan";
import { ROOT } from "./support";

const BASE: Python = {
  executable: "/usr/bin/python3.12",
  version: "3.12.3",
  ttvideo: null,
  torch: false,
  ttnn: false,
  ensurepip: true,
  sitePackages: "/usr/lib/python3/dist-packages",
};
const TT_METAL: Python = {
  ...BASE,
  executable: "/tt/python_env/bin/python",
  version: "3.10.12",
  torch: true,
  ttnn: true,
  sitePackages: "/tt/python_env/lib/python3.10/site-packages",
};
const PLAIN: Surroundings = {
  base: BASE,
  uv: null,
  pipConfigured: false,
  ttMetal: null,
  nvidia: false,
  platform: "linux",
};

const PINS = "--constraint /x/constraints/py312-ttnn.txt";

function argvs(around: Partial<Surroundings>): string[] | null {
  const plan = planSetUp("/s/1", "/x/dist/ttvideo.whl", { ...PLAIN, ...around });
  return plan === null ? null : [plan.make, ...plan.install].map(({ program, args }) => [program, ...args].join(" "));
}

describe("what is run", () => {
  test("with pip, and PyTorch for the CPU from its own index", () => {
    expect(argvs({})).toEqual([
      "/usr/bin/python3.12 -m venv /s/1",
      `/s/1/bin/python -m pip install ${PINS} --no-deps --index-url ${CPU_TORCH_INDEX} ${TORCH}`,
      `/s/1/bin/python -m pip install ${PINS} /x/dist/ttvideo.whl`,
    ]);
  });

  test("with uv when it is there", () => {
    expect(argvs({ uv: "uv" })).toEqual([
      "uv venv --no-project --python /usr/bin/python3.12 /s/1",
      `uv pip install --python /s/1/bin/python ${PINS} --no-deps --index-url ${CPU_TORCH_INDEX} ${TORCH}`,
      `uv pip install --python /s/1/bin/python ${PINS} /x/dist/ttvideo.whl`,
    ]);
  });

  test("with uv that brings a Python when there is none", () => {
    expect(argvs({ uv: "uv", base: null })?.[0]).toBe("uv venv --no-project --python 3.12 /s/1");
  });

  test("with pip although uv is there when pip's user said where packages come from", () => {
    expect(argvs({ uv: "uv", pipConfigured: true })?.[0]).toBe("/usr/bin/python3.12 -m venv /s/1");
    const withoutPip = { ...BASE, ensurepip: false };
    expect(argvs({ uv: "uv", pipConfigured: true, base: withoutPip })?.[0]).toMatch(/^uv venv/);
  });

  test("takes PyTorch with CUDA for an NVIDIA GPU, and the default index on macOS", () => {
    const made = "/usr/bin/python3.12 -m venv /s/1";
    expect(argvs({ nvidia: true })).toEqual([made, `/s/1/bin/python -m pip install ${PINS} /x/dist/ttvideo.whl`]);
    expect(argvs({ platform: "darwin" })).toEqual([made, "/s/1/bin/python -m pip install /x/dist/ttvideo.whl"]);
  });

  test("takes the versions that the tests run with, where there are some for this Python", () => {
    const pinsFor = (version: string) => argvs({ base: { ...BASE, version } })?.[2]?.match(/py\S+txt/)?.[0];
    expect(pinsFor("3.11.7")).toBe("py311-cpu.txt");
    expect(pinsFor("3.10.2")).toBeUndefined();
    expect(readdirSync(join(ROOT, "constraints"))).toEqual(["py311-cpu.txt", "py312-ttnn.txt"]);
  });

  test("is an overlay over tt-metal's environment, made with pip, which sees what is there", () => {
    expect(argvs({ ttMetal: TT_METAL, nvidia: true })).toEqual([
      "/tt/python_env/bin/python -m venv /s/1",
      "/s/1/bin/python -m pip install /x/dist/ttvideo.whl numpy<2",
    ]);
    expect(argvs({ ttMetal: { ...TT_METAL, ensurepip: false }, uv: "uv" })).toEqual([
      "uv venv --no-project --seed --python /tt/python_env/bin/python /s/1",
      "/s/1/bin/python -m pip install /x/dist/ttvideo.whl numpy<2",
    ]);
    expect(argvs({ ttMetal: { ...TT_METAL, torch: false, ttnn: false } })).toHaveLength(3);
  });

  test("is nothing when there is no Python that can begin", () => {
    expect(argvs({ base: null })).toBeNull();
    expect(argvs({ base: { ...BASE, ensurepip: false } })).toBeNull();
  });

  test("only PyTorch's own index may fail", () => {
    const plan = planSetUp("/s/1", "/x/dist/ttvideo.whl", PLAIN);
    expect(plan?.make.otherwise).toBeNull();
    expect(plan?.install.map(({ otherwise }) => otherwise !== null)).toEqual([true, false]);
  });

  test("asks for the PyTorch that the worker asks for", () => {
    const wanted = /^ {2}"(torch[^"]*)"/m.exec(readFileSync(join(ROOT, "pyproject.toml"), "utf8"));
    expect(TORCH).toBe(wanted?.[1]);
  });
});

describe("what is shown before", () => {
  const describeIt = (around: Partial<Surroundings>, clears = false): string => {
    const plan: Plan | null = planSetUp("/s/1", "/x/dist/ttvideo.whl", { ...PLAIN, ...around });
    return plan === null ? "" : describePlan(plan, "/s", 12.34, clears);
  };

  test("what is made, where, and what it takes", () => {
    expect(describeIt({})).toBe(
      "A Python environment of its own is made with pip in /s.\n\n" +
        "Download: about 0.35 GB, most of it PyTorch. About 3.2 GB if PyTorch's own package index cannot be reached.\n\n" +
        "Disk: about 1.5 GB of the 12.3 GB that are free.",
    );
  });

  test("that CUDA is larger", () => {
    expect(describeIt({ nvidia: true })).toContain("Download: about 3.2 GB, most of it PyTorch.\n");
  });

  test("that tt-metal's packages stay as they are, and what becomes of the setting", () => {
    const text = describeIt({ ttMetal: TT_METAL }, true);
    expect(text).toContain(`uses tt-metal's packages from ${TT_METAL.sitePackages} and changes none of them`);
    expect(text).toContain("The setting ttVideo.python.interpreter is emptied");
  });
});

test("pip is configured when it was told where packages come from", () => {
  expect(isPipConfigured("", {})).toBe(false);
  expect(isPipConfigured("global.timeout='60'\n", { PIP_TIMEOUT: "3" })).toBe(false);
  expect(isPipConfigured("global.index-url='https://mirror/simple'\n", {})).toBe(true);
  expect(isPipConfigured("", { PIP_EXTRA_INDEX_URL: "https://mirror/simple" })).toBe(true);
});

describe("why an installation failed", () => {
  test.each([
    [
      ["WARNING: Retrying (Retry(total=0)) after connection broken", "ERROR: No matching distribution found for torch"],
      "No matching distribution found for torch.",
      /network/,
    ],
    [["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", ""], /Errno 28/, /disk/],
    [["The virtual environment was not created because ensurepip is not available."], /venv/, /python3-venv/],
    [["  × No solution found when resolving dependencies:", "  ╰─▶ Because torch..."], "Because torch...", /log/],
    [["error: Failed to fetch", "  dns error"], "Failed to fetch.", /network/],
    [["error: No solution found", "  cause: Because x was not found"], "Because x was not found.", /log/],
    [[], "It printed nothing.", /log/],
  ])("%j", (lines, message, hint) => {
    const why = whyInstallFailed(lines);
    expect(why.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
    expect(why.hint).toMatch(hint);
  });
});

test.each([
  ["  Downloading torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl (191.8 MB)", "Downloading torch (191.8 MB)"],
  ["Downloading https://a.b/c/sympy-1.14.0-py3-none-any.whl (6.3 MB)", "Downloading sympy (6.3 MB)"],
  ["  Downloading torch-2.13.0-py3-none-any.whl.metadata (28 kB)", null],
  ["Collecting numpy>=1.26 (from ttvideo==0.1.0)", "Collecting numpy>=1.26"],
  ["Installing collected packages: a, b, c", "Installing the packages"],
  ["Resolved 41 packages in 1.2s", "Resolved 41 packages in 1.2s"],
  ["     ---- 191.8/191.8 MB 5.0 MB/s", null],
  ["Requirement already satisfied: torch", null],
])("progress of %j", (line, told) => {
  expect(progressOf(line)).toBe(told);
});
