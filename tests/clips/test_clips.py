"""Text-to-video families, each from a tiny random checkpoint: what they make, and how they stop and go on."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from support.clip_cases import CASES, NEGATIVE, PROMPT, Case, Frames, Made, Model, each_case
from ttvideo import families
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families.clips import parts
from ttvideo.families.clips.dry_run import Working
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.family import Event, PhaseEvent, StepEvent, WithinEvent


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a clip needs of the memory is not worked out: that takes longer than the clip, and has its own tests."""
    monkeypatch.setattr(ClipPipeline, "working", lambda *args, **options: Working(0, 0, 0))


def plainly(model: Model, folder: Path, picture: Path) -> Frames:
    """The same clip by the plain call of diffusers."""
    import diffusers

    case = model.case
    more = case.more(folder)
    pipe = getattr(diffusers, case.pipeline).from_pretrained(folder / case.checkpoint, dtype=torch.float32, **more)
    pipe.set_progress_bar_config(disable=True)
    begin = {"image": diffusers.utils.load_image(str(picture))} if case.from_picture else {}
    # Some VAEs draw from no generator that one could hand them.
    torch.manual_seed(5)
    output = pipe(
        prompt=PROMPT,
        negative_prompt=NEGATIVE,
        num_frames=case.frames,
        width=64,
        height=64,
        num_inference_steps=3,
        guidance_scale=model.params.guidance,  # type: ignore[attr-defined]
        generator=torch.Generator().manual_seed(5),
        output_type="np",
        **begin,
        **case.call,
    )
    return np.asarray(output.frames[0], dtype=np.float32)


@each_case
def test_frames_are_those_of_the_plain_call(model: Model, installed: Path, picture: Path) -> None:
    made = model.run().frames
    assert made.shape == (model.case.frames, 64, 64, 3)
    assert made.std() > 0.01
    np.testing.assert_allclose(made, plainly(model, installed, picture), atol=1e-4)


@each_case
def test_in_bfloat16_frames_are_nearly_the_same(
    case: Case, model: Model, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = model.run().frames
    monkeypatch.setattr(parts, "cpu_has_bfloat16", lambda: True)
    rounded = Model(case, picture)
    assert rounded.pipeline.parts.dtype == torch.bfloat16
    assert 0 < np.abs(rounded.run().frames - exact).mean() < 0.05


@each_case
def test_the_same_seed_gives_the_same_bytes_and_whatever_can_be_asked_changes_them(model: Model) -> None:
    first = model.run().frames
    assert np.array_equal(first, model.run().frames)
    changes: tuple[dict[str, Any], ...] = ({"seed": 6}, {"steps": 4}, {"guidance": 2.0}, *model.case.changes)
    others = [model.run(**change).frames for change in changes]
    others += [model.run(prompt="a dog at night").frames, model.run(negative="the pavilion").frames]
    for change, other in zip((*changes, "prompt", "negative prompt"), others, strict=True):
        assert np.abs(first - other).max() > 1e-5, change


@each_case
def test_a_clip_goes_on_at_each_kept_step_without_asking_the_model_again(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model.run()
    steps = [event for event in whole.events if isinstance(event, StepEvent) and event.state is not None]
    assert [event.step for event in steps] == [1, 2, 3]
    for done, state in enumerate(whole.states, start=1):
        again = model.run(state=state)
        assert np.array_equal(whole.frames, again.frames), f"after step {done}"
        assert calls(again) == calls(whole) * (3 - done) // 3


def calls(made: Made) -> int:
    """How many blocks of the denoiser were run."""
    phase, count = None, 0
    for event in made.events:
        if isinstance(event, PhaseEvent):
            phase = event.phase
        count += isinstance(event, WithinEvent) and phase == Phase.DENOISING
    return count


@each_case
def test_previews_are_pictures_of_the_emerging_clip(model: Model) -> None:
    shown: list[npt.NDArray[np.uint8]] = []

    def look(event: Event) -> None:
        if isinstance(event, StepEvent) and event.preview is not None:
            shown.append(event.preview())

    model.run(look)
    assert len(shown) == 3
    assert all(pictures.dtype == np.uint8 and pictures.shape[-1] == 3 and pictures.ndim == 4 for pictures in shown)


@each_case
def test_progress_within_a_step_grows(model: Model) -> None:
    phase, parts = None, [[0.0]]
    for event in model.run().events:
        if isinstance(event, PhaseEvent):
            phase = event.phase
        elif phase == Phase.DENOISING and isinstance(event, WithinEvent):
            parts[-1].append(event.part)
        elif phase == Phase.DENOISING and isinstance(event, StepEvent):
            parts.append([0.0])
    assert all(step == sorted(step) and max(step) < 1 for step in parts)
    assert any(0.2 < part < 0.8 for part in parts[0])


PHASES = (Phase.LOADING, Phase.ENCODING, Phase.DENOISING, Phase.DECODING)


@each_case
def test_a_cancel_in_any_phase_stops_it_there_and_does_no_harm(model: Model) -> None:
    whole = model.run(prompt="a cat").frames
    for phase in PHASES:
        fresh = Model(model.case, Path(model.given.get("start_image", "")))
        seen = Cancel(phase)
        with pytest.raises(Cancelled):
            # Other words each time: what is kept of a text is not encoded again.
            fresh.run(seen, prompt=f"a dog {phase.value}")
        assert seen.phase == phase
        assert np.array_equal(whole, fresh.run(prompt="a cat").frames), phase


class Cancel:
    """Cancels at the second event of a phase that is not its beginning."""

    def __init__(self, phase: Phase) -> None:
        self.wanted, self.count = phase, 0
        self.phase: Phase | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseEvent):
            self.phase = event.phase
        elif self.phase == self.wanted:
            self.count += 1
            if self.count == 2 or self.phase == Phase.LOADING:
                raise Cancelled


@each_case
def test_low_memory_gives_the_same_clip_with_one_part_at_a_time(model: Model) -> None:
    denoiser = model.pipeline.model.denoisers[0]
    seen: dict[Phase, weakref.ref[Any]] = {}

    def look(event: Event) -> None:
        if isinstance(event, PhaseEvent) and event.phase == Phase.DENOISING:
            seen[event.phase] = weakref.ref(model.pipeline.parts.get(denoiser))
        elif isinstance(event, PhaseEvent) and event.phase == Phase.DECODING:
            assert seen[Phase.DENOISING]() is None, "it must be gone, not only forgotten"

    # What is told is not kept: an event knows how to make a picture, and so holds the model.
    made = np.stack([frame for _, frame in model.pipeline.run(model.asked(memory="low"), look)])
    assert not any(model.pipeline.parts.has(name) for name in (*model.pipeline.model.encoders, denoiser))
    np.testing.assert_allclose(made, model.run().frames, atol=1e-4)


def test_a_text_that_was_read_before_needs_no_text_encoder(installed: Path, picture: Path) -> None:
    model = Model(CASES[0], picture)
    first = model.run().frames
    fresh = Model(CASES[0], picture)
    assert np.array_equal(first, fresh.run().frames)
    assert not fresh.pipeline.parts.has("text_encoder")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"checkpoint": "wan3"}, "has no checkpoint 'wan3'"),
        ({"checkpoint": "/nowhere"}, "There is no file or folder /nowhere"),
        ({"start_image": "/a.png"}, "does not begin with a picture"),
        ({"checkpoint": "wan2.2-i2v-a14b"}, "makes clips of a picture, and none was given"),
        ({"loras": "style.bin"}, "is not a .safetensors file"),
        ({"loras": "/no/style.safetensors:0.5"}, "There is no LoRA file"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(installed: Path, params: dict[str, Any], message: str) -> None:
    family = families.find("wan")
    with pytest.raises(WorkerError, match=message) as refused:
        family.fit(family.Params.model_validate(params))
    assert refused.value.hint
    assert refused.value.kind in (ErrorKind.INVALID_PARAMETERS, ErrorKind.MODEL_BROKEN)


def test_sizes_and_frames_are_brought_to_what_the_model_makes_and_said(installed: Path) -> None:
    family = families.find("wan")
    params, notes = family.fit(family.Params.model_validate({"frames": 20, "width": 500, "height": 300}))
    assert params.model_dump()["frames"] == 21
    assert (params.model_dump()["width"], params.model_dump()["height"]) == (496, 304)
    assert len(notes) == 2
    assert "21 instead of 20" in notes[1]


def test_a_folder_is_a_checkpoint(installed: Path, picture: Path) -> None:
    case = next(case for case in CASES if case.family == "wan")
    model = Model(case, picture)
    named = model.run(checkpoint=str(installed / case.checkpoint))
    assert np.array_equal(model.run().frames, named.frames)
