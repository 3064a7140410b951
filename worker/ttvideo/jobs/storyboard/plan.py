"""From a storyboard to what each of its frames is made with, and which frames are drawn together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from ttvideo.families.family import Family
from ttvideo.jobs import folders
from ttvideo.jobs.storyboard.reel import Document
from ttvideo.storyboards.storyboard import Board, Scene

SEEDS = 2**31
STRENGTH = 0.5
"""How far a frame leaves the previous one it begins with, unless the storyboard says."""


@dataclass(frozen=True)
class Planned:
    """A frame as it will be made. `key` stands for everything that decides its pixels, but for their last bits."""

    number: int
    scene: Scene
    params: BaseModel
    seed: int
    strength: float
    recipe: dict[str, Any]
    key: str
    first_key: str
    """The key with the seed that the storyboard gives, whichever take of it is wanted."""

    @property
    def steps(self) -> int:
        return int(getattr(self.params, "steps", 0))


@dataclass(frozen=True)
class Size:
    width: int
    height: int


def size(params: BaseModel) -> Size:
    return Size(int(getattr(params, "width", 0)), int(getattr(params, "height", 0)))


def plan(board: Board, family: Family, revision: str, document: Document) -> list[Planned]:
    """Every frame of a board without errors. Raises pydantic's ValidationError for one with errors."""
    given: dict[str, Any] = {}
    if "frames" in family.Params.model_fields:
        given["frames"] = 1
    if board.size is not None:
        given["width"], given["height"] = board.size
    base = document.seed if board.seed is None else board.seed
    seen: dict[str, int] = {}
    frames: list[Planned] = []
    for scene in board.scenes:
        nth = seen[scene.text] = seen.get(scene.text, -1) + 1
        seed = scene.seed
        if seed is None:
            seed = base if board.seeds == "same" else _own_seed(base, scene.text, nth)
        previous = frames[-1].key if scene.follows else None
        frames.append(_planned(scene, family, revision, given | scene.parameters, seed, previous, document.takes))
    return frames


def _own_seed(base: int, text: str, nth: int) -> int:
    """Of the prompt, not of its place: a frame keeps its seed when others are put before it."""
    return int.from_bytes(hashlib.sha256(f"{base}|{nth}|{text}".encode()).digest()[:4], "big") % SEEDS


def _planned(
    scene: Scene,
    family: Family,
    revision: str,
    given: dict[str, Any],
    seed: int,
    previous: str | None,
    takes: dict[str, int],
) -> Planned:
    strength = STRENGTH if scene.strength is None else scene.strength

    def with_seed(seed: int) -> tuple[BaseModel, dict[str, Any], str]:
        params, _ = family.fit(family.Params.model_validate(given | {"seed": seed}))
        recipe = {
            "model": family.id,
            "revision": revision,
            "prompt": scene.prompt,
            "negativePrompt": scene.negative,
            "parameters": params.model_dump(mode="json", by_alias=True),
        }
        if previous is not None:
            recipe["start"] = {"frame": previous, "strength": strength}
        return params, recipe, folders.recipe_key(recipe)

    params, recipe, first_key = with_seed(seed)
    key = first_key
    if first_key in takes:
        seed = takes[first_key]
        params, recipe, key = with_seed(seed)
    return Planned(scene.number, scene, params, seed, strength, recipe, key, first_key)


def batches(frames: Sequence[Planned], batch: int) -> Iterator[list[Planned]]:
    """The frames that are drawn together: always the same ones, whichever of them are there already.

    A frame that begins with another has to wait for it, so it is drawn alone.
    """
    runs = groupby(frames, key=lambda frame: (frame.scene.follows and frame.number, *_alike(frame)))
    for _, run in runs:
        together = list(run)
        for first in range(0, len(together), batch):
            yield together[first : first + batch]


def _alike(frame: Planned) -> tuple[object, ...]:
    return frame.steps, getattr(frame.params, "guidance", None)


def needed(frames: Sequence[Planned], wanted: set[int], have: set[int]) -> set[int]:
    """The wanted frames that are missing, and the missing ones that these begin with."""
    missing: set[int] = set()
    for frame in reversed(frames):
        if frame.number in have:
            continue
        if frame.number in wanted or _begins(frames, frame.number + 1, missing):
            missing.add(frame.number)
    return missing


def _begins(frames: Sequence[Planned], number: int, missing: set[int]) -> bool:
    return number in missing and frames[number].scene.follows
