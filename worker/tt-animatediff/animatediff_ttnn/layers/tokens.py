"""How the pixels of a clip lie in the rows of a tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

TILE = 32
"""Rows and columns of a tile, in which the matrix engines compute."""


def whole_tiles(size: int) -> int:
    return -(-size // TILE) * TILE


@dataclass(frozen=True)
class Tokens:
    """Rows in the order (video, frame, pixel) of [1, 1, rows, channels]; height and width are the latents' own.

    Raises ValueError for pictures that cannot be divided into so many parts, and where chips that should share heads
    have other pictures.
    """

    videos: int
    frames: int
    height: int
    width: int
    parts: tuple[int, int] = (1, 1)
    """How the pictures are divided among a mesh's rows, and each part among its columns; 1: all of them have the same.
    A part is pictures that follow each other, so it may be halves of guidance, videos or frames."""
    tensor_axis: int | None = None
    """Tensor parallelism: the axis of the mesh, 0 or 1, along which chips share the heads of attention and the inner
    channels of feed-forward parts, on the same pictures."""

    def __post_init__(self) -> None:
        if self.tensor_axis is not None and self.parts[self.tensor_axis] > 1:
            raise ValueError(f"Chips along axis {self.tensor_axis} have other pictures: they can share no heads.")
        if self.videos * self.frames % math.prod(self.parts):
            raise ValueError(
                f"{self.videos * self.frames} pictures cannot be divided among {math.prod(self.parts)} chips."
            )

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @property
    def pictures(self) -> int:
        """Of one chip."""
        return self.videos * self.frames // math.prod(self.parts)

    @property
    def rows(self) -> int:
        """Of one chip."""
        return self.pictures * self.pixels

    @property
    def divided(self) -> tuple[int, ...]:
        """Axes of the mesh along which chips have other pictures."""
        return tuple(axis for axis, parts in enumerate(self.parts) if parts > 1)

    @property
    def shared(self) -> tuple[int, ...]:
        """Of them those along which chips have frames of the same video: none where each has whole videos."""
        if self.pictures % self.frames == 0:
            return ()
        if self.pictures * self.parts[1] % self.frames == 0:
            return (1,)
        return self.divided

    def halved(self) -> Tokens:
        return replace(self, height=self.height // 2, width=self.width // 2)

    def doubled(self) -> Tokens:
        return replace(self, height=self.height * 2, width=self.width * 2)


def packed(span: int) -> int:
    """Rows of the shortest sequence of whole tiles that holds whole spans: 32 for spans of 16 rows, two of them."""
    return math.lcm(span, TILE)
