"""The project as a user has it: a copy of its folder alone, installed where there is no ttvideo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from support.motion_files import checkpoint_of_makers, small_unet
from ttvideo.projects import LEFT_OUT, animatediff_project

Program = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "tt-animatediff"
    shutil.copytree(animatediff_project(), folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return folder


@pytest.fixture(scope="session")
def installed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By pip, with what the test's own Python has for the rest."""
    target = tmp_path_factory.mktemp("installed")
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*argv, "--no-build-isolation", "--target", str(target), str(project)], check=True)
    return target


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a random motion module of Stable Diffusion 1.5's width where the examples look for one, and a small UNet."""
    folder = tmp_path_factory.mktemp("home")
    models = folder / "models" / "animatediff"
    models.mkdir(parents=True)
    torch.save(checkpoint_of_makers(), models / "mm_sd_v15_v2.ckpt")
    small_unet().save_pretrained(folder / "models" / "sd" / "unet")
    return folder


@pytest.fixture
def alone(installed: Path, home: Path, tmp_path: Path) -> Program:
    """Runs Python's text in an empty folder. -S: what .pth files add, such as ttvideo, is not there."""

    def run(text: str) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join((str(installed), sysconfig.get_paths()["purelib"]))
        environment = {**os.environ, "HOME": str(home), "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"}
        return subprocess.run(
            [sys.executable, "-S", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run
