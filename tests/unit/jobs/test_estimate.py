from __future__ import annotations

from ttvideo.contract import Phase
from ttvideo.jobs.estimate import Estimate


def test_nothing_is_guessed_without_history() -> None:
    assert Estimate.learn([]) is None
    assert Estimate.learn([{"loading": 3.0}]) is None


def test_medians_of_earlier_runs_add_up() -> None:
    runs = [{"perStep": s, "loading": load, "decoding": 2.0} for s, load in ((0.1, 4.0), (0.3, 0.0), (0.2, 6.0))]
    estimate = Estimate.learn(runs)
    assert estimate is not None
    assert estimate.remaining(Phase.LOADING, 0.5, steps_left=10, warm=False) == 2.5 + 10 * 0.2 + 2.0
    assert estimate.remaining(Phase.LOADING, 0.0, steps_left=10, warm=True) == 10 * 0.2 + 2.0
    assert estimate.remaining(Phase.DECODING, 0.75, steps_left=0, warm=False) == 0.5
