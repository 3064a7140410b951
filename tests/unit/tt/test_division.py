"""Which chip computes what of a clip, by system, and what that is reckoned to cost."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from accelerate import init_empty_weights  # type: ignore[import-untyped]
from diffusers import UNetMotionModel

from ttvideo.tt import boards
from ttvideo.tt.nn.division import Clip, Division, divide


@pytest.fixture(scope="module")
def clip() -> Clip:
    """Stable Diffusion 1.5's, 16 frames of 512x512 with guidance."""
    with init_empty_weights():
        unet = UNetMotionModel(cross_attention_dim=768)
    weights = {name: tuple(weight.shape) for name, weight in unet.state_dict().items()}
    return Clip(1, 16, 64, 64, guided=True, weights=weights)


def divided(system: str, clip: Clip) -> Division:
    found = boards.system_named(system)
    assert found is not None
    return divide(found, clip)


ALL = "One chip computes all of it."
PAIR = "Guidance over 2 chips: each chip has 1 video of 16 frames."
QUARTERS = "Guidance over 2 chips, frames over 2 chips: each chip has 8 frames of one half."
EIGHTHS = "Guidance over 2 chips, frames over 4 chips: each chip has 4 frames of one half."
EACH = "Guidance over 2 chips, frames over 16 chips: each chip has 1 frame of one half."
CHOICES = {
    **dict.fromkeys(("n150", "p100", "p150"), ((1, 1), ALL)),
    **dict.fromkeys(("n300", "p300"), ((1, 2), PAIR)),
    "n150x4": ((1, 4), QUARTERS),
    **dict.fromkeys(("p150x4", "p300x2"), ((2, 2), QUARTERS)),
    **dict.fromkeys(("t3k", "p150x8"), ((2, 4), EIGHTHS)),
    **dict.fromkeys(("galaxy", "bh-galaxy"), ((8, 4), EACH)),
}


@pytest.mark.parametrize("system", [system.id for system in boards.SYSTEMS])
def test_all_chips_of_every_system_are_used(system: str, clip: Clip) -> None:
    found = divided(system, clip)
    assert (found.mesh, found.sentence) == CHOICES[system]
    assert found.parts == found.mesh
    alone = divided("n150", clip)
    assert found.flops == pytest.approx(alone.flops / math.prod(found.mesh))
    assert (found.ethernet > 0) == (found.mesh != (1, 1))


def test_videos_and_frames_where_there_is_no_guidance(clip: Clip) -> None:
    two = divided("n300", replace(clip, videos=2, guided=False))
    assert two.sentence == "Videos over 2 chips: each chip has 1 video of 16 frames."
    assert divided("n300", replace(clip, guided=False)).sentence == (
        "Frames over 2 chips: each chip has 8 frames of a video."
    )


def test_what_cannot_be_divided_is_the_same_on_chips(clip: Clip) -> None:
    odd = divided("t3k", replace(clip, frames=5))
    assert (odd.mesh, odd.parts) == ((2, 4), (2, 1))
    assert odd.sentence == "Guidance over 2 chips: each chip has 1 video of 5 frames."
    one = divided("t3k", replace(clip, frames=5, guided=False))
    assert (one.parts, one.ethernet) == ((1, 1), 0)
    assert one.sentence == "Nothing is divided: every chip computes all of it."


def test_what_talks_less_is_preferred(clip: Clip) -> None:
    """Whole videos need no frames of others; along one side of a T3K halves and frames would have to be gathered."""
    many = divided("t3k", replace(clip, videos=4))
    assert many.sentence == "Guidance over 2 chips, videos over 4 chips: each chip has 1 video of 16 frames."
    assert many.ethernet < divided("t3k", clip).ethernet / 100


def test_the_cost_of_frames_that_chips_share() -> None:
    """Worked out by hand for a model of a motion module and a convolution."""
    weights = {
        "conv_out.weight": (4, 640, 3, 3),
        "down_blocks.0.motion_modules.0.norm.weight": (640,),
        "down_blocks.0.motion_modules.0.proj_in.weight": (64000, 640),
    }
    system = boards.system_named("p300")
    assert system is not None
    found = divide(system, Clip(1, 2, 64, 64, guided=False, weights=weights))
    assert found.sentence == "Frames over 2 chips: each chip has 1 frame of a video."
    # The other frame comes in at the module; of its result the other half; then the other frame's latents.
    pixels, number = 64 * 64, 2
    assert found.ethernet == pixels * 640 * number * 2 + pixels * 4 * number
    assert found.flops == 2 * pixels * (4 * 640 * 9 + 64000 * 640)
    assert found.weights == number * (4 * 640 * 9 + 640 + 64000 * 640)
