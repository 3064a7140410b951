"""What is said to be verified is what these tests do, and no more."""

from __future__ import annotations

from pathlib import Path

from support.clip_cases import CASES
from support.random_models import make_models
from ttvideo import families
from ttvideo.families.weights.verified import OWN, RANDOM, WITH_RANDOM_WEIGHTS


def test_with_random_weights_those_are_verified_that_have_a_test(tmp_path: Path) -> None:
    tested = {case.checkpoint for case in CASES} | {path.name for path in make_models(tmp_path).iterdir()}
    # The cases of AnimateDiff have the first of these motion modules; the others have a test in test_animatediff.py.
    assert set(WITH_RANDOM_WEIGHTS) == tested | {"animatediff-v1-5-2", "animatediff-lightning-2"}


def test_each_checkpoint_says_how_and_where(tmp_path: Path) -> None:
    said = {each.name: each.verified for model in families.describe().models for each in model.checkpoints}
    assert said["tiny"] == {"cpu": OWN}
    assert said["wan2.1-1.3b"] == {"cpu": RANDOM}
    assert said["wan2.1-14b"] == {}
    assert set(WITH_RANDOM_WEIGHTS) <= said.keys()
