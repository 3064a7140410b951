"""What each text-to-video family says about what it is asked, before anything is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from ttvideo import families
from ttvideo.contract import GenerateRequest
from ttvideo.families.hunyuan import Hunyuan


@pytest.mark.parametrize(
    ("family", "given", "made", "says"),
    [
        ("mochi", {"frames": 20, "width": 500}, {"frames": 19, "width": 496}, ["496x480", "6k+1 frames: 19"]),
        ("cogvideox", {"frames": 53, "height": 470}, {"frames": 57, "height": 464}, ["720x464", "8k+1 frames: 57"]),
        ("cogvideox", {"checkpoint": "cogvideox-5b-i2v"}, {"width": 64, "height": 64}, ["one size only: 64x64"]),
        ("hunyuan", {"frames": 20, "width": 1000}, {"frames": 21, "width": 1008}, ["1008x720", "4k+1 frames: 21"]),
        ("ltx", {"frames": 100, "height": 480}, {"frames": 97, "height": 480}, ["8k+1 frames: 97"]),
        ("ltx", {"frames": 1, "start_image": "/a.png"}, {"frames": 9}, ["9 instead of 1"]),
        ("ltx", {"decode_timestep": 0.1}, {}, ["decode timestep is not used"]),
        ("ltx", {"decode_timestep": 0.1, "checkpoint": "ltx-video-0.9.1"}, {}, []),
    ],
)
def test_what_is_asked_is_brought_to_what_the_model_makes_and_said(
    installed: Path, family: str, given: dict[str, Any], made: dict[str, Any], says: list[str]
) -> None:
    found = families.find(family)
    if given.get("checkpoint") == "cogvideox-5b-i2v":
        given = given | {"start_image": "/a.png"}
    params, notes = found.fit(found.Params.model_validate(given))
    assert params.model_dump() | made == params.model_dump()
    assert len(notes) == len(says)
    assert all(part in note for part, note in zip(says, notes, strict=True))


def test_the_only_size_is_known_of_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    found = families.find("cogvideox")
    given = {"checkpoint": "cogvideox-5b-i2v", "start_image": "/a.png", "width": 480, "height": 720}
    params, _ = found.fit(found.Params.model_validate(given))
    assert (params.model_dump()["width"], params.model_dump()["height"]) == (720, 480)


@pytest.mark.parametrize(
    ("family", "parameters", "says"),
    [
        ("wan", {"guidance": 1}, "only when the guidance is above 1"),
        ("wan", {}, None),
        ("hunyuan", {}, "only when the true guidance is above 1"),
        ("hunyuan", {"trueGuidance": 2}, None),
    ],
)
def test_a_negative_prompt_that_is_not_read_is_remarked_on(
    installed: Path, family: str, parameters: dict[str, Any], says: str | None
) -> None:
    request = GenerateRequest(
        model=family, prompt="a cat", negative_prompt="blurry", device="cpu", parameters=parameters
    )
    unread = [note for note in families.effective(request).notes if "negative prompt" in note]
    assert len(unread) == (says is not None)
    assert says is None or says in unread[0]


@pytest.mark.parametrize(("family", "tokens"), [("mochi", 255), ("cogvideox", 225), ("hunyuan", 256), ("ltx", 127)])
def test_what_is_beyond_the_text_length_is_said(installed: Path, family: str, tokens: int) -> None:
    """Also from a tokenizer that is nothing but sentencepiece's file, as LTX-Video's is."""
    (remark,) = families.find(family).remarks("cat " * 300, "")
    assert f"the first {tokens} tokens" in remark
    assert "cat" in remark


def test_llama_reads_words_and_not_one_long_word(installed: Path, tmp_path: Path) -> None:
    """The published folder says LlamaTokenizerFast, for which transformers 5 has another way to split words."""
    folder = tmp_path / "tokenizer"
    shutil.copytree(installed / "hunyuanvideo" / "tokenizer", folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"tokenizer_class": "LlamaTokenizerFast"}))
    tokenizer = Hunyuan().load_part(tmp_path, "tokenizer", torch.float32)
    read = tokenizer.decode(tokenizer("a cat in the rain").input_ids, skip_special_tokens=True)
    assert read == "a cat in the rain"


def test_wan_2_2_5b_takes_sizes_of_twice_the_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its VAE makes one place of 16x16 pixels, and diffusers would round down without asking."""
    monkeypatch.setenv("TTVIDEO_MODELS", str(tmp_path))
    family = families.find("wan")
    asked = family.Params.model_validate({"checkpoint": "wan2.2-5b", "width": 1280, "height": 720})
    params, notes = family.fit(asked)
    assert (params.model_dump()["width"], params.model_dump()["height"]) == (1280, 736)
    assert any("multiples of 32" in note for note in notes)
    assert any("24 frames per second" in note for note in notes)
