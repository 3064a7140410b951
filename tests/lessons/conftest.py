"""A HOME of its own for each test: nobody's files are read or written, and what a lesson puts there is seen alone."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from support.lessons import EXAMPLES, ROOT
from support.rpc_client import WORKER


@pytest.fixture(scope="session")
def random_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the large models: TTVIDEO_MODELS is the one switch that says where models are."""
    from support.random_clips import make_clip_models

    return make_clip_models(tmp_path_factory.mktemp("models"), "wan2.1-1.3b", "animatediff", "animatediff-v1-5-2")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With the examples as the lessons' buttons put them there."""
    home = tmp_path / "home"
    shutil.copytree(EXAMPLES, home / "tt-scratchpad")
    return home


@pytest.fixture
def environment(home: Path, random_models: Path) -> dict[str, str]:
    """`ttvideo` and `python` are those that run the tests."""
    programs = home / "bin"
    programs.mkdir()
    for name, module in (("ttvideo", " -m ttvideo"), ("python", ""), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (programs / name).chmod(0o755)
    ttnn = ROOT / "build" / "ttnn" / "bin" / "python"
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(programs), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(WORKER),
        "TTVIDEO_STATE": str(home / "state"),
        "TTVIDEO_CACHE": str(home / "cache"),
        "TTVIDEO_MODELS": str(random_models),
        "HF_HUB_OFFLINE": "1",
        # What the lessons show of mock boards needs it; without one, ttvideo says so and ends with 1.
        **({"TTVIDEO_TTNN_PYTHON": str(ttnn)} if ttnn.exists() else {}),
        "OMP_WAIT_POLICY": "passive",
        "LANG": "C.UTF-8",
    }
