"""A hub with one model that looks like SDXL's repository, and workers and command lines that ask it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.hub_server import HubServer
from support.rpc_client import WORKER

REPO = "stabilityai/stable-diffusion-xl-base-1.0"
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"
PARTS = {
    "vae": "diffusion_pytorch_model",
    "unet": "diffusion_pytorch_model",
    "text_encoder": "model",
    "text_encoder_2": "model",
}
UNET_BYTES = 400_000

Cli = Callable[..., subprocess.CompletedProcess[str]]


def beside() -> dict[str, bytes]:
    """What the repository also has, and no one here reads."""
    data = random.Random(1).randbytes(20_000)
    names = ("sd_xl_base_1.0.safetensors", "unet/model.onnx", "text_encoder/pytorch_model.bin", "vae_1_0/w.safetensors")
    return {"README.md": b"# SDXL", "unet/flax_model.msgpack": b"x", **dict.fromkeys(names, data)}


@pytest.fixture
def weights() -> dict[str, bytes]:
    """Not readable as a model, but quickly made; each part in full and in half precision."""
    rng = random.Random(0)
    files = {"model_index.json": json.dumps({"_class_name": "StableDiffusionXLPipeline"}).encode()}
    for part, base in PARTS.items():
        files[f"{part}/config.json"] = json.dumps({"part": part}).encode()
        files[f"{part}/{base}.safetensors"] = rng.randbytes(30_000)
        files[f"{part}/{base}.fp16.safetensors"] = rng.randbytes(UNET_BYTES if part == "unet" else 15_000)
    for name in ("tokenizer", "tokenizer_2"):
        files[f"{name}/merges.txt"] = b"#version: 0.2\nc a\n"
    return files


@pytest.fixture
def hub(weights: dict[str, bytes]) -> Iterator[HubServer]:
    with HubServer(REPO, weights | beside()) as hub:
        yield hub


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """HF_HOME of this test."""
    return tmp_path / "huggingface"


@pytest.fixture
def env(hub: HubServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of a worker or command line that asks the test's hub."""
    for name in ("TTVIDEO_MODELS", "HF_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return {**hub.env, "HF_HOME": str(home)}


@pytest.fixture
def ttvideo(env: dict[str, str]) -> Cli:
    def run(*arguments: object, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(WORKER), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "ttvideo", *map(str, arguments)]
        whole = {**os.environ, "PYTHONPATH": path, **env, **more}
        done = subprocess.run(command, capture_output=True, text=True, env=whole, timeout=120, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stderr
        return done

    return run


def needed_bytes(hub: HubServer) -> int:
    """What a download fetches: each content once."""
    from ttvideo.families import sdxl
    from ttvideo.families.weights import checkpoints

    names = checkpoints.needed(sdxl.MODEL.published, hub.files)
    return sum(len(hub.files[name]) for name in {hub.blob(name): name for name in names}.values())


def snapshot(home: Path, hub: HubServer) -> Path:
    return home / "hub" / f"models--{REPO.replace('/', '--')}" / "snapshots" / hub.commit
