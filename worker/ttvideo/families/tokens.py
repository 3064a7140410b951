"""How much of a prompt a model's text encoder reads, told from its tokenizer's files in milliseconds."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from textwrap import shorten
from typing import Any


def cut_off(folder: Path, tokens: int, *texts: str) -> list[str]:
    """A sentence for each text with more than so many tokens; `folder` is the tokenizer's."""
    return [
        f"Only the first {tokens} tokens (word pieces) are read; cut off: “{shorten(rest, 200)}”."
        for text in texts
        if (rest := _beyond(folder, text, tokens))
    ]


def _beyond(folder: Path, text: str, tokens: int) -> str:
    """What of the text comes after so many tokens; empty when its tokens can't be told quickly."""
    if len(text) > tokens and not (folder / "tokenizer.json").is_file() and (folder / "spiece.model").is_file():
        pieces = _sentencepiece(folder).encode(text, out_type=str)
        return "".join(pieces[tokens:]).replace("\N{LOWER ONE EIGHTH BLOCK}", " ").strip()
    tokenizer = _tokenizer(folder)
    if tokenizer is None or len(text) <= tokens:
        return ""
    places = tokenizer.encode(text, add_special_tokens=False).offsets
    return text[places[tokens][0] :].strip() if len(places) > tokens else ""


@lru_cache(maxsize=4)
def _tokenizer(folder: Path) -> Any:
    """The tokenizers library's own, without transformers, whose import takes a second."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    if (folder / "tokenizer.json").is_file():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        return tokenizer
    if not (folder / "merges.txt").is_file():
        return None
    # CLIP's byte pair encoding, whose folders on Hugging Face have these two files.
    pairs = models.BPE.read_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer = Tokenizer(models.BPE(*pairs, end_of_word_suffix="</w>", unk_token="<|endoftext|>"))  # noqa: S106
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, normalizers.Lowercase()])
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    return tokenizer


@lru_cache(maxsize=4)
def _sentencepiece(folder: Path) -> Any:
    """T5's tokenizer, of which many folders have nothing else."""
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=str(folder / "spiece.model"))
