"""Evaluation counts what the judge saw, and the card says what evaluation and logs hold."""

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AnimateDiffPipeline
from PIL import Image

from training import card, evaluate, history, judge, listening, network, steadiness
from training.evaluate import Sample
from training.generation import Settings
from training.latents import CHANNELS
from training.scenes import COLOURS, MOTIONS, SCENES, SUBJECTS, Floats, Frames, Spec, render

# transformers calls tokenizers by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning")

ASKED = Spec("star", "red", "snow", "left", 0)
RIGHT = judge.Verdict("star", "red", "snow", "left")
WRONG_WAY = judge.Verdict("star", "red", "snow", "right")
WRONG_THING = judge.Verdict("fish", "red", "snow", "left")


def made(verdict: judge.Verdict) -> Sample:
    return Sample(ASKED, "a red star", 0, np.zeros((16, 128, 128, 3), np.uint8), verdict, 0.1, 0.1, 1.0)


def test_questions_are_held_out_and_stay_the_same() -> None:
    few, many = evaluate.questions(5), evaluate.questions(48)
    assert many[:5] == few
    assert all(spec.held_out for spec, _ in many)
    assert len({(s.subject, s.colour, s.scene, s.motion) for s, _ in many}) == 48


def test_questions_ask_for_every_class_about_equally_often() -> None:
    specs = [spec for spec, _ in evaluate.questions(48)]
    for names, attribute in ((SUBJECTS, "subject"), (COLOURS, "colour"), (SCENES, "scene"), (MOTIONS, "motion")):
        counts = Counter(getattr(spec, attribute) for spec in specs)
        assert set(counts) == set(names)
        assert max(counts.values()) - min(counts.values()) <= 3


def test_shares_count_each_aspect_by_itself() -> None:
    right = evaluate.shares([made(RIGHT), made(RIGHT), made(WRONG_WAY), made(WRONG_THING)])
    assert right == {"scene": 1.0, "colour": 1.0, "kind": 1.0, "motion": 0.75, "subject": 0.75, "all": 0.5}


def test_classes_are_counted_by_what_was_asked() -> None:
    counts = evaluate.by_class([made(RIGHT), made(WRONG_THING)])
    assert counts["subject"] == {"star": "1/2"}
    assert counts["motion"] == {"left": "2/2"}


def test_a_judge_that_cannot_read_renders_is_refused() -> None:
    with pytest.raises(ValueError, match="reads real renders wrongly"):
        judge.check(judge.Judge(judge.Network()), clips=6)


def test_prompts_are_answered_by_the_real_pipeline(pipeline: AnimateDiffPipeline, tmp_path: Path) -> None:
    pipeline.set_progress_bar_config(disable=True)
    settings = Settings(clips=2, steps=2)
    answers = evaluate.answer(pipeline, judge.Judge(judge.Network()), settings, report=lambda _line: None)
    assert [one.prompt for one in answers] == [prompt for _, prompt in evaluate.questions(2)]
    assert answers[0].clip.shape == (16, 128, 128, 3)
    assert not np.array_equal(answers[0].clip, answers[1].clip)
    assert 0 < answers[0].step_seconds < answers[0].seconds
    evaluate.draw_sheet(answers, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 2 * 130
        assert sheet.width > 8 * 130


def test_the_card_holds_the_measured_numbers(model: Path, tmp_path: Path) -> None:
    rows = [
        {"stage": "images", "seen": 500, "seconds": 10.0},
        {"stage": "images", "seen": 64_000, "seconds": 100.0},
        {"stage": "clips", "seen": 16_000, "seconds": 1100.0},
    ]
    (tmp_path / "denoiser.log").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "decoder.log").write_text(json.dumps({"stage": 0, "seen": 44_000, "seconds": 7.0}) + "\n")
    (tmp_path / "start").mkdir()
    history.save([{"part": "denoiser", "stage": "ancient", "samples": 9_000, "seconds": 77}], tmp_path / "start")
    history.save(history.of(tmp_path), model)
    samples = [made(RIGHT), made(WRONG_THING), made(WRONG_THING)]
    perfect = dict.fromkeys(evaluate.ASPECTS, 1.0)
    result = {
        "settings": asdict(Settings(clips=3, steps=9)),
        "right": evaluate.shares(samples),
        "by_class": evaluate.by_class(samples),
        "judge_on_held_out_renders": perfect,
        "judge_after_round_trip": perfect,
        "round_trip_psnr": 27.31,
        "steadiness": {"generated": {"centroid": 1.234, "log_area": 0.0567}},
        "listening": {"small": "2/3"},
        "seconds_per_step": 0.123,
        "cpu_seconds_per_step": 0.101,
        "machine": "x86_64",
    }
    (model / "evaluation.json").write_text(json.dumps(result))
    card.write(model)
    text = (model / "README.md").read_text()
    assert "| denoiser: ancient | 9,000 | 77 |" in text
    assert "| generated | 1.23 | 0.057 |" in text
    assert "small 2/3." in text
    assert "| denoiser: images | 64,000 | 100 |" in text
    assert "| denoiser: clips | 16,000 | 1,000 |" in text
    assert "| the subject | 33.3% | 100.0% | 100.0% |" in text
    assert "27.3 dB" in text
    assert "num_inference_steps=9" in text
    assert "less than half came out right in the evaluation: star (subject, 1/3)." in text
    assert text.startswith("---\nlicense: apache-2.0\n")


class Ruler(judge.Judge):
    """Reads renders of blue things on grass without a network: blue is the subject."""

    def __init__(self) -> None:
        super().__init__(judge.Network())

    def masks(self, clip: Frames) -> Floats:
        small = judge.shrink(clip).astype(np.float32)
        return ((small[..., 2] > 1.5 * small[..., 1]) & (small[..., 2] > 120)).astype(np.float32)


def test_what_jumps_is_less_steady_than_what_glides() -> None:
    clip = render(Spec("square", "blue", "grass", "left", 3), 128)
    glides = steadiness.jumps(Ruler(), clip)
    jumps = steadiness.jumps(Ruler(), clip[[0, 3, 1, 4, 2, 6, 5, 9, 7, 10, 8, 12, 11, 15, 13, 14]])
    assert glides is not None
    assert jumps is not None
    assert glides[0] < 1
    assert jumps[0] > 5 * glides[0]


def test_frames_without_motion_modules_know_nothing_of_each_other(pipeline: AnimateDiffPipeline) -> None:
    muted = steadiness.without_motion(pipeline)
    latents, words = torch.randn(1, CHANNELS, 3, 8, 8), torch.randn(3, network.TEXT_LENGTH, network.TEXT_WIDTH)
    other = latents.clone()
    other[:, :, 2] = 0
    with torch.no_grad():
        same = [
            torch.equal(*(unet(x, 500, words).sample[:, :, 0] for x in (latents, other)))
            for unet in (muted.unet, pipeline.unet)
        ]
    assert same == [True, False]


def test_steadiness_and_listening_are_measured_on_the_real_pipeline(pipeline: AnimateDiffPipeline) -> None:
    pipeline.set_progress_bar_config(disable=True)
    ruler, settings = judge.Judge(judge.Network()), Settings(steps=2)
    spec = Spec("star", "blue", "grass", "left", 0)
    steady = steadiness.compare(pipeline, ruler, [(spec, "a blue star moving left on green grass")], settings)
    assert set(steady) == {"generated", "renders", "without motion modules"}
    heard = listening.listen(pipeline, ruler, [spec, replace(spec, motion="growing")], settings)
    assert set(heard) == {"small", "big", "slow", "fast"}
    assert {count.split("/")[1] for count in heard.values()} == {"1"}


def test_a_word_is_heard_when_it_does_half_of_what_it_does_in_renders() -> None:
    assert [listening.heard("small", 100, told) for told in (36, 55, 70, 100)] == [True, True, False, False]
    assert [listening.heard("fast", 60, told) for told in (90, 75, 70, 30)] == [True, True, False, False]


def test_prompts_differ_in_the_word_alone() -> None:
    spec = Spec("moon", "pink", "snow", "rising", 0)
    assert listening.prompt(spec) == "a pink moon rising in the snow"
    assert listening.prompt(replace(spec, size="big", pace="slow")) == "a big pink moon rising slowly in the snow"
