"""What a clip is said to need of the memory against what its process really took, on random models of one or two GB.

Each case runs in a process of its own, whose peak the kernel counts (VmHWM).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("worker", "tests")]


CASES: dict[str, dict[str, Any]] = {
    "all parts at once": {"width": 320, "height": 192, "frames": 9},
    "one at a time": {"width": 320, "height": 192, "frames": 9, "memory": "low"},
    "a larger clip": {"width": 480, "height": 272, "frames": 17},
}


def measure(params: dict[str, Any]) -> None:
    """In the child: run one clip and print what was said and what was taken, in bytes."""
    import psutil

    from ttvideo import families
    from ttvideo.families.clips import memory
    from ttvideo.families.family import Run

    family = families.find("wan")
    given = family.Params.model_validate({"checkpoint": "wan2.1-1.3b", "steps": 2, "guidance": 1.0, "seed": 1} | params)
    pipeline: Any = family.load("cpu", given, lambda event: None)
    plan, sentence = memory.plan(pipeline, given, reads=True)  # type: ignore[arg-type]
    before = psutil.Process().memory_info().rss
    for _ in pipeline.run(Run("a red ball", "", given), lambda event: None):
        pass
    peak = int(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
    print(json.dumps({"said": before + plan.needs, "took": peak * 1024, "plan": sentence}))


def main() -> None:
    if len(sys.argv) > 1:
        measure(json.loads(sys.argv[1]))
        return
    from support.large_clips import wan

    with tempfile.TemporaryDirectory() as models:
        wan(Path(models, "wan2.1-1.3b"))
        for name, params in CASES.items():
            cache = Path(models, name)
            env = os.environ | {"TTVIDEO_MODELS": models, "TTVIDEO_CACHE": str(cache), "OMP_WAIT_POLICY": "passive"}
            child = [sys.executable, __file__, json.dumps(params)]
            seen = json.loads(
                subprocess.run(child, env=env, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
            )
            said, took = seen["said"] / 1e9, seen["took"] / 1e9
            print(
                f"{name:20} said {said:5.2f} GB, took {took:5.2f} GB: {100 * (said / took - 1):+.0f} %   {seen['plan']}"
            )


if __name__ == "__main__":
    main()
