"""What pip installs of ttvideo: itself, the package beside it, and the project that `ttvideo deploy` copies."""

from __future__ import annotations

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
    assert {"README.md", "pyproject.toml", "animatediff_ttnn/layers/temporal.py"} <= {
        name.removeprefix("ttvideo/projects/tt-animatediff/") for name in names
    }
    assert not any("__pycache__" in name or ".egg-info" in name for name in names)
