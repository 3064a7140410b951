"""LoRAs named by the hub's repositories, as Hugging Face's cache has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.weights import loras


def cached(cache: Path, commit: str, *names: str) -> Path:
    folder = cache / "models--someone--styles"
    for name in names:
        file = folder / "snapshots" / commit / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(commit.encode())
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(commit)
    return folder / "snapshots"


def test_a_lora_of_the_hub_stays_the_one_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    old, new = "a" * 40, "b" * 40
    cached(tmp_path, old, "warm.safetensors")
    pinned = loras.pinned("someone/styles:0.8, someone/styles")
    assert pinned == f"someone/styles@{old}:warm.safetensors:0.8, someone/styles@{old}:warm.safetensors"
    assert loras.pinned(pinned) == pinned
    prints = loras.prints(pinned)
    snapshots = cached(tmp_path, new, "warm.safetensors", "cold.safetensors")
    assert loras.parse(pinned)[0] == loras.Lora(snapshots / old / "warm.safetensors", 0.8)
    assert loras.prints(pinned) == prints
    assert loras.parse("someone/styles:cold.safetensors")[0].file == snapshots / new / "cold.safetensors"
    with pytest.raises(WorkerError, match="several files that could be meant: cold"):
        loras.parse("someone/styles")
    with pytest.raises(WorkerError, match=r"blue\.safetensors of someone/styles is not on this machine") as missing:
        loras.parse("someone/styles:blue.safetensors")
    assert missing.value.kind == ErrorKind.MODEL_MISSING
    for wrong, message in (
        ("someone/styles:warm.safetensors:x", "'x' is no weight"),
        ("a/b.safetensors", "no LoRA file"),
    ):
        with pytest.raises(WorkerError, match=message):
            loras.parse(wrong)
