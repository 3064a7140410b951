"""What pip installs of ttvideo: itself, the package beside it, and the project that `ttvideo deploy` copies."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from support.lessons import ROOT


def test_the_wheel_has_all_of_it_at_its_place(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("ttvideo-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"ttvideo", "animatediff_ttnn"}
    assert "animatediff_ttnn/layers/temporal.py" in names
    project = {name.removeprefix("ttvideo/projects/tt-animatediff/") for name in names if "/tt-animatediff/" in name}
    assert {"README.md", "pyproject.toml", "examples/generate_baseline.py"} <= project
    assert not any("__pycache__" in name or ".egg-info" in name for name in names)

    # `ttvideo deploy` puts both together where they were unpacked.
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "unpacked")}
    deploy = [sys.executable, "-m", "ttvideo", "deploy", str(tmp_path / "mine")]
    subprocess.run(deploy, check=True, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
    for file in ("README.md", "animatediff_ttnn/layers/temporal.py"):
        assert (tmp_path / "mine" / file).read_bytes() == (ROOT / "worker/tt-animatediff" / file).read_bytes()
