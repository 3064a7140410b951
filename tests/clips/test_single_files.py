"""Models in one file: what the makers' own naming holds is what diffusers' folder holds."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from support import original_files
from support.clip_cases import CASES, Case, Model
from support.original_files import Tensors
from ttvideo import families
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import animatediff_unet, hunyuan, ltx, mochi
from ttvideo.families.clips import prepared
from ttvideo.families.weights import single_file

MAKERS: dict[str, Callable[[Path], Tensors]] = {
    "animatediff": original_files.stable_diffusion,
    "wan2.1-1.3b": original_files.wan,
    "ltx-video-0.9.1": original_files.ltx,
}
each_file = pytest.mark.parametrize(
    "case", [case for case in CASES if case.checkpoint in MAKERS and not case.from_picture], ids=str
)


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoints with other weights in them, so that what comes from a file cannot come from them."""
    own = tmp_path / "models"
    for name in (*MAKERS, "animatediff-v1-5-2"):
        shutil.copytree(installed / name, own / name)
    for part in ("animatediff/unet", "animatediff/vae", "wan2.1-1.3b/transformer", "ltx-video-0.9.1/transformer"):
        (file,) = (own / part).glob("*.safetensors")
        save_file({name: tensor * 1.5 for name, tensor in original_files.part(own / part).items()}, file)
    monkeypatch.setenv("TTVIDEO_MODELS", str(own))
    return own


@each_file
@pytest.mark.parametrize("ending", [".safetensors", ".ckpt"])
def test_a_file_makes_the_frames_of_the_folder_it_was_made_of(
    case: Case, ending: str, installed: Path, elsewhere: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(elsewhere.parent / f"dreams{ending}", MAKERS[case.checkpoint](installed / case.checkpoint))
    base = Model(case, picture)
    given = base.given | {"checkpoint": str(file)}
    params, notes = base.family.fit(base.family.Params.model_validate(given))
    assert notes[0].startswith(f"dreams{ending} on ")
    assert any("is a pickle" in note for note in notes) == (ending == ".ckpt")
    single = Model(case, picture, checkpoint=str(file))
    assert base.family.revision(params) != base.family.revision(base.params)
    made = single.run().frames
    assert np.abs(made - base.run().frames).max() > 1e-3
    monkeypatch.setenv("TTVIDEO_MODELS", str(installed))
    # Where weights begin in memory changes the last bits.
    np.testing.assert_allclose(made, Model(case, picture).run().frames, atol=1e-5)
    # Once read it is mapped as it was saved then.
    assert prepared.find(single.pipeline.parts, single.pipeline.model.pieces[0].part) is not None


def written(file: Path, tensors: Tensors) -> Path:
    if file.suffix == ".ckpt":
        torch.save({"state_dict": tensors, "global_step": 7}, file)
    else:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    return file


@pytest.mark.parametrize("ending", [".safetensors", ".ckpt"])
def test_motion_modules_in_a_file_are_those_of_the_adapter(
    ending: str, installed: Path, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = diffusers.MotionAdapter.from_pretrained(installed / "animatediff-v1-5-2")
    # What its shapes do not tell is that of the real size.
    default = partial(diffusers.MotionAdapter.from_config, adapter.config)
    monkeypatch.setattr(animatediff_unet, "default_adapter", default)
    file = written(tmp_path / f"mm_v2{ending}", original_files.motion_modules(installed / "animatediff-v1-5-2"))
    case = next(case for case in CASES if case.family == "animatediff")
    plain = Model(case, picture)
    moved = Model(case, picture, motion_file=str(file))
    np.testing.assert_allclose(plain.run().frames, moved.run().frames, atol=1e-5)
    assert plain.family.revision(plain.params) != plain.family.revision(moved.params)
    _, notes = moved.family.fit(moved.family.Params.model_validate(moved.given | {"frames": 40}))
    assert ["pickle" in note for note in notes] == [True, False][ending != ".ckpt" :]
    assert "see 32 frames" in notes[-1]


def test_older_motion_modules_have_none_in_the_middle_and_see_fewer_frames(
    installed: Path, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As mm_sd_v15 and v3_sd15_mm."""
    settings = diffusers.MotionAdapter.load_config(installed / "animatediff-v1-5-2")
    older = settings | {"use_motion_mid_block": False, "motion_max_seq_length": 24}
    torch.manual_seed(3)
    diffusers.MotionAdapter.from_config(older).save_pretrained(tmp_path / "older")
    default = partial(diffusers.MotionAdapter.from_config, settings)
    monkeypatch.setattr(animatediff_unet, "default_adapter", default)
    file = written(tmp_path / "mm_v15.safetensors", original_files.motion_modules(tmp_path / "older"))
    case = next(case for case in CASES if case.family == "animatediff")
    model = Model(case, picture, motion_file=str(file))
    made = model.pipeline.parts.get("unet").state_dict()
    base = diffusers.UNet2DConditionModel.from_pretrained(installed / "animatediff" / "unet")
    motion = diffusers.MotionAdapter.from_pretrained(tmp_path / "older")
    expected = diffusers.UNetMotionModel.from_unet2d(base, motion).state_dict()
    assert made.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in made.items())
    assert "see 24 frames" in model.family.fit(model.family.Params.model_validate(model.given | {"frames": 25}))[1][-1]
    assert model.run(frames=25).frames.shape[0] == 25


def test_mochis_naming_is_read_at_its_real_depth(tmp_path: Path) -> None:
    """diffusers' conversion knows 48 layers only."""
    from support import random_clips

    settings = random_clips.mochi().transformer.config | {"num_layers": 48}
    torch.manual_seed(2)
    transformer = diffusers.MochiTransformer3DModel.from_config(settings)
    transformer.save_pretrained(tmp_path / "transformer")
    file = written(tmp_path / "mochi.safetensors", original_files.mochi(tmp_path))
    read = single_file.Held(file, mochi.TRANSFORMER, transformer.config).tensors()
    stored = transformer.state_dict()
    assert read.keys() == stored.keys()
    assert all(torch.equal(tensor, stored[name]) for name, tensor in read.items())
    assert single_file.fits(file, mochi.TRANSFORMER, tmp_path)


HUNYUAN = {
    "double_blocks.0.img_mod.linear.weight": (18432, 3072),
    "double_blocks.0.img_attn_qkv.weight": (9216, 3072),
    "double_blocks.0.txt_attn_proj.bias": (3072,),
    "single_blocks.0.linear1.weight": (21504, 3072),
    "txt_in.individual_token_refiner.blocks.0.self_attn_qkv.bias": (9216,),
    "final_layer.adaLN_modulation.1.weight": (6144, 3072),
    "img_in.proj.weight": (3072, 16, 1, 2, 2),
}
"""Some of its makers' names and shapes."""


def test_hunyuans_naming_becomes_names_and_shapes_of_its_transformer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """diffusers' conversion knows the real width only, at which no test can have weights."""
    with torch.device("meta"):
        expected = diffusers.HunyuanVideoTransformer3DModel(num_layers=1, num_single_layers=1).state_dict()
        made = {f"model.model.{name}": torch.empty(shape) for name, shape in HUNYUAN.items()}
    monkeypatch.setattr(single_file, "_read", lambda file: made)
    monkeypatch.setattr(single_file, "shapes", lambda file: {name: tuple(each.shape) for name, each in made.items()})
    read = single_file.Held(tmp_path / "hunyuan.safetensors", hunyuan.TRANSFORMER, {}).tensors()
    # Queries, keys and values are apart, and so is what a single block does at once.
    assert len(read) == len(HUNYUAN) + 2 + 2 + 3
    assert all(expected[name].shape == tensor.shape for name, tensor in read.items())


def test_which_ltx_a_file_is_of_is_told_by_its_decoder(installed: Path, tmp_path: Path) -> None:
    transformer = original_files.ltx(installed / "ltx-video")
    decoder = {"vae.decoder.conv_in.conv.weight": torch.zeros(8, 8, 3, 3, 3)}
    embedder = {"vae.decoder.last_time_embedder.timestep_embedder.linear_1.weight": torch.zeros(1)}
    for version, vae in (("ltx-video", decoder), ("ltx-video-0.9.1", decoder | embedder)):
        file = written(tmp_path / f"of {version}.safetensors", transformer | vae)
        models = families.find("ltx").published
        found = single_file.completed(file, "LTX-Video", ltx.PIECES, models)
        assert found.folder == installed / version


def test_a_pickle_with_more_than_numbers_is_not_opened(installed: Path, tmp_path: Path) -> None:
    file, witness = tmp_path / "evil.ckpt", tmp_path / "witness"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (witness,)

    for data in (pickle.dumps({"model.diffusion_model.input_blocks.0.0.weight": Evil()}), b"not a pickle"):
        file.write_bytes(data)
        for params in ({"checkpoint": str(file)}, {"motion_file": str(file)}):
            with pytest.raises(WorkerError, match=r"evil\.ckpt is not opened") as refused:
                fit("animatediff", params)
            assert refused.value.kind == ErrorKind.MODEL_BROKEN
    assert not witness.exists()


def fit(family: str, params: dict[str, Any]) -> None:
    found = families.find(family)
    found.fit(found.Params.model_validate(params))


@pytest.mark.parametrize(
    ("family", "tensors", "message"),
    [
        ("wan", {"a.weight": (1,)}, "holds no weights of Wan"),
        ("wan", {"head.head.weight": (64, 48), "patch_embedding.weight": (48, 16, 1, 2, 2)}, "of another size"),
        ("wan", {"head.head.weight": (64, 24), "patch_embedding.weight": (24, 36, 1, 2, 2)}, "of another size"),
        ("cogvideox", {"a.weight": (1,)}, "CogVideoX is not read from one file"),
        ("animatediff", {"model.diffusion_model.input_blocks.0.0.weight": (32, 9, 3, 3)}, "of another size"),
    ],
)
def test_a_file_of_something_else_is_refused(
    installed: Path, tmp_path: Path, family: str, tensors: dict[str, tuple[int, ...]], message: str
) -> None:
    file = written(tmp_path / "x.safetensors", {name: torch.zeros(shape) for name, shape in tensors.items()})
    with pytest.raises(WorkerError, match=message) as refused:
        fit(family, {"checkpoint": str(file)})
    assert refused.value.hint


def test_what_is_missing_is_said(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "x.safetensors", original_files.wan(installed / "wan2.1-1.3b"))
    (tmp_path / "x.bin").write_bytes(b"")
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 20)
    (tmp_path / "cut.safetensors").write_bytes(file.read_bytes()[:-100])
    for name, message in (
        ("cut.safetensors", "has no header of safetensors that fits it"),
        ("none.safetensors", "There is no file or folder"),
        ("x.bin", "is not read"),
        ("broken.safetensors", "has no header"),
    ):
        with pytest.raises(WorkerError, match=message):
            fit("wan", {"checkpoint": str(tmp_path / name)})
    with pytest.raises(WorkerError, match="holds no motion modules"):
        fit("animatediff", {"motion_file": str(file)})
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WorkerError, match=r"x\.safetensors holds the transformer only") as missing:
        fit("wan", {"checkpoint": str(file)})
    assert "ttvideo download wan2.1-1.3b" in missing.value.hint
