"""LoRA weights over the text-to-video models, each from a file made here."""

from __future__ import annotations

from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from support.clip_cases import CASES, Case, Model
from ttvideo.errors import ErrorKind, WorkerError

FIRST = {case.family: case for case in reversed(CASES) if case.family != "animatediff"}
"""One of each family."""


def lora(folder: Path, installed: Path, case: Case) -> Path:
    """A file of random weights for a checkpoint's transformer."""
    cls = getattr(diffusers, case.pipeline)
    torch.manual_seed(1)
    transformer = cls.from_pretrained(installed / case.checkpoint, dtype=torch.float32).transformer
    transformer.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    name = f"{case.checkpoint}.safetensors"
    cls.save_lora_weights(folder, transformer_lora_layers=get_peft_model_state_dict(transformer), weight_name=name)
    return folder / name


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
