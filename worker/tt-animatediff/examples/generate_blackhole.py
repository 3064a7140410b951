"""Phase 2: frames one after the other on a Tenstorrent device, without temporal attention. They have their base noise
in common, and each a little of its own. ttvideo does it; it has the UNet and the decoder in TTNN."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--frames", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=25, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=Path("output/blackhole.gif"), help="default: %(default)s")
    parser.add_argument("--perturbation", type=float, default=0.05, help="how much noise is each frame's own")
    parser.add_argument("--seed", type=int, default=42, help="default: %(default)s")
    parser.add_argument("--together", action="store_true", help="all frames at once, with temporal attention, instead")
    options = parser.parse_args()
    if options.output.suffix not in (".gif", ".mp4", ".webm"):
        sys.exit(f"'{options.output.suffix}' is no format of a video here. Name an .mp4, .gif or .webm file.")

    asked = ["--frames", str(options.frames), "--steps", str(options.steps), "--seed", str(options.seed)]
    if not options.together:
        asked += ["--set", "framesApart=true", "--set", f"perturbation={options.perturbation}"]
    # Whole jobs are kept beside the file: what is broken off can go on.
    files = ["--format", options.output.suffix[1:], "--output", str(options.output.parent.resolve() / "jobs")]
    argv = [*ttvideo(), "generate", "--model", "animatediff", "--device", "tt", *asked, *files, "--", options.prompt]
    run = subprocess.run(argv, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(run.returncode)
    clip = next(line for line in run.stdout.splitlines() if line.endswith(options.output.suffix))
    shutil.copyfile(clip, options.output)
    print(f"Saved {options.frames} frames -> {options.output}")


def ttvideo() -> list[str]:
    """What runs it: this Python, if it has it, or the program."""
    if importlib.util.find_spec("ttvideo") is not None:
        return [sys.executable, "-m", "ttvideo"]
    program = shutil.which("ttvideo")
    if program is None:
        sys.exit(
            "ttvideo, which has the UNet in TTNN, is not installed. "
            "Install TT Video Lab's worker: pip install 'ttvideo[ttnn]', from the wheel that its extension brings."
        )
    return [program]


if __name__ == "__main__":
    main()
