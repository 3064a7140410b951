"""An untrained model, exported, is what `from_pretrained` loads: every weight, under these versions and others."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AnimateDiffPipeline, UNetMotionModel
from safetensors.torch import load_file, save_file

from training import network
from training.captions import vocabulary
from training.latents import CHANNELS

SCRIPT = Path(__file__).with_name("load_model.py")
OTHER_PYTHON = "TTVIDEO_OTHER_PYTHON"
# transformers calls tokenizers by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning")

PARTS = ("unet", "motion_adapter", "vae", "text_encoder")


def test_the_assembled_unet_is_the_trained_one(untrained: UNetMotionModel, pipeline: AnimateDiffPipeline) -> None:
    halved = {name: weight.half().float() for name, weight in untrained.state_dict().items()}
    loaded = pipeline.unet.state_dict()
    assert loaded.keys() == halved.keys()
    assert [name for name in halved if not torch.equal(loaded[name], halved[name])] == []
    positions = [weight.shape[1] for name, weight in loaded.items() if name.endswith("pos_embed.pe")]
    assert set(positions) == {network.MAX_FRAMES}
    latents, words = torch.randn(1, CHANNELS, 4, 8, 8), torch.randn(4, network.TEXT_LENGTH, network.TEXT_WIDTH)
    with torch.no_grad():
        reference = UNetMotionModel.from_unet2d(network.image_unet(), network.motion_adapter()).eval()
        reference.load_state_dict(halved)
        assert torch.equal(pipeline.unet(latents, 500, words).sample, reference(latents, 500, words).sample)


def test_parts_are_stored_as_promised(model: Path) -> None:
    types = {part: {t.dtype for t in load_file(next((model / part).glob("*.safetensors"))).values()} for part in PARTS}
    half, full = {torch.float16}, {torch.float32}
    assert types == {"unet": half, "motion_adapter": half, "vae": half, "text_encoder": full}
    assert all(name.startswith("text_model.") for name in load_file(model / "text_encoder" / "model.safetensors"))


def test_no_file_names_a_folder_of_this_machine(model: Path) -> None:
    for file in model.rglob("*.json"):
        text = file.read_text()
        assert str(model.parent) not in text
        assert "_name_or_path" not in json.loads(text)


def test_each_word_is_one_token(pipeline: AnimateDiffPipeline) -> None:
    assert [word for word in vocabulary() if len(pipeline.tokenizer(word).input_ids) != 3] == []
    assert len(pipeline.tokenizer("a dragon").input_ids) > 4
    assert pipeline.tokenizer.model_max_length == network.TEXT_LENGTH


def test_the_preview_map_is_the_latent_space(model: Path) -> None:
    tensors = load_file(model / "preview.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {
        "mean": (192,),
        "decode": (192, CHANNELS),
    }


def test_every_weight_is_read(model: Path, tmp_path: Path) -> None:
    assert _load(sys.executable, model, tmp_path / "frames.npz").returncode == 0
    with np.load(tmp_path / "frames.npz") as made:
        assert made["frames"].shape == (16, 128, 128, 3)
        assert np.isfinite(made["frames"]).all()
        assert made["frames"].std() > 0.01


@pytest.mark.parametrize("part", PARTS)
def test_a_renamed_weight_is_found(model: Path, part: str, tmp_path: Path) -> None:
    broken = tmp_path / "model"
    shutil.copytree(model, broken)
    file = next((broken / part).glob("*.safetensors"))
    weights = load_file(file)
    weights["stray"] = weights.pop(min(weights))
    save_file(weights, file, metadata={"format": "pt"})
    wrong = runpy.run_path(str(SCRIPT))["unread_keys"](broken)
    assert sorted({line.rsplit(": ", 1)[0] for line in wrong}) == [f"{part}: missing_keys", f"{part}: unexpected_keys"]
    assert f"{part}: unexpected_keys: stray" in wrong


def test_other_versions_make_the_same_frames(model: Path, tmp_path: Path) -> None:
    other = os.environ.get(OTHER_PYTHON)
    if not other:
        pytest.skip(f"{OTHER_PYTHON} names no interpreter with the newest diffusers and transformers")
    for python, output in ((sys.executable, "ours.npz"), (other, "theirs.npz")):
        done = _load(python, model, tmp_path / output)
        assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "ours.npz") as ours, np.load(tmp_path / "theirs.npz") as theirs:
        assert np.array_equal(ours["tokens"], theirs["tokens"])
        np.testing.assert_allclose(ours["frames"], theirs["frames"], atol=1e-4)


def _load(python: str, model: Path, output: Path) -> subprocess.CompletedProcess[str]:
    arguments = [python, str(SCRIPT), str(model), str(output)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False)
