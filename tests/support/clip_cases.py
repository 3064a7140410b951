"""What is asked of each text-to-video checkpoint in the tests; the checkpoints are those of `random_clips`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ttvideo import families
from ttvideo.families.family import Event, Family, Run, StepEvent

Frames = npt.NDArray[np.float32]
PROMPT, NEGATIVE = "a red ball in the rain", "blurry"


@dataclass(frozen=True)
class Case:
    """A checkpoint, and what is asked of it."""

    family: str
    checkpoint: str
    frames: int
    pipeline: str
    """The class in diffusers that makes the same."""
    params: dict[str, Any] = field(default_factory=dict)
    """Of ours, beside what all cases share."""
    call: dict[str, Any] = field(default_factory=dict)
    """The same for the class in diffusers."""
    changes: tuple[dict[str, Any], ...] = ()
    """Each gives another clip."""
    from_picture: bool = False
    more: Callable[[Path], dict[str, Any]] = lambda folder: {}
    """Parts for the class in diffusers that are not in the checkpoint, given the folder of all checkpoints."""

    def __str__(self) -> str:
        return self.checkpoint + ("-from-picture" if self.from_picture else "")


def animatediff_parts(folder: Path) -> dict[str, Any]:
    """As diffusers' documentation has them."""
    import diffusers

    return {
        "motion_adapter": diffusers.MotionAdapter.from_pretrained(folder / "animatediff-v1-5-2"),
        "scheduler": diffusers.DDIMScheduler.from_pretrained(
            folder / "animatediff" / "scheduler",
            clip_sample=False,
            timestep_spacing="linspace",
            beta_schedule="linear",
            steps_offset=1,
        ),
    }


CASES = (
    Case(
        "animatediff",
        "animatediff",
        8,
        "AnimateDiffPipeline",
        changes=(
            {"scheduler": "euler"},
            {"scheduler": "dpm++"},
            {"scheduler": "pndm"},
            {"scheduler": "lcm"},
            {"travel": "4: a cat at night"},
            {"motion": False},
            {"guided": 0.3},
        ),
        more=animatediff_parts,
    ),
    Case("wan", "wan2.1-1.3b", 9, "WanPipeline", changes=({"scheduler": "euler"}, {"flow_shift": 7.0})),
    Case("wan", "wan2.2-5b", 5, "WanPipeline"),
    Case("wan", "wan2.2-5b", 9, "WanImageToVideoPipeline", from_picture=True),
    Case("wan", "wan2.2-a14b", 5, "WanPipeline"),
    Case("wan", "wan2.2-i2v-a14b", 9, "WanImageToVideoPipeline", from_picture=True),
    Case("mochi", "mochi-1", 7, "MochiPipeline"),
    Case("cogvideox", "cogvideox-2b", 9, "CogVideoXPipeline", changes=({"scheduler": "dpm"},)),
    Case(
        "cogvideox",
        "cogvideox-5b",
        17,
        "CogVideoXPipeline",
        params={"dynamic_guidance": True},
        call={"use_dynamic_cfg": True},
        changes=({"scheduler": "ddim"}, {"dynamic_guidance": False}),
    ),
    Case("cogvideox", "cogvideox-5b-i2v", 9, "CogVideoXImageToVideoPipeline", from_picture=True),
    Case(
        "hunyuan",
        "hunyuanvideo",
        # More than the VAE decodes at once.
        17,
        "HunyuanVideoPipeline",
        params={"true_guidance": 2.0},
        call={"true_cfg_scale": 2.0},
        changes=({"true_guidance": 1.0}, {"scheduler": "unipc"}),
    ),
    Case(
        "ltx",
        "ltx-video-0.9.1",
        17,
        "LTXPipeline",
        params={"guidance_rescale": 0.5},
        call={"frame_rate": 24, "guidance_rescale": 0.5, "decode_timestep": 0.05, "decode_noise_scale": 0.025},
        changes=(
            {"guidance_rescale": 0.0},
            {"scheduler": "unipc"},
            {"fps": 12},
            {"decode_timestep": 0.5},
            {"decode_noise_scale": 0.5},
        ),
    ),
    Case("ltx", "ltx-video", 17, "LTXImageToVideoPipeline", call={"frame_rate": 24}, from_picture=True),
)
FIRST = {case.family: case for case in reversed(CASES) if case.family != "animatediff"}
"""One of each family of video transformers."""
# One checkpoint of each family each time, and one that begins with a picture; the others are of the same code.
EACH_TIME = [
    *FIRST.values(),
    *(case for case in CASES if case.family == "animatediff" or case.checkpoint == "wan2.2-5b"),
]
each_case = pytest.mark.parametrize(
    "case", [case if case in EACH_TIME else pytest.param(case, marks=pytest.mark.slow) for case in CASES], ids=str
)
few_transformers = pytest.mark.parametrize(
    "case",
    [c if c.family in ("wan", "ltx") else pytest.param(c, marks=pytest.mark.slow) for c in FIRST.values()],
    ids=str,
)
each_transformer = pytest.mark.parametrize("case", FIRST.values(), ids=str)


class Made:
    """What a pipeline told and gave."""

    def __init__(self, frames: Frames, events: list[Event], states: list[bytes]) -> None:
        self.frames, self.events, self.states = frames, events, states


class Model:
    """A loaded case, that can be run several times."""

    def __init__(self, case: Case, picture: Path, **more: Any) -> None:
        """`more` is asked beside what the case asks."""
        self.case = case
        self.family: Family = families.find(case.family)
        shared = {
            "checkpoint": case.checkpoint,
            "steps": 3,
            "frames": case.frames,
            "width": 64,
            "height": 64,
            "seed": 5,
        }
        self.given: dict[str, Any] = (
            shared | ({"start_image": str(picture)} if case.from_picture else {}) | case.params | more
        )
        self.params = self.family.Params.model_validate(self.given)
        self.pipeline: Any = self.family.load("cpu", self.params, lambda event: None)

    def asked(self, negative: str = NEGATIVE, prompt: str = PROMPT, state: bytes | None = None, **changes: Any) -> Run:
        params, _ = self.family.fit(self.family.Params.model_validate(self.given | changes))
        return Run(prompt, negative, params, state=state)

    def run(self, on_event: Callable[[Event], None] | None = None, **asked: Any) -> Made:
        """`asked` is of `asked`."""
        events: list[Event] = []
        states: list[bytes] = []

        def note(event: Event) -> None:
            events.append(event)
            if isinstance(event, StepEvent) and event.state is not None:
                states.append(event.state())
            if on_event is not None:
                on_event(event)

        made = list(self.pipeline.run(self.asked(**asked), note))
        assert [index for index, _ in made] == list(range(len(made)))
        return Made(np.stack([frame for _, frame in made]), events, states)
