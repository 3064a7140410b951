"""Published models without their gigabytes: tiny random ones, loaded by the code that loads the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ttvideo import families
from ttvideo.families import images


@pytest.fixture(scope="session")
def random_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only; a test that changes a file copies the folder."""
    from support.random_models import make_models

    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def installed(random_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTVIDEO_MODELS", str(random_models))
    return random_models


@pytest.fixture(scope="module", params=["sdxl", "sd35-medium"])
def painter(request: pytest.FixtureRequest, random_models: Path) -> Any:
    """In float32 on every machine, so that what should be equal is nearly so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTVIDEO_MODELS", str(random_models))
        patch.setattr(images, "cpu_has_bfloat16", lambda: False)
        family = families.find(request.param)
        return family.load("cpu", family.Params(), lambda event: None)
