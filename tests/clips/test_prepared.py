"""Parts that are saved once as they are computed with: the same numbers, whole or not there, and mapped."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from support.clip_cases import CASES, Model
from support.rpc_client import WORKER
from ttvideo import cli, families
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families import animatediff, animatediff_weights
from ttvideo.families.clips import parts, prepared
from ttvideo.families.clips.parts import Parts
from ttvideo.families.family import Event, NoteEvent, StepEvent
from ttvideo.families.weights import checkpoints

BASE = animatediff_weights.PUBLISHED[0]
CASE = next(case for case in CASES if case.family == "animatediff")


def silent(event: Event) -> None:
    pass


def parts_of(family: str = "animatediff") -> Parts:
    if family == "animatediff":
        return Parts(animatediff.MODEL, BASE, "cpu")
    from ttvideo.families import wan

    return Parts(wan.Wan(), wan.PUBLISHED[0], "cpu")


def stock(folder: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """The fused weights as diffusers makes them."""
    import diffusers

    base = diffusers.UNet2DConditionModel.from_pretrained(folder / "animatediff" / "unet", dtype=dtype)
    motion = diffusers.MotionAdapter.from_pretrained(folder / "animatediff-v1-5-2", dtype=dtype)
    weights: dict[str, torch.Tensor] = diffusers.UNetMotionModel.from_unet2d(base, motion).state_dict()
    return weights


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
def test_the_fused_weights_are_those_of_diffusers_bit_for_bit(
    installed: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    monkeypatch.setattr(parts, "cpu_has_bfloat16", lambda: half)
    ours = parts_of()
    assert [folder.name for folder in prepared.make(ours, silent)] == ["unet"]
    made = ours.get("unet")
    expected = stock(installed, ours.dtype)
    assert made.state_dict().keys() == expected.keys()
    for name, tensor in made.state_dict().items():
        assert tensor.dtype == ours.dtype
        assert torch.equal(tensor, expected[name]), name
    assert prepared.make(ours, silent) == []


def test_of_others_what_is_stored_in_another_dtype_is_prepared_when_asked(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the parts in it that diffusers keeps in float32, as Wan has them."""
    monkeypatch.setattr(parts, "cpu_has_bfloat16", lambda: True)
    before = parts_of("wan").get("transformer").state_dict()
    assert prepared.make(parts_of("wan"), silent) == []
    family = families.find("wan")
    assert family.prepare is not None
    made = family.prepare("cpu", family.published[0], silent)
    assert [folder.name for folder in made] == ["transformer"]
    after = parts_of("wan").get("transformer").state_dict()
    assert {tensor.dtype for tensor in after.values()} == {torch.bfloat16, torch.float32}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) and before[name].dtype == after[name].dtype for name in after)


def test_what_needs_no_preparing_is_left_alone(installed: Path) -> None:
    family = families.find("wan")
    assert family.prepare is not None
    assert family.prepare("cpu", family.published[0], silent) == []


def test_it_is_prepared_from_the_command_line(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prepare", "animatediff"]) == 0
    seen = capsys.readouterr()
    assert Path(seen.out.strip()) == prepared.find(parts_of(), "unet") / "unet"  # type: ignore[operator]
    assert "is prepared once" in seen.err
    assert cli.main(["prepare", "animatediff"]) == 0
    assert "or it is already" in capsys.readouterr().err
    assert cli.main(["prepare", "animatediff-lightning-4"]) == 1
    assert "AnimateDiff-Lightning, 4 steps is not installed" in capsys.readouterr().err
    assert cli.main(["prepare", "sdxl"]) == 2
    assert "there is nothing to prepare" in capsys.readouterr().err


def test_it_is_told_once_and_used_from_then_on(installed: Path, picture: Path) -> None:
    told: list[Event] = []
    family = families.find("animatediff")
    family.load("cpu", family.Params.model_validate({}), told.append)
    assert ["is prepared once" in event.text for event in told if isinstance(event, NoteEvent)] == [True]
    assert [event.step for event in told if isinstance(event, StepEvent)][-1] == 100
    told.clear()
    family.load("cpu", family.Params.model_validate({}), told.append)
    assert not any(isinstance(event, NoteEvent) for event in told)


def test_another_revision_takes_the_place_of_the_earlier_one(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    for name in ("animatediff", "animatediff-v1-5-2"):
        shutil.copytree(installed / name, models / name)
    monkeypatch.setenv("TTVIDEO_MODELS", str(models))
    prepared.make(parts_of(), silent)
    first = prepared.folder(parts_of())
    settings = models / "animatediff" / "unet" / "config.json"
    settings.write_text(settings.read_text() + " ")
    prepared.make(parts_of(), silent)
    second = prepared.folder(parts_of())
    assert first != second
    assert (second / "unet").is_dir()
    assert not first.exists()


def test_it_goes_with_the_model(installed: Path) -> None:
    prepared.make(parts_of(), silent)
    place = prepared.folder(parts_of())
    assert checkpoints.forget_prepared(BASE) > 1_000_000
    assert not place.parent.exists()
    assert checkpoints.forget_prepared(BASE) == 0


@pytest.mark.parametrize("way", ["killed", "cancelled"])
def test_a_half_written_one_is_not_used(installed: Path, way: str) -> None:
    place = prepared.folder(parts_of())
    if way == "killed":
        program = """
import os, signal
from ttvideo.families import animatediff, animatediff_weights
from ttvideo.families.weights import checkpoints
from ttvideo.families.clips import parts, prepared
from ttvideo.families.family import StepEvent
parts.cpu_has_bfloat16 = lambda: False
def die(event):
    if isinstance(event, StepEvent) and event.step > 50:
        os.kill(os.getpid(), signal.SIGKILL)
prepared.make(parts.Parts(animatediff.MODEL, animatediff_weights.PUBLISHED[0], "cpu"), die)
"""
        assert subprocess.run([sys.executable, "-c", program], cwd=WORKER).returncode == -signal.SIGKILL
        assert (place / ".unet.partial").is_dir()
    else:

        def stop(event: Event) -> None:
            if isinstance(event, StepEvent) and event.step > 50:
                raise Cancelled

        with pytest.raises(Cancelled):
            prepared.make(parts_of(), stop)
    assert prepared.find(parts_of(), "unet") is None
    assert [folder.name for folder in prepared.make(parts_of(), silent)] == ["unet"]
    assert list(place.iterdir()) == [place / "unet"]
    assert load_file(place / "unet" / "diffusion_pytorch_model.safetensors")


def test_a_full_disk_is_said_before_anything_is_written(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "free_bytes", lambda folder: 1000)
    with pytest.raises(WorkerError, match=r"which needs .* MB; 1\.0 kB are free") as full:
        prepared.make(parts_of(), silent)
    assert full.value.kind == ErrorKind.DISK
    assert prepared.find(parts_of(), "unet") is None


def test_frames_are_bit_equal_to_those_of_diffusers_own_unet(installed: Path, picture: Path) -> None:
    import diffusers

    model = Model(CASE, picture)
    ours = model.run().frames
    base = diffusers.UNet2DConditionModel.from_pretrained(installed / "animatediff" / "unet")
    motion = diffusers.MotionAdapter.from_pretrained(installed / "animatediff-v1-5-2")
    unet = diffusers.UNetMotionModel.from_unet2d(base, motion).eval()
    model.pipeline.parts._loaded["unet"] = unet
    assert np.array_equal(ours, model.run().frames)


MEASURE = """
import json, psutil, sys, time
from pathlib import Path
from diffusers import UNetMotionModel
from ttvideo.families.weights.loading import load_part
before = psutil.Process().memory_full_info().uss
began = time.perf_counter()
unet = load_part("it", UNetMotionModel, Path(sys.argv[1]), __import__("torch").bfloat16)
print(json.dumps({"grown": psutil.Process().memory_full_info().uss - before, "seconds": time.perf_counter() - began}))
"""


def test_a_prepared_part_is_mapped_and_not_copied(installed: Path, tmp_path: Path) -> None:
    """Of some hundred megabytes, written by the same writer, in a process that does nothing else."""
    from accelerate import init_empty_weights  # type: ignore[import-untyped]
    from diffusers import UNetMotionModel
    from safetensors.torch import save_file

    with init_empty_weights():
        unet = UNetMotionModel(block_out_channels=(320, 640), down_block_types=DOWN, up_block_types=UP)
    stored = {name: torch.zeros(tensor.shape) for name, tensor in unet.state_dict().items()}
    save_file(stored, tmp_path / "stored.safetensors")
    size = sum(tensor.numel() * 2 for tensor in stored.values())
    place = tmp_path / "made" / "unet"
    place.mkdir(parents=True)
    recipe = prepared.Recipe({}, (tmp_path / "stored.safetensors",), needed=True)
    with ExitStack() as stack:
        found = prepared.tensors(recipe, UNetMotionModel, torch.bfloat16, stack)
        prepared.write(place / "diffusion_pytorch_model.safetensors", found, silent)
    unet.save_config(place)
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(place)], cwd=WORKER, capture_output=True, text=True, check=True
    )
    assert size > 200_000_000
    assert json.loads(run.stdout.splitlines()[-1])["grown"] < size / 4


DOWN, UP = ("CrossAttnDownBlockMotion", "DownBlockMotion"), ("UpBlockMotion", "CrossAttnUpBlockMotion")
