// Builds the worker's wheel into dist/, where the extension finds it and vsce packs it. PYTHON chooses the interpreter.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, mkdirSync } from "node:fs";

const python = process.env.PYTHON ?? (existsSync(".venv/bin/python") ? ".venv/bin/python" : "python3");
mkdirSync("dist", { recursive: true });
for (const old of readdirSync("dist").filter((name) => name.endsWith(".whl"))) {
  rmSync(`dist/${old}`);
}
execFileSync(
  python,
  ["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", "dist", "."],
  {
    stdio: "inherit",
  },
);
