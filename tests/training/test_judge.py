"""The rules that measure motion and colour, held against renders whose truth is known."""

import random

import numpy as np
import pytest

from training import judge, motion
from training.scenes import COLOURS, MOTIONS, Spec, render, sample


def test_motion_is_named_rightly_on_renders() -> None:
    rng = random.Random(3)
    specs = [sample(rng, held_out=True) for _ in range(150)]
    wrong = [(s, seen) for s in specs if (seen := motion.classify(judge.true_masks(s))) != s.motion]
    assert {spec.motion for spec in specs} == set(MOTIONS)
    assert len(wrong) <= 0.03 * len(specs), wrong


@pytest.mark.parametrize("motion_name", MOTIONS)
def test_motion_is_named_rightly_when_frames_flicker(motion_name: str) -> None:
    masks = judge.true_masks(Spec("heart", "red", "snow", motion_name, 4))
    masks[[3, 11]] = 0
    assert motion.classify(masks) == motion_name


def test_time_backwards_turns_the_direction_round() -> None:
    opposite = {"left": "right", "rising": "falling", "growing": "shrinking"}
    for name, other in opposite.items():
        assert motion.classify(judge.true_masks(Spec("star", "green", "night", name, 9))[::-1]) == other


def test_one_frame_repeated_is_still_and_nothing_is_unseen() -> None:
    masks = judge.true_masks(Spec("fish", "red", "city", "left", 2))
    assert motion.classify(np.repeat(masks[8:9], 16, 0)) == "still"
    assert motion.classify(np.zeros_like(masks)) == "unseen"


def test_a_movement_of_a_quarter_is_not_named() -> None:
    masks = judge.true_masks(Spec("ball", "red", "desert", "right", 6))
    assert motion.classify(np.repeat(masks[:4], 4, 0)) == "still"


def test_colour_is_named_rightly_on_renders() -> None:
    rng = random.Random(5)
    specs = [sample(rng, held_out=True) for _ in range(150)]
    wrong = [(s, seen) for s in specs if (seen := judge.colour(render(s, 64), judge.true_masks(s))) != s.colour]
    assert {spec.colour for spec in specs} == set(COLOURS)
    assert len(wrong) <= 0.03 * len(specs), wrong


def test_colour_of_nothing_is_none() -> None:
    assert judge.colour(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 8, 8), np.float32)) == "none"


def test_a_verdict_tells_kind_from_direction() -> None:
    spec = Spec("sun", "orange", "city", "rising", 1)
    right = judge.Verdict("sun", "orange", "city", "falling").agrees(spec)
    assert right == {"scene": True, "colour": True, "kind": True, "motion": False, "subject": True, "all": False}


def test_shrinking_a_clip_averages_its_pixels() -> None:
    clip = np.zeros((1, 128, 128, 3), np.uint8)
    clip[:, ::2] = 200
    assert np.array_equal(judge.shrink(clip), np.full((1, 64, 64, 3), 100, np.uint8))
    with pytest.raises(ValueError, match="100x100"):
        judge.shrink(np.zeros((1, 100, 100, 3), np.uint8))
