"""Text-to-video models without their gigabytes: tiny random ones, loaded by the code that loads the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from support.clip_cases import Case, Model
from ttvideo.families.clips import parts


@pytest.fixture(scope="session")
def random_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from support.random_clips import make_clip_models

    return make_clip_models(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def installed(random_clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In float32 on every machine, so that what should be equal is nearly so."""
    monkeypatch.setenv("TTVIDEO_MODELS", str(random_clips))
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(parts, "cpu_has_bfloat16", lambda: False)
    return random_clips


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "start.png"
    rows, columns = np.mgrid[:64, :64]
    Image.fromarray(np.stack([rows * 3, columns * 3, 0 * rows], axis=-1).astype(np.uint8)).save(file)
    return file


@pytest.fixture
def model(case: Case, installed: Path, picture: Path) -> Model:
    return Model(case, picture)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads on tiny tensors take longer than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
