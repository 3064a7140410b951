"""One untrained model of the shipped architecture, exported once for all tests here."""

from pathlib import Path

import pytest
import torch
from diffusers import AnimateDiffPipeline, UNetMotionModel

from training import export, network
from training.latents import LatentSpace


@pytest.fixture(scope="session")
def untrained() -> UNetMotionModel:
    torch.manual_seed(3)
    unet = UNetMotionModel.from_unet2d(network.image_unet(), network.motion_adapter())
    # Untrained motion modules answer nothing at all: give them something to say.
    for name, parameter in unet.named_parameters():
        if "motion_modules" in name and "proj_out" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return unet.eval()


@pytest.fixture(scope="session")
def model(untrained: UNetMotionModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    tokenizer = network.write_tokenizer(folder / "tokenizer")
    text, vae = network.text_encoder(tokenizer).eval(), network.autoencoder().eval()
    target = folder / "model"
    total = export.write(untrained, text, vae, folder / "tokenizer", LatentSpace.fit(clips=20), target)
    assert total == sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return target


@pytest.fixture(scope="session")
def pipeline(model: Path) -> AnimateDiffPipeline:
    return AnimateDiffPipeline.from_pretrained(model)
