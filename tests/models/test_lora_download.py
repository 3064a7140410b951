"""LoRAs by the hub's names: fetched like a model, found without the network, and known by their commit from then on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from models.conftest import Cli
from support.hub_server import HubServer
from support.random_clips import make_clip_models

REPO = "someone/styles"


def lora() -> bytes:
    """Of Wan's tiny transformer, strong enough to be seen."""
    generator = torch.Generator().manual_seed(0)
    name = "transformer.blocks.0.attn1.to_q"
    sides = {"A": torch.randn(2, 24, generator=generator), "B": torch.randn(24, 2, generator=generator)}
    data: bytes = save({f"{name}.lora_{side}.weight": weight for side, weight in sides.items()})
    return data


@pytest.fixture
def styles(hub: HubServer) -> HubServer:
    """A repository beside the main one, with two LoRAs in it."""
    files = {"README.md": b"# Styles", "warm.safetensors": lora(), "sets/cold.safetensors": b"x" * 20_000}
    styles = HubServer(REPO, files | {"other.safetensors": b"y" * 20_000, "config.json": b"{}"})
    hub.others.append(styles)
    return styles


def test_a_lora_is_fetched_and_used_offline_and_named_by_its_commit(
    styles: HubServer, home: Path, tmp_path: Path, ttvideo: Cli
) -> None:
    models = make_clip_models(tmp_path / "models", "wan2.1-1.3b")
    about = (
        "--model",
        "wan",
        "--size",
        "64x64",
        "--frames",
        5,
        "--steps",
        2,
        "--seed",
        1,
        "--output",
        tmp_path / "out",
    )
    offline = {"TTVIDEO_MODELS": str(models), "TTVIDEO_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    wanted = f"{REPO}:warm.safetensors"
    missing = ttvideo("generate", "a cat", *about, "--lora", f"{wanted}:0.8", code=1, **offline).stderr
    assert f"LoRA warm.safetensors of {REPO} is not on this machine." in missing
    assert f"`ttvideo download {wanted}`" in missing
    assert "HF_HUB_OFFLINE forbids" in ttvideo("download", wanted, code=1, HF_HUB_OFFLINE="1").stderr

    place = Path(ttvideo("download", wanted).stdout.strip())
    assert place == home / "hub" / "models--someone--styles"
    assert list(styles.sent) == ["warm.safetensors"]

    plain, styled = (
        json.loads(ttvideo("generate", "a cat", *about, *more, "--json", **offline).stdout.splitlines()[-1])
        for more in ((), ("--lora", f"{REPO}:0.8"))
    )
    assert styled["parameters"]["loras"] == f"{REPO}@{styles.commit}:warm.safetensors:0.8"
    manifest = json.loads((Path(styled["folder"]) / "job.json").read_text())
    assert manifest["recipe"]["parameters"]["loras"].startswith(f"{REPO}@{styles.commit}")
    frames = [(Path(job["folder"]) / "frames" / "frame_000.png").read_bytes() for job in (plain, styled)]
    assert frames[0] != frames[1]
    again = ttvideo("again", styled["folder"], "--lora", f"{wanted}:0", "--json", **offline)
    job = json.loads(again.stdout.splitlines()[-1])
    assert job["parameters"]["loras"].endswith("warm.safetensors:0")


def test_which_file_of_several_is_asked(styles: HubServer, ttvideo: Cli) -> None:
    several = ttvideo("download", REPO, code=1).stderr
    assert "warm.safetensors" in several
    assert f"Name one of them: {REPO}:" in several
    assert "cold" not in several
    ttvideo("download", f"{REPO}:sets/cold.safetensors")
    assert list(styles.sent) == ["sets/cold.safetensors"]
    assert (
        "There are no safetensors of none.safetensors" in ttvideo("download", f"{REPO}:none.safetensors", code=1).stderr
    )
    assert "does not hand out no/where: it answered 404" in ttvideo("download", "no/where", code=1).stderr
    assert "There is no model" in ttvideo("download", f"{REPO}:../../x.safetensors", code=2).stderr
