"""LoRA weights over the text-to-video models, each from a file made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from support.clip_cases import FIRST, Case, Model
from support.random_loras import lora
from ttvideo.errors import ErrorKind, WorkerError


@pytest.mark.parametrize("case", FIRST.values(), ids=str)
def test_a_lora_changes_frames_by_its_weight(case: Case, installed: Path, picture: Path, tmp_path: Path) -> None:
    file = lora(tmp_path, installed, case)
    plain = Model(case, picture).run().frames
    without = Model(case, picture, loras=f"{file}:0").run().frames
    np.testing.assert_allclose(without, plain, atol=1e-6)
    styled = Model(case, picture, loras=str(file))
    first = styled.run().frames
    assert np.abs(first - plain).max() > 1e-3
    assert np.array_equal(first, styled.run().frames)


@pytest.mark.parametrize("case", FIRST.values(), ids=str)
def test_a_lora_of_another_model_is_refused(case: Case, installed: Path, picture: Path, tmp_path: Path) -> None:
    other = next(each for each in FIRST.values() if each.family != case.family)
    of_images = tmp_path / "images.safetensors"
    save_file({f"unet.mid_block.attn.to_q.lora_{side}.weight": torch.ones(2, 2) for side in "AB"}, of_images)
    for file in (lora(tmp_path, installed, other), of_images):
        model = Model(case, picture, loras=str(file))
        for _ in range(2):
            with pytest.raises(WorkerError, match=f"{file.name} does not fit") as refused:
                model.run()
            assert refused.value.kind == ErrorKind.MODEL_BROKEN
