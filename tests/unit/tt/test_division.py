"""Which chip computes what of a clip, by system, and what that is reckoned to cost."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from accelerate import init_empty_weights  # type: ignore[import-untyped]
from diffusers import UNetMotionModel

from animatediff_ttnn.layers.tokens import Tokens
from ttvideo.tt import boards
from ttvideo.tt.nn.division import Clip, Division, divide, divisions


@pytest.fixture(scope="module")
def clip() -> Clip:
    """Stable Diffusion 1.5's, 16 frames of 512x512 with guidance."""
    with init_empty_weights():
        unet = UNetMotionModel(cross_attention_dim=768)
    weights = {name: tuple(weight.shape) for name, weight in unet.state_dict().items()}
    return Clip(1, 16, 64, 64, guided=True, weights=weights, heads=8)


@pytest.fixture(scope="module")
def frame(clip: Clip) -> Clip:
    """One of the frames that are made one by one, without motion modules."""
    weights = {name: shape for name, shape in clip.weights.items() if "motion_modules" not in name}
    return replace(clip, frames=1, weights=weights)


def system_of(name: str) -> boards.System:
    found = boards.system_named(name)
    assert found is not None
    return found


def divided(system: str, clip: Clip) -> Division:
    return divide(system_of(system), clip)


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
    assert (found.parts, found.tensor_axis) == (found.mesh, None)
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
    found = divide(system_of("p300"), Clip(1, 2, 64, 64, guided=False, weights=weights))
    assert found.sentence == "Frames over 2 chips: each chip has 1 frame of a video."
    # The other frame comes in at the module; of its result the other half; then the other frame's latents.
    pixels, number = 64 * 64, 2
    assert found.ethernet == pixels * 640 * number * 2 + pixels * 4 * number
    assert found.flops == 2 * pixels * (4 * 640 * 9 + 64000 * 640)
    assert found.weights == number * (4 * 640 * 9 + 640 + 64000 * 640)


def test_heads_are_shared_among_chips_without_pictures_where_work_takes_longer(
    clip: Clip, frame: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 15% of the matrix engines' peak; the model takes all of it for granted."""
    monkeypatch.setattr(boards, "FLOPS_PER_CYCLE", 0.15 * boards.FLOPS_PER_CYCLE)
    found = divided("t3k", frame)
    assert (found.mesh, found.parts, found.tensor_axis, found.chips) == ((2, 4), (2, 1), 1, 8)
    assert found.sentence == "Guidance over 2 chips: each chip has 1 video of 1 frame, and 4 chips share its heads."
    galaxy = divided("galaxy", frame)
    # Two pictures cannot be divided along either side, and eight heads along one.
    assert (galaxy.parts, galaxy.tensor_axis) == ((1, 1), 0)
    assert galaxy.sentence == "8 chips share the heads of all pictures."
    assert divided("galaxy", replace(frame, heads=6)).sentence.startswith("Nothing is divided")
    # Where there are pictures for all chips, they are divided as before.
    assert divided("t3k", clip).sentence == EIGHTHS


def test_heads_are_not_shared_where_sums_take_longer_than_the_work(frame: Clip) -> None:
    """As on all systems there are, of every size that Stable Diffusion 1.5 makes."""
    for system in boards.SYSTEMS:
        for side in (16, 32, 64, 128):
            for guided in (True, False):
                found = divide(system, replace(frame, height=side, width=side, guided=guided))
                assert found.tensor_axis is None, (system.id, side, guided)
    whole, shared = (
        next(each for each in divisions(system_of("t3k"), frame) if (each.parts, each.tensor_axis) == ((2, 1), axis))
        for axis in (None, 1)
    )
    assert shared.flops < 0.7 * whole.flops
    assert shared.weights < 0.8 * whole.weights
    # Three sums in each of 16 blocks, of two collectives.
    assert (shared.collectives - whole.collectives, whole.collectives) == (3 * 16 * 2, 1)
    assert shared.seconds > whole.seconds


def test_heads_are_shared_where_all_weights_are_more_than_a_chip_has_memory(frame: Clip) -> None:
    t3k, gigabyte = system_of("t3k"), 10**9
    small = replace(t3k, board=replace(t3k.board, dram=int(1.5 * gigabyte)))
    found = divide(small, frame)
    assert (found.parts, found.tensor_axis) == ((2, 1), 1)
    # Nothing else helps where no weights are divided.
    assert divide(small, replace(frame, heads=1)).sentence == divide(t3k, frame).sentence


def test_chips_with_other_pictures_share_no_heads() -> None:
    with pytest.raises(ValueError, match="axis 0 have other pictures"):
        Tokens(2, 4, 8, 8, (2, 1), 0)


def test_the_cost_of_heads_that_chips_share() -> None:
    """Worked out by hand for a transformer's attention and feed-forward part, and a convolution."""
    block = "down_blocks.0.attentions.0.transformer_blocks.0."
    weights = {
        "conv_out.weight": (4, 640, 3, 3),
        **{f"{block}attn1.to_{name}.weight": (640, 640) for name in ("q", "k", "v", "out.0")},
        f"{block}attn1.to_out.0.bias": (640,),
        f"{block}ff.net.0.proj.weight": (5120, 640),
        f"{block}ff.net.0.proj.bias": (5120,),
        f"{block}ff.net.2.weight": (640, 2560),
        f"{block}ff.net.2.bias": (640,),
    }
    whole = Clip(1, 1, 64, 64, guided=False, weights=weights, heads=8)
    found = next(each for each in divisions(system_of("p300"), whole) if each.tensor_axis == 1)
    pixels, number, convolution = 64 * 64, 2, 4 * 640 * 9
    linear = 4 * 640 * 640 + 5120 * 640 + 640 * 2560
    assert found.flops == 2 * pixels * convolution + 2 * pixels * (linear + 2 * pixels * 640) // 2
    # Half of each of two sums of the other's, then the other's half.
    assert (found.ethernet, found.collectives) == (2 * pixels * 640 * number, 4)
    assert found.weights == number * (convolution + linear // 2 + 5120 // 2 + 2 * 640)
