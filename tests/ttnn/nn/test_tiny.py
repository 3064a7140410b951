"""The bundled model on a mock board, through the engine: it makes the same video as the CPU does."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from ttvideo.contract import Phase
from ttvideo.families import tiny, tiny_boards
from ttvideo.families.family import Event, Illustrator, NoteEvent, PhaseEvent, Prompt, Run, Shot, StepEvent
from ttvideo.tt.device import DEVICE

PROMPT = "a red ball bouncing on green grass"
ALIKE = 35.0
"""dB. What bfloat16 costs; another video has less than 20."""


@pytest.fixture(scope="module", autouse=True)
def board() -> Iterator[None]:
    """One engine for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTVIDEO_BOARD", "n150")
        patch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)
        yield
        DEVICE.close()


def psnr(one: Any, other: Any) -> float:
    return -10 * math.log10(float(((np.asarray(one) - np.asarray(other)) ** 2).mean()))


def frames(device: str, params: tiny.Params, events: list[Event], **more: Any) -> Any:
    pipeline = tiny.FAMILY.load(device, params, events.append)
    return np.stack([frame for _, frame in pipeline.run(Run(PROMPT, "", params, **more), events.append)])


def test_the_command_makes_the_video_that_the_cpu_makes(outputs: Path) -> None:
    """And says in the terminal and in its manifest that no board computed it."""
    made = {}
    for device in ("tt", "cpu"):
        command = [sys.executable, "-m", "ttvideo", "generate", PROMPT, "--model", "tiny", "--device", device]
        command += ["--steps", "4", "--frames", "8", "--seed", "3", "--output", str(outputs / device)]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        folder = next((outputs / device).iterdir())
        manifest = json.loads((folder / "job.json").read_text())
        for said in (run.stderr, json.dumps(manifest)):
            assert ("Simulated numerics" in said) is (device == "tt")
        pictures = [np.asarray(Image.open(file)) for file in sorted((folder / "frames").glob("*.png"))]
        made[device] = np.stack(pictures) / 255
    assert made["tt"].shape == (8, 128, 128, 3)
    assert psnr(made["tt"], made["cpu"]) > ALIKE
    # It is a video, and not the same picture again and again.
    assert psnr(made["tt"][0], made["tt"][4]) < ALIKE


@pytest.mark.parametrize("motion", [True, False])
def test_without_guidance_and_without_motion_modules(motion: bool) -> None:
    params = tiny.Params(steps=4, seed=5, guidance=1.0, frames=5, motion=motion)
    assert psnr(*(frames(device, params, []) for device in ("tt", "cpu"))) > ALIKE


def test_the_board_decodes_and_the_host_where_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    params = tiny.Params(steps=2, seed=5, guidance=1.0, frames=6)
    events: list[Event] = []
    with monkeypatch.context() as patch:
        patch.setattr(diffusers.AutoencoderKL, "decode", None)
        on_board = frames("tt", params, events)
    told = [event for event in events if isinstance(event, PhaseEvent | StepEvent)]
    decoding = told.index(PhaseEvent(Phase.DECODING, total=6))
    assert told[decoding + 1 :] == [StepEvent(step, 6) for step in range(1, 7)]
    refusal = "The frames are decoded on the host: A VAE with act_fn = 'gelu' is not supported, only with 'silu'."
    assert NoteEvent(refusal) not in events
    real = tiny_boards._config
    monkeypatch.setattr(tiny_boards, "_config", lambda part: real(part) | ({"act_fn": "gelu"} if part == "vae" else {}))
    on_host = frames("tt", params, events)
    assert NoteEvent(refusal) in events
    assert not np.array_equal(on_board, on_host)
    assert psnr(on_board, on_host) > ALIKE
    assert np.array_equal(frames("tt", params, [], have=frozenset({0, 1, 4})), on_host[[2, 3, 5]])


def test_a_clip_that_begins_with_a_picture_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    picture = tmp_path / "start.png"
    Image.fromarray(np.tile(np.arange(128, dtype=np.uint8)[:, None, None], (1, 128, 3))).save(picture)
    params = tiny.Params(steps=5, seed=5, frames=4, start_image=str(picture))
    events: list[Event] = []
    whole = frames("tt", params, events)
    assert psnr(whole, frames("cpu", params, [])) > ALIKE
    steps = [event for event in events if isinstance(event, StepEvent) and event.state is not None]
    assert [(event.step, event.total) for event in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert steps[1].preview is not None
    assert steps[1].preview().shape == (2, 64, 64, 3)
    assert steps[1].state is not None
    # The same bytes, as everywhere.
    again: list[Event] = []
    assert np.array_equal(frames("tt", params, again, state=steps[1].state()), whole)
    assert [event.step for event in again if isinstance(event, StepEvent) and event.state] == [3, 4]


def test_pictures_of_a_storyboard() -> None:
    shots = [
        Shot(Prompt(text), tiny.Params(steps=3, seed=seed, frames=1)) for seed, text in enumerate((PROMPT, "a cat"))
    ]
    events: list[Event] = []
    drawn = {}
    for device in ("tt", "cpu"):
        pipeline = cast(Illustrator, tiny.FAMILY.load(device, shots[0].params, events.append))
        pipeline.encode([shot.prompt for shot in shots], events.append)
        drawn[device] = pipeline.draw(shots, events.append)
    assert psnr(drawn["tt"], drawn["cpu"]) > ALIKE
    assert torch.is_grad_enabled()
    phases = [event.phase for event in events if isinstance(event, PhaseEvent)]
    # Of the decoder something is compiled, too, unless an earlier test has done that.
    order = [Phase.ENCODING, Phase.DENOISING, Phase.DECODING]
    assert [phase for phase in phases if phase not in (Phase.LOADING, Phase.COMPILING)][:3] == order
    notes = [event.text for event in events if isinstance(event, NoteEvent)]
    assert any("N150" in note and "denoising and decoding are on the board" in note for note in notes)
    assert not any("on the host:" in note for note in notes)
