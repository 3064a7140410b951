"""A model in two repositories: one command fetches both, and neither twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.conftest import Cli
from support.hub_server import HubServer, files_of
from support.random_clips import make_clip_models

MOTION = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def repositories(hub: HubServer, tmp_path: Path) -> tuple[HubServer, HubServer]:
    made = make_clip_models(tmp_path / "made", "animatediff", "animatediff-v1-5-2")
    base = HubServer("CompVis/stable-diffusion-v1-4", files_of(made / "animatediff"))
    motion = HubServer("guoyww/animatediff-motion-adapter-v1-5-2", files_of(made / "animatediff-v1-5-2"))
    hub.others.extend([base, motion])
    return base, motion


def test_base_and_motion_modules_come_together_and_generate_offline(
    repositories: tuple[HubServer, HubServer], outputs: Path, tmp_path: Path, ttvideo: Cli
) -> None:
    base, motion = repositories
    motion.corrupt.add(MOTION)
    assert "its checksum differs" in ttvideo("download", "animatediff", code=1).stderr
    once = base.sent.copy()
    assert once
    about = ("--model", "animatediff", "--steps", 1, "--frames", 2, "--size", "64x64", "--output", outputs)
    offline = {"HF_HUB_OFFLINE": "1", "TTVIDEO_CACHE": str(tmp_path / "cache")}
    half = ttvideo("generate", "a fair at night", *about, code=1, **offline).stderr
    assert "AnimateDiff's motion, v1.5.2 is not installed" in half
    motion.corrupt.clear()
    ttvideo("download", "animatediff")
    assert base.sent == once
    *_, clip = ttvideo("generate", "a fair at night", *about, **offline).stdout.splitlines()
    assert Path(clip).is_file()
