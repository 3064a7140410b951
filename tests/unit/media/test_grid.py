"""Clips side by side: where each stands, how long, and under which name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ttvideo.media.grid import GAP, LARGEST_GRID, Cell, Grid, unrest


def clip(folder: Path, name: str, levels: list[int], size: tuple[int, int] = (64, 32)) -> Cell:
    """One frame of a single grey for each level."""
    made = []
    for number, level in enumerate(levels):
        made.append(folder / f"{name}{number}.png")
        Image.new("RGB", size, (level,) * 3).save(made[-1])
    return Cell(name, made)


def test_each_clip_has_its_place_and_a_shorter_one_stands_still_at_its_end(tmp_path: Path) -> None:
    cells = [clip(tmp_path, "a", [10, 20, 30]), clip(tmp_path, "b", [200]), clip(tmp_path, "c", [90, 100, 110])]
    grid = Grid(cells, columns=2, fps=8)
    frames = list(grid.frames())
    assert len(grid) == len(frames) == 3
    assert {frame.shape for frame in frames} == {(grid.height, grid.width, 3)}
    assert grid.height % 2 == grid.width % 2 == 0
    width, height = (grid.width - 3 * GAP) // 2, (grid.height - 3 * GAP) // 2 - 28
    assert (width, height) == (240, 120), "small clips are shown larger, in their shape"
    centres = [(GAP + height // 2, GAP + width // 2), (GAP + height // 2, 2 * GAP + width * 3 // 2)]
    centres += [(2 * GAP + 28 + height * 3 // 2, GAP + width // 2)]
    shown = [[int(frame[place][0]) for place in centres] for frame in frames]
    assert shown == [[10, 200, 90], [20, 200, 100], [30, 200, 110]]
    assert grid.notes == ("The clips are not equally long: the shorter ones stand still at their end.",)
    assert np.array_equal(grid.poster(), frames[1])


def test_names_stand_under_the_clips(tmp_path: Path) -> None:
    named, nameless = (
        Grid([Cell(label, clip(tmp_path, "a", [10]).frames)], columns=1, fps=8) for label in ("guidance 3", "")
    )
    difference = np.abs(named.poster().astype(int) - nameless.poster()).sum((1, 2))
    assert named.height == nameless.height
    assert not difference[: GAP + 120].any()
    assert difference[GAP + 120 : GAP + 148].any()


def test_a_long_name_is_cut_at_its_clip(tmp_path: Path) -> None:
    frames = clip(tmp_path, "a", [10]).frames
    long = Grid([Cell("a very long name " * 20, frames), Cell("", frames)], columns=2, fps=8).poster()
    assert (long[:, GAP + 240 : GAP + 240 + GAP] == 30).all(), "nothing between the clips"


def test_a_clip_of_another_shape_is_centred(tmp_path: Path) -> None:
    cells = [clip(tmp_path, "a", [10]), clip(tmp_path, "b", [200], size=(32, 32))]
    poster = Grid(cells, columns=2, fps=8).poster()
    row = poster[GAP + 60, 2 * GAP + 240 :, 0]
    assert list(row[[30, 120, 210]]) == [30, 200, 30]


@pytest.mark.parametrize(("columns", "count"), [(1, 16), (4, 16), (16, 16), (2, 2)])
def test_large_clips_make_no_clip_that_is_too_large_to_play(tmp_path: Path, columns: int, count: int) -> None:
    large = clip(tmp_path, "a", [10], size=(1920, 1080))
    grid = Grid([large] * count, columns, fps=8)
    assert grid.poster().shape == (grid.height, grid.width, 3)
    assert LARGEST_GRID - 100 < max(grid.width, grid.height) <= LARGEST_GRID
    assert grid.width % 2 == grid.height % 2 == 0


def test_the_sheet_of_large_clips_and_long_names_is_small(tmp_path: Path) -> None:
    large = Cell("a very long name " * 20, clip(tmp_path, "a", [10] * 8, size=(1920, 1080)).frames)
    height, width, _ = Grid([large, large], columns=2, fps=8).sheet().shape
    assert height == 2 * (134 + GAP) + GAP
    assert width <= 480 + 2 * GAP + 8 * (240 + GAP)


def test_the_sheet_has_a_row_for_each_clip(tmp_path: Path) -> None:
    cells = [clip(tmp_path, "a", list(range(0, 160, 10))), clip(tmp_path, "b", [200] * 16)]
    sheet = Grid(cells, columns=1, fps=8).sheet()
    margin = sheet.shape[1] - 8 * (240 + GAP)
    middles = [margin + column * (240 + GAP) + 120 for column in range(8)]
    first, second = sheet[GAP + 60, middles, 0], sheet[2 * GAP + 180, middles, 0]
    assert (first[0], first[-1]) == (0, 150)
    assert list(first) == sorted(first)
    assert set(second) == {200}


def test_unrest_is_the_mean_change_of_a_frame(tmp_path: Path) -> None:
    assert unrest(clip(tmp_path, "a", [10, 14, 20]).frames) == pytest.approx(5)
    assert unrest(clip(tmp_path, "b", [10]).frames) == 0
