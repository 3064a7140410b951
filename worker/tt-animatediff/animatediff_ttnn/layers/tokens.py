"""How the pixels of a clip lie in the rows of a tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

TILE = 32
"""Rows and columns of a tile, in which the matrix engines compute."""


def whole_tiles(size: int) -> int:
    return -(-size // TILE) * TILE


@dataclass(frozen=True)
class Tokens:
    """Rows in the order (video, frame, pixel) of [1, 1, rows, channels]; height and width are the latents' own."""

    videos: int
    frames: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @property
    def pictures(self) -> int:
        return self.videos * self.frames

    @property
    def rows(self) -> int:
        return self.pictures * self.pixels

    def halved(self) -> Tokens:
        return Tokens(self.videos, self.frames, self.height // 2, self.width // 2)

    def doubled(self) -> Tokens:
        return Tokens(self.videos, self.frames, self.height * 2, self.width * 2)


def packed(span: int) -> int:
    """Rows of the shortest sequence of whole tiles that holds whole spans: 32 for spans of 16 rows, two of them."""
    return math.lcm(span, TILE)
