"""What a clip will need of the memory, and how its model is run so that it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttvideo.families.clips import ClipParams

if TYPE_CHECKING:
    from ttvideo.families.clip_pipeline import Parts


@dataclass(frozen=True)
class Plan:
    in_turn: bool
    """Each part is forgotten as soon as the next one is needed."""
    tiled: bool
    """Pictures are decoded in tiles."""
    sentence: str


def plan(parts: Parts, params: ClipParams) -> Plan:
    low = params.memory == "low"
    return Plan(low, low, "")
