"""The package's attention in TTNN against its PyTorch: exactly when nothing is rounded, and the pages' snippets."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import ttnn

from animatediff_ttnn import (
    AnimateDiffError,
    AnimateDiffPipeline,
    load_animatediff_weights,
    pipeline,
    temporal_attention_torch,
    temporal_attention_ttnn,
)
from support.lessons import Page
from support.motion_files import checkpoint_of_makers
from ttvideo.families.tiny import FOLDER as BUNDLED
from ttvideo.projects import animatediff_project
from ttvideo.tt.mock import golden

EXACT, GOOD = 2e-4, 0.9999


def on_device(hidden: torch.Tensor, weights: Any, frames: int, mesh: Any) -> torch.Tensor:
    there = ttnn.from_torch(hidden, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=mesh)
    made: torch.Tensor = ttnn.to_torch(temporal_attention_ttnn(there, weights, frames, mesh))
    return made.float()


def exact(weights: Any) -> Any:
    """The same with values that bfloat16 holds exactly."""
    weights.state = {name: tensor.bfloat16().float() for name, tensor in weights.state.items()}
    return weights


@pytest.mark.parametrize("tokens", [16, 9])
@pytest.mark.parametrize("frames", [16, 5])
def test_it_computes_what_pytorch_computes(tokens: int, frames: int, mesh: Any) -> None:
    weights = exact(load_animatediff_weights(str(BUNDLED / "motion_adapter"), 64, 2))
    hidden = torch.randn(2 * frames, tokens, 64, generator=torch.Generator().manual_seed(0)).bfloat16().float()
    expected = temporal_attention_torch(hidden, weights, frames)
    with golden.shadow(rounded=False):
        made = on_device(hidden, weights, frames, mesh)
        again = on_device(hidden, weights, frames, mesh)
    assert made.shape == hidden.shape
    assert float((made - expected).abs().max()) < EXACT
    assert torch.equal(made, again)
    with golden.shadow():
        weights.release()
        rounded = on_device(hidden, weights, frames, mesh)
    assert golden.pcc(rounded - hidden, expected - hidden) > GOOD


def test_the_pages_python_is_run(mesh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With this process's mock board as the device that is opened, and a random module of Stable Diffusion's width."""
    models = tmp_path / "models" / "animatediff"
    models.mkdir(parents=True)
    torch.save(checkpoint_of_makers(), models / "mm_sd_v15_v2.ckpt")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(ttnn, "open_device", lambda device_id: mesh)
    closed: list[Any] = []
    monkeypatch.setattr(ttnn, "close_device", closed.append)
    project = animatediff_project()
    (readme,) = [text for text in python(project / "README.md") if "use_ttnn=True" in text]
    with golden.shadow():
        made = run(readme, tmp_path)
    assert closed == [mesh]
    expected = AnimateDiffPipeline(made["pipeline"].weights).apply_temporal_coherence(made["latents"], 16)
    assert golden.pcc(made["coherent"] - made["latents"], expected - made["latents"]) > GOOD
    with golden.shadow():
        tutorial = run("\n".join(python(project / "MODEL_BRINGUP_TUTORIAL.md")), tmp_path, device=mesh)
    hidden = tutorial["hidden_states"]
    assert golden.pcc(tutorial["made"] - hidden, tutorial["expected"] - hidden) > GOOD


def run(text: str, folder: Path, **known: Any) -> dict[str, Any]:
    """The names that a page's Python leaves behind."""
    file = folder / "snippet.py"
    file.write_text(text)
    return runpy.run_path(str(file), init_globals=known)


def python(page: Path) -> list[str]:
    return [block.text for block in Page(page).blocks if block.language == "python"]


def test_latents_are_refused_before_the_device_is_asked(mesh: Any) -> None:
    weights = load_animatediff_weights(str(BUNDLED / "motion_adapter"), 64, 2)
    with pytest.raises(AnimateDiffError, match="cannot see 32 channels"):
        on_device(torch.zeros(4, 16, 32), weights, 4, mesh)


def test_a_device_that_cannot_be_opened_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(device_id: int) -> None:
        raise RuntimeError("TT_FATAL: no chips")

    monkeypatch.setattr(ttnn, "open_device", refuse)
    with pytest.raises(AnimateDiffError, match="could not be opened"):
        pipeline.open_device()


@pytest.mark.slow
def test_it_is_the_same_on_blackhole() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", __file__]
    run = subprocess.run(command, env={**os.environ, "TTVIDEO_BOARD": "p150"}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    assert "7 passed" in run.stdout
