// Runs a program in a process group of its own, and ends the whole group when standard input closes: it does so too
// when whoever started this was killed, so a test that crashes leaves no server behind.
import { spawn } from "node:child_process";

const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});
child.on("exit", (code, signal) => {
  endGroup();
  process.exit(code ?? (signal === null ? 0 : 1));
});
process.stdin.on("end", endGroup).on("error", endGroup).resume();

function endGroup() {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // There is nobody left in it.
  }
}
