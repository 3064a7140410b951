"""What `ttvideo experiment` and `ttvideo compare` ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ttvideo.cli import build_parser, main
from ttvideo.cli.comparisons import varied
from ttvideo.contract import CompareRequest, ExperimentRequest, GenerateRequest
from ttvideo.errors import WorkerError
from ttvideo.jobs import comparison, experiments
from ttvideo.jobs.queue import Queue, open_queue

PROMPT = "a red ball bouncing on green grass"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("guidance=1,3.5", ("guidance", (1, 3.5))),
        ("motion=true,false", ("motion", (True, False))),
        ("negative=night,snow", ("negativePrompt", ("night", "snow"))),
        ('negative=["", "dark, blurred"]', ("negativePrompt", ("", "dark, blurred"))),
        ("clip-skip=1", ("clip_skip", (1,))),
    ],
)
def test_values(text: str, values: tuple[str, tuple[Any, ...]]) -> None:
    assert varied(text) == values


@pytest.mark.parametrize("text", ["guidance", "=1,2"])
def test_what_varies_nothing_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="varies nothing"):
        varied(text)


def queue() -> Queue:
    return open_queue("terminal")


def experiment(**vary: tuple[Any, ...]) -> ExperimentRequest:
    return ExperimentRequest(base=GenerateRequest(prompt=PROMPT, parameters={"steps": 2}), vary=vary)


def test_each_combination_is_a_job_with_the_same_seed_and_the_comparison_comes_last() -> None:
    jobs = experiments.submit(queue(), experiment(guidance=(1, 3, 7), motion=(True, False)))
    *clips, compared = jobs
    assert [(job.parameters["guidance"], job.parameters["motion"]) for job in clips] == [
        (guidance, motion) for guidance in (1, 3, 7) for motion in (True, False)
    ]
    assert len({job.parameters["seed"] for job in clips}) == 1
    request = compared.request
    assert isinstance(request, CompareRequest)
    assert request.jobs == tuple(job.id for job in clips)
    assert request.labels[:2] == ("guidance 1, motion on", "guidance 1, motion off")
    assert request.columns == 2


def test_prompts_are_varied_too() -> None:
    *clips, compared = experiments.submit(queue(), experiment(prompt=("a red ball", "a blue ball")))
    assert [job.request.prompt for job in clips if isinstance(job.request, GenerateRequest)] == [
        "a red ball",
        "a blue ball",
    ]
    assert isinstance(compared.request, CompareRequest)
    assert compared.request.labels == ("a red ball", "a blue ball")


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ({"guidance": (1,)}, "These values make 1 clip."),
        ({"guidance": tuple(range(17))}, "These values make 17 clips."),
        ({"guidance": ()}, "There are no values for guidance."),
        ({"guidance": (1, 99)}, "'guidance'"),
        ({"colour": (1, 2)}, "'colour'"),
    ],
)
def test_what_cannot_be_is_refused_whole(vary: dict[str, tuple[Any, ...]], sentence: str) -> None:
    opened = queue()
    with pytest.raises(WorkerError, match=sentence):
        experiments.submit(opened, experiment(**vary))
    assert opened.list() == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    Image.new("RGB", (64, 64), "red").save(file)
    return file


@pytest.mark.parametrize(
    "vary",
    [{"steps": (2, 9999)}, {"startImage": ("{}", "{}.missing")}],
    ids=["by its parameters", "by its files, which only submitting looks at"],
)
def test_of_a_refused_experiment_nothing_is_left(
    vary: dict[str, tuple[Any, ...]], picture: Path, outputs: Path
) -> None:
    base = GenerateRequest(prompt=PROMPT, parameters={"startImage": str(picture)}, output_folder=str(outputs))
    there = {name: tuple(v.format(picture) if isinstance(v, str) else v for v in vary[name]) for name in vary}
    opened = queue()
    with pytest.raises(WorkerError):
        experiments.submit(opened, ExperimentRequest(base=base, vary=there))
    assert opened.list() == []
    assert list(outputs.rglob("*")) == []


def test_only_the_clips_of_an_experiment_that_is_made_have_folders(picture: Path, outputs: Path) -> None:
    base = GenerateRequest(prompt=PROMPT, parameters={"startImage": str(picture)}, output_folder=str(outputs))
    *clips, _ = experiments.submit(queue(), ExperimentRequest(base=base, vary={"strength": (0.3, 0.7)}))
    assert {str(folder) for folder in outputs.iterdir()} == {job.folder for job in clips}


def test_a_comparison_waits_for_its_jobs_and_other_work_does_not_wait_for_it() -> None:
    opened = queue()
    *clips, compared = experiments.submit(opened, experiment(guidance=(1, 3)), reserved=True)
    assert opened.turn("stitch") is None
    for job in clips[:1]:
        opened.cancel(job.id)
    assert opened.turn("stitch") is None
    opened.cancel(clips[1].id)
    turn = opened.turn("stitch")
    assert turn is not None
    assert getattr(turn, "id", None) == compared.id


def test_labels_are_what_tells_jobs_apart() -> None:
    opened = queue()
    about = [("a red ball", 3.0), ("a red ball", 7.0), ("a blue ball", 7.0)]
    jobs = [
        opened.submit(GenerateRequest(prompt=prompt, parameters={"guidance": guidance, "seed": 1}))
        for prompt, guidance in about
    ]
    labels = comparison.checked(opened, CompareRequest(jobs=tuple(job.id for job in jobs))).labels
    assert labels == ("a red ball, guidance 3.0", "a red ball, guidance 7.0", "a blue ball, guidance 7.0")


def test_wrong_comparisons_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    job = queue().submit(GenerateRequest(prompt=PROMPT))
    assert main(["compare", job.id, job.id]) == 2
    assert "compared with itself" in capsys.readouterr().err
    assert main(["compare", job.id]) == 2
    assert "1 clips cannot be compared" in capsys.readouterr().err
    assert main(["compare", job.id, "0000abcd"]) == 1
    assert "There is no job '0000abcd'" in capsys.readouterr().err


def test_an_experiment_needs_values() -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["experiment", PROMPT])
