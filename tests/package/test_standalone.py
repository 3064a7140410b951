"""A copy of the project alone: it installs, its examples run, what README and the tutorial say in Python is run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.lessons import Page
from ttvideo.families.tiny import FOLDER as BUNDLED

Program = Callable[[str], subprocess.CompletedProcess[str]]
TTNN = re.compile(r"import ttnn|use_ttnn=True")
"""What tests/ttnn/package runs."""


def snippets(page: Path) -> list[str]:
    blocks = [block.text for block in Page(page).blocks if block.language == "python"]
    return [text.replace("CompVis/stable-diffusion-v1-4", "models/sd") for text in blocks if not TTNN.search(text)]


def test_importing_the_package_loads_nothing_and_finds_no_ttvideo(alone: Program) -> None:
    run = alone(
        "import sys, importlib.util, animatediff_ttnn\n"
        "assert importlib.util.find_spec('ttvideo') is None\n"
        "print(animatediff_ttnn.__file__, [name for name in ('torch', 'ttnn', 'diffusers') if name in sys.modules])"
    )
    assert run.returncode == 0, run.stderr
    assert "installed" in run.stdout
    assert run.stdout.strip().endswith("[]")


def test_the_pages_python_is_run(alone: Program, project: Path, home: Path) -> None:
    readme, tutorial = snippets(project / "README.md"), snippets(project / "MODEL_BRINGUP_TUTORIAL.md")
    assert len(readme) == 3
    assert len(tutorial) == 3
    # README's stand alone, the tutorial's go on from each other.
    programs = [*readme, "\n".join(tutorial)]
    run = alone(
        f"import os, sys\nos.symlink({str(home / 'models')!r}, 'models')\nfor each in {programs!r}:\n exec(each, {{}})"
    )
    assert run.returncode == 0, run.stderr
    assert "mid_block.motion_modules.0 320" in run.stdout


def test_the_examples_run(alone: Program, project: Path, tmp_path: Path) -> None:
    motion = ["--checkpoint", str(BUNDLED / "motion_adapter"), "--dim", "64", "--heads", "2", "--size", "16"]
    model = ["--model", str(BUNDLED), "--adapter", str(BUNDLED / "motion_adapter")]
    clip = ["--prompt", "a red ball bouncing", "--frames", "3", "--steps", "2", "--output", "made/clip.mp4"]
    calls = {
        "generate_2frame_video.py": motion,
        "generate_16frame_video.py": motion,
        "generate_baseline.py": [*model, *clip],
    }
    run = alone(
        "import runpy, sys\n"
        f"for name, argv in {calls!r}.items():\n"
        f" sys.argv = [name, *argv]\n runpy.run_path({str(project / 'examples')!r} + '/' + name, run_name='__main__')"
    )
    assert run.returncode == 0, run.stderr
    assert "Correlation between frames: 0.00" in run.stdout
    assert "Saved 3 frames -> made/clip.mp4" in run.stdout
    assert b"ftyp" in (tmp_path / "made" / "clip.mp4").read_bytes()[:12]
    assert (tmp_path / "output" / "test_16frame.gif").read_bytes().startswith(b"GIF89a")
    # README's table has what was measured.
    measured = re.findall(r"Frame (\w+): (\S+) before, (\S+) after", run.stdout)
    readme = (project / "README.md").read_text()
    assert len(measured) == 2
    for name, before, after in measured:
        cells = [f"{float(number):.2f}".replace("-0.00", "0.00") for number in (before, after)]
        assert f"| frame {name} | {cells[0]} | {cells[1]} |" in readme
    (each_alone,) = re.findall(r"each frame alone: (\S+)", run.stdout)
    assert f"more, {float(each_alone):.2f}, if each went through alone" in readme


@pytest.mark.parametrize(
    ("name", "argv", "said"),
    [
        ("generate_2frame_video.py", ["--checkpoint", "/nowhere.ckpt"], "There is no motion module at /nowhere.ckpt."),
        ("generate_blackhole.py", ["--prompt", "x"], "ttvideo, which has the UNet in TTNN, is not installed."),
        ("generate_blackhole.py", ["--prompt", "x", "--output", "x.avi"], "'.avi' is no format of a video here."),
    ],
)
def test_what_an_example_needs_it_asks_for(
    alone: Program, project: Path, name: str, argv: list[str], said: str
) -> None:
    path = str(project / "examples" / name)
    run = alone(
        f"import os, runpy, sys\nos.environ['PATH'] = ''\nsys.argv = [{name!r}, *{argv!r}]\n"
        f"runpy.run_path({path!r}, run_name='__main__')"
    )
    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_the_script_for_weights_is_one_that_a_shell_reads(project: Path) -> None:
    script = project / "weights" / "download_weights.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)
    run = subprocess.run(
        ["/bin/bash", str(script)], env={"PATH": "", "HOME": "/nowhere"}, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "pip install -U huggingface_hub" in run.stderr
