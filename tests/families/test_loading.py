"""Where weights are looked for, and what is said of missing, foreign and broken ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from ttvideo import families
from ttvideo.contract import GenerateRequest
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families.family import Event, Family, Prompt, Shot, StepEvent

DENOISER = {
    "sdxl": "unet/diffusion_pytorch_model.safetensors",
    "sd35-medium": "transformer/diffusion_pytorch_model.safetensors",
}


def silent(event: Event) -> None:
    pass


@pytest.fixture(params=sorted(DENOISER))
def family(request: pytest.FixtureRequest) -> Family:
    return families.find(request.param)


@pytest.fixture
def copy(family: Family, random_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder of the test's own."""
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    return Path(shutil.copytree(random_models / family.id, tmp_path / "models" / family.id))


def is_installed(family: Family) -> bool:
    (checkpoint,) = family.checkpoints()
    return checkpoint.installed


def truncate(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def drop_a_weight(file: Path) -> None:
    weights = load_file(file)
    weights.pop(sorted(weights)[3])
    save_file(weights, file, metadata={"format": "pt"})


def add_a_weight(file: Path) -> None:
    weights = load_file(file)
    save_file(weights | {"stray.weight": weights[sorted(weights)[0]].clone()}, file, metadata={"format": "pt"})


def reshape_a_weight(file: Path) -> None:
    weights = load_file(file)
    name = next(name for name in sorted(weights) if weights[name].ndim == 2)
    weights[name] = weights[name][:-1].contiguous()
    save_file(weights, file, metadata={"format": "pt"})


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("part", ["vae", "denoiser", "text_encoder", "text_encoder_2"])
@pytest.mark.parametrize("harm", [truncate, drop_a_weight, add_a_weight, reshape_a_weight, empty])
def test_broken_weights_are_refused(family: Family, copy: Path, part: str, harm: Callable[[Path], None]) -> None:
    (file,) = copy.joinpath(part).glob("*.safetensors") if part != "denoiser" else (copy / DENOISER[family.id],)
    harm(file)
    with pytest.raises(WorkerError, match=file.parent.name) as caught:
        family.load("cpu", family.Params(), silent)
    assert caught.value.kind == ErrorKind.MODEL_BROKEN
    assert family.title in caught.value.message


@pytest.mark.parametrize("name", ["tokenizer", "scheduler", "vae/config.json"])
def test_missing_settings_are_refused(family: Family, copy: Path, name: str) -> None:
    shutil.rmtree(copy / name) if copy.joinpath(name).is_dir() else copy.joinpath(name).unlink()
    with pytest.raises(WorkerError, match=f"The {name.partition('/')[0]} of {family.title}") as caught:
        family.load("cpu", family.Params(), silent)
    assert caught.value.kind == ErrorKind.MODEL_BROKEN


def test_a_model_that_is_not_there_says_how_to_get_it(family: Family, copy: Path) -> None:
    shutil.rmtree(copy)
    assert not is_installed(family)
    with pytest.raises(WorkerError, match="is not installed") as caught:
        family.load("cpu", family.Params(), silent)
    assert caught.value.kind == ErrorKind.MODEL_MISSING
    (checkpoint,) = family.checkpoints()
    assert f"ttvideo download {family.id}" in caught.value.hint
    assert (f"https://huggingface.co/{checkpoint.id}" in caught.value.hint) == checkpoint.gated


def test_half_a_download_is_not_a_model(family: Family, copy: Path) -> None:
    (copy / DENOISER[family.id]).unlink()
    assert not is_installed(family)
    with pytest.raises(WorkerError, match="not complete") as caught:
        family.revision(None)
    assert caught.value.kind == ErrorKind.MODEL_MISSING


def test_another_model_in_its_place_is_named(family: Family, copy: Path, random_models: Path) -> None:
    other = next(id for id in DENOISER if id != family.id)
    shutil.rmtree(copy)
    shutil.copytree(random_models / other, copy)
    with pytest.raises(WorkerError, match="holds a StableDiffusion") as caught:
        family.load("cpu", family.Params(), silent)
    assert caught.value.kind == ErrorKind.MODEL_BROKEN
    for text in ("", "{}", "[]"):
        (copy / "model_index.json").write_text(text)
        with pytest.raises(WorkerError, match="not a model in diffusers' format"):
            family.revision(None)
        assert not is_installed(family)


def test_the_cache_of_hugging_face_is_looked_at(family: Family, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkpoint,) = family.checkpoints()
    cached = copy.parents[1] / "cache" / "hub" / f"models--{checkpoint.id.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached.joinpath("refs").mkdir(parents=True)
    cached.joinpath("refs", "main").write_text(commit)
    cached.joinpath("snapshots").mkdir()
    copy.rename(cached / "snapshots" / commit)
    assert is_installed(family)
    assert family.revision(None) == commit[:16]
    family.load("cpu", family.Params(), silent)
    monkeypatch.setenv("HF_HUB_CACHE", str(copy.parents[1] / "elsewhere"))
    assert not is_installed(family)


def test_another_revision_means_other_weights(family: Family, copy: Path, random_models: Path) -> None:
    revision = family.revision(None)
    moved = shutil.move(copy, copy.with_name("aside"))
    shutil.copytree(moved, copy)
    assert family.revision(None) == revision
    weights = load_file(copy / DENOISER[family.id])
    save_file({name: weight * 1.01 for name, weight in weights.items()}, copy / DENOISER[family.id], {"format": "pt"})
    assert family.revision(None) != revision


def test_half_precision_files_are_read_before_others(family: Family, copy: Path) -> None:
    full = copy / DENOISER[family.id]
    half = full.with_name("diffusion_pytorch_model.fp16.safetensors")
    weights = load_file(full)
    save_file({name: weight.half() * 0 for name, weight in weights.items()}, half, metadata={"format": "pt"})
    before = family.revision(None)
    painter: Any = family.load("cpu", family.Params(), silent)
    denoiser = painter.pipe.components[half.parent.name]
    assert all(float(weight.detach().abs().max()) == 0 for weight in denoiser.parameters())
    half.unlink()
    assert family.revision(None) != before


def test_weights_in_several_files_are_read(family: Family, copy: Path) -> None:
    painter: Any = family.load("cpu", family.Params(), silent)
    part = copy / DENOISER[family.id].partition("/")[0]
    (copy / DENOISER[family.id]).unlink()
    painter.pipe.components[part.name].save_pretrained(part, max_shard_size="100KB")
    assert len(list(part.glob("*.safetensors"))) > 1
    assert is_installed(family)
    family.load("cpu", family.Params(), silent)
    next(part.glob("*.safetensors")).unlink()
    assert not is_installed(family)


def test_weights_of_older_transformers_have_counted_positions(family: Family, copy: Path) -> None:
    import torch

    file = copy / "text_encoder" / "model.safetensors"
    positions = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    save_file(load_file(file) | positions, file, metadata={"format": "pt"})
    painter: Any = family.load("cpu", family.Params(), silent)
    painter.encode([Prompt("a cat")], silent)
    params = family.Params(steps=1, width=64, height=64)
    assert len(painter.draw([Shot(Prompt("a cat"), params)], silent)) == 1


def test_loading_can_be_cancelled(family: Family, installed: Path) -> None:
    def cancel(event: Event) -> None:
        if isinstance(event, StepEvent) and event.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        family.load("cpu", family.Params(), cancel)


def request(family: Family, prompt: str = "a cat", **parameters: Any) -> GenerateRequest:
    return GenerateRequest(model=family.id, prompt=prompt, parameters=parameters)


def test_a_request_for_a_missing_model_fails_at_once_but_its_parameters_first(family: Family, copy: Path) -> None:
    assert families.effective(request(family)).notes == []
    shutil.rmtree(copy)
    with pytest.raises(WorkerError) as caught:
        families.effective(request(family))
    assert caught.value.kind == ErrorKind.MODEL_MISSING
    with pytest.raises(WorkerError, match="steps") as caught:
        families.effective(request(family, steps=0))
    assert caught.value.kind == ErrorKind.INVALID_PARAMETERS


def test_what_is_beyond_the_text_length_is_shown(family: Family, copy: Path) -> None:
    length = 75 if family.id == "sdxl" else 255
    # "cat" is a token of its own in both tokenizers.
    assert families.effective(request(family, "cat " * length)).notes == []
    (note,) = families.effective(request(family, "cat " * length + "dog at night")).notes
    assert note.startswith(f"Only the first {length} tokens")
    assert note.endswith("“dog at night”.")
    shutil.rmtree(copy)
    assert family.remarks("cat " * 300, "") == []


@pytest.mark.parametrize(
    "text", ["a red cat", "the 1964-65 World's Fair, don't", "  Größe \n 北京 🎡 ", "...cats!!", "e\u0301t\u00e9"]
)
def test_tokens_are_counted_as_clip_counts_them(installed: Path, text: str) -> None:
    from transformers import CLIPTokenizer

    from ttvideo.families import tokens

    folder = installed / "sdxl" / "tokenizer"
    expected = CLIPTokenizer.from_pretrained(folder)(text).input_ids[1:-1]
    assert tokens._tokenizer(folder).encode(text, add_special_tokens=False).ids == expected
