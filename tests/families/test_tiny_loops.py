"""The bundled model's loops: the motion goes back the way it came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ttvideo import families
from ttvideo.families.family import Event, PhaseEvent, Run


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return families.find("tiny").load("cpu", None, lambda event: None)


def frames(pipeline: Any, have: frozenset[int] = frozenset(), **params: Any) -> tuple[dict[int, Any], list[Event]]:
    events: list[Event] = []
    asked = families.find("tiny").Params(steps=2, seed=7, **params)
    return dict(pipeline.run(Run("a red ball rising at night", "", asked, have=have), events.append)), events


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_the_last_frame_meets_the_first(count: int, pipeline: Any) -> None:
    shown, _ = frames(pipeline, frames=count, loop=True)
    assert sorted(shown) == list(range(count))
    assert all(np.array_equal(shown[index], shown[-index % count]) for index in shown)
    way = [np.abs(shown[index] - shown[0]).mean() for index in range(count // 2 + 1)]
    assert len(set(way)) == len(way) or count == 1


def test_the_way_there_is_a_clip_of_its_own_length(pipeline: Any) -> None:
    loop, events = frames(pipeline, frames=8, loop=True)
    there, _ = frames(pipeline, frames=5)
    assert all(np.array_equal(loop[index], there[index]) for index in there)
    assert [event.total for event in events if isinstance(event, PhaseEvent)][-1] == 5


def test_frames_that_are_there_are_not_made_again(pipeline: Any) -> None:
    missing, _ = frames(pipeline, frozenset(range(8)) - {6}, frames=8, loop=True)
    # Those of the same part are decoded with it.
    assert sorted(missing) == [0, 1, 2, 3, 5, 6, 7]
    assert frames(pipeline, frozenset(range(8)), frames=8, loop=True)[0] == {}
