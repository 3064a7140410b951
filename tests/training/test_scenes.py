"""The renderer repeats itself exactly, and what is held out stays out."""

import itertools
import random

import numpy as np
import pytest

from training import judge, motion
from training.captions import PACE_WORDS, SIZE_WORDS, caption, vocabulary
from training.scenes import (
    COLOURS,
    FRAMES,
    MOTIONS,
    OPPOSITE,
    PACED,
    SCENES,
    SIZED,
    SUBJECTS,
    Spec,
    opposite,
    render,
    sample,
    vary,
)


@pytest.mark.parametrize("scene", SCENES)
def test_a_render_repeats_exactly(scene: str) -> None:
    spec = Spec("rocket", "blue", scene, "circling", 5)
    first, again = render(spec, 64), render(spec, 64)
    assert first.shape == (FRAMES, 64, 64, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)


def test_a_clip_shows_the_whole_motion_however_long_it_is_and_a_picture_its_middle() -> None:
    spec = Spec("star", "blue", "mountains", "rising", 7)
    clips = {frames: render(spec, 64, frames) for frames in (1, 8, 15, 24)}
    assert np.array_equal(clips[8][0], clips[24][0])
    assert np.array_equal(clips[8][-1], clips[24][-1])
    assert np.array_equal(clips[1][0], clips[15][7])


def test_chosen_frames_are_those_of_the_whole_clip() -> None:
    spec = Spec("fish", "pink", "ocean", "bouncing", 11)
    assert np.array_equal(render(spec, 64, only=(2, 9, 15)), render(spec, 64)[[2, 9, 15]])


def test_every_frame_of_a_moving_clip_differs() -> None:
    clip = render(Spec("star", "blue", "mountains", "rising", 7), 128)
    assert len({frame.tobytes() for frame in clip}) == FRAMES


def test_training_never_draws_a_held_out_combination() -> None:
    rng = random.Random(0)
    trained = {_combination(sample(rng)) for _ in range(4000)}
    held = {_combination(sample(rng, held_out=True)) for _ in range(1000)}
    assert trained.isdisjoint(held)


def test_held_out_are_about_a_twelfth_and_every_class_is_among_them() -> None:
    combinations = list(itertools.product(SUBJECTS, COLOURS, SCENES, MOTIONS))
    held = [names for names in combinations if Spec(*names, seed=0).held_out]
    assert 0.06 < len(held) / len(combinations) < 0.10
    for column, names in enumerate((SUBJECTS, COLOURS, SCENES, MOTIONS)):
        assert {row[column] for row in held} == set(names)


def test_what_looks_the_same_turned_never_spins() -> None:
    rng = random.Random(1)
    spins = {spec.subject for spec in (sample(rng) for _ in range(4000)) if spec.motion == "spinning"}
    assert spins == set(SUBJECTS) - {"ball", "sun"}


def test_captions_use_the_vocabulary_alone() -> None:
    rng, known = random.Random(2), set(vocabulary())
    for _ in range(500):
        words = caption(vary(sample(rng), rng), rng).replace(",", " ").split()
        assert set(words) <= known


@pytest.mark.parametrize("name", SIZED)
def test_small_and_big_are_what_they_say(name: str) -> None:
    radii = [_track(Spec("ball", "red", "grass", name, 9, size=size)).radius.max() for size in ("small", "", "big")]
    assert radii[0] * 1.4 < radii[1]
    assert radii[1] * 1.3 < radii[2]


@pytest.mark.parametrize("name", PACED)
def test_slow_covers_less_way_than_fast(name: str) -> None:
    ways = [motion.path(_track(Spec("ball", "red", "grass", name, 9, pace=pace))) for pace in ("slow", "", "fast")]
    assert ways[0] * 1.3 < ways[1]
    assert ways[1] * 1.15 < ways[2]


def test_sizes_and_paces_are_told_and_only_where_there_is_one() -> None:
    rng = random.Random(5)
    for _ in range(500):
        spec = vary(sample(rng), rng, share=0.5)
        words = caption(spec, rng).replace(",", " ").split()
        assert any(word in words for word in SIZE_WORDS.get(spec.size, ("",))) == bool(spec.size)
        assert any(word in words for word in PACE_WORDS.get(spec.pace, ("",))) == bool(spec.pace)
        assert not spec.size or spec.motion in SIZED
        assert not spec.pace or spec.motion in PACED


def test_a_pair_differs_in_its_motion_alone_and_is_trained_on() -> None:
    rng = random.Random(6)
    for _ in range(500):
        spec = vary(sample(rng), rng)
        other = opposite(spec, rng)
        if other is None:
            continue
        assert not other.held_out
        assert other.motion != spec.motion
        assert spec.motion not in OPPOSITE or OPPOSITE[other.motion] == spec.motion
        assert (other.subject, other.colour, other.scene, other.size) == (
            spec.subject,
            spec.colour,
            spec.scene,
            spec.size,
        )


def _track(spec: Spec) -> motion.Track:
    return motion.measure(judge.true_masks(spec))


def _combination(spec: Spec) -> tuple[str, str, str, str]:
    return spec.subject, spec.colour, spec.scene, spec.motion
