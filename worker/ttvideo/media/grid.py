"""Clips side by side: each in a cell of a grid with its name under it, and all of them as rows of one picture."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ttvideo.media.frames import Pixels, load_frame

SMALL_CELL = 240
"""Pixels of a cell's longer side, on the sheet, and at least in the clip; so that names have room."""
LARGEST_GRID = 3840
"""Pixels of the clip's longer side, whatever it shows."""
LONGEST_NAME = 480
"""Pixels of a name on the sheet, which is shortened to that."""
CAPTION = 28
"""Height of the strip under a picture."""
GAP = 8
BACKGROUND = (30, 30, 30)
INK = (232, 232, 232)
SHEET_FRAMES = 8


@dataclass(frozen=True)
class Cell:
    """A clip: what it is called, and its frames in order, at least one."""

    label: str
    frames: Sequence[Path]


@dataclass(frozen=True)
class Grid:
    """Clips in step, as frames that are made one by one; a shorter one stands still at its end. At least one cell.

    The cells have the shape of the first clip, on whose background clips of another shape are centred.
    """

    cells: Sequence[Cell]
    columns: int
    fps: float

    moves = True

    def __len__(self) -> int:
        return max(len(cell.frames) for cell in self.cells)

    @property
    def width(self) -> int:
        return self.columns * (self._cell[0] + GAP) + GAP

    @property
    def height(self) -> int:
        return self._rows * (self._cell[1] + CAPTION + GAP) + GAP

    @property
    def notes(self) -> tuple[str, ...]:
        lengths = {len(cell.frames) for cell in self.cells}
        return (
            ("The clips are not equally long: the shorter ones stand still at their end.",) if len(lengths) > 1 else ()
        )

    def frames(self) -> Generator[Pixels]:
        """Each frame, uint8 [height, width, 3]. Raises WorkerError(DISK) for a frame that is missing or broken."""
        for number in range(len(self)):
            yield self._at(number)

    def poster(self) -> Pixels:
        return self._at(len(self) // 2)

    def sheet(self) -> Pixels:
        """A row for each clip, its name before frames spread evenly over it: uint8 [h, w, 3]."""
        width, height = cell_size = self._scaled(SMALL_CELL / max(self._first_size))
        shown = min(SHEET_FRAMES, len(self))
        labels = [self._shortened(cell.label, LONGEST_NAME) for cell in self.cells]
        margin = max(map(self._text_width, labels)) + 2 * GAP
        size = margin + shown * (width + GAP), len(self.cells) * (height + GAP) + GAP
        canvas = Image.new("RGB", size, BACKGROUND)
        pen = ImageDraw.Draw(canvas)
        for row, cell in enumerate(self.cells):
            top = GAP + row * (height + GAP)
            pen.text((GAP, top + height // 2), labels[row], fill=INK, font=self._font, anchor="lm")
            for column, index in enumerate(np.linspace(0, len(cell.frames) - 1, shown).round().astype(int)):
                _paste(canvas, cell.frames[index], cell_size, margin + column * (width + GAP), top)
        return np.asarray(canvas)

    def _at(self, number: int) -> Pixels:
        width, height = self._cell
        canvas = Image.new("RGB", (self.width, self.height), BACKGROUND)
        pen = ImageDraw.Draw(canvas)
        for place, cell in enumerate(self.cells):
            row, column = divmod(place, self.columns)
            left, top = GAP + column * (width + GAP), GAP + row * (height + CAPTION + GAP)
            _paste(canvas, cell.frames[min(number, len(cell.frames) - 1)], self._cell, left, top)
            middle = left + width // 2, top + height + CAPTION // 2
            pen.text(middle, self._shortened(cell.label, width), fill=INK, font=self._font, anchor="mm")
        return np.asarray(canvas)

    def _shortened(self, label: str, width: int) -> str:
        if self._text_width(label) <= width:
            return label
        while label and self._text_width(label + "…") > width:
            label = label[:-1]
        return label + "…"

    def _text_width(self, text: str) -> int:
        return math.ceil(self._font.getlength(text))

    @cached_property
    def _rows(self) -> int:
        return math.ceil(len(self.cells) / self.columns)

    @cached_property
    def _first_size(self) -> tuple[int, int]:
        """Width and height of the first clip."""
        height, width, _ = load_frame(self.cells[0].frames[0]).shape
        return width, height

    @cached_property
    def _cell(self) -> tuple[int, int]:
        width, height = self._first_size
        across = (LARGEST_GRID - GAP - self.columns * GAP) / (self.columns * width)
        down = (LARGEST_GRID - GAP - self._rows * (CAPTION + GAP)) / (self._rows * height)
        return self._scaled(min(max(1.0, SMALL_CELL / max(width, height)), across, down))

    def _scaled(self, scale: float) -> tuple[int, int]:
        """Width and height of a picture's place, even."""
        width, height = (max(2, math.floor(length * scale + 1e-6) // 2 * 2) for length in self._first_size)
        return width, height

    @cached_property
    def _font(self) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(15)


def _paste(canvas: Image.Image, frame: Path, place: tuple[int, int], left: int, top: int) -> None:
    width, height = place
    picture = Image.fromarray(load_frame(frame))
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    shown = picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)
    canvas.paste(shown, (left + (width - size[0]) // 2, top + (height - size[1]) // 2))


def unrest(frames: Sequence[Path]) -> float:
    """How much a clip changes: the mean absolute difference of a frame and the next, in levels of 0 to 255."""
    before, total = load_frame(frames[0]).astype(np.int16), 0.0
    for frame in frames[1:]:
        pixels = load_frame(frame).astype(np.int16)
        total += float(np.abs(pixels - before).mean())
        before = pixels
    return total / max(1, len(frames) - 1)
