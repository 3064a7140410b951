"""How a model is made to lie in memory: arithmetic, with devices that were made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttvideo.families.clips.dry_run import Working
from ttvideo.families.clips.plan import SHARE, Model, Room, Weights, choose, fits_ram

GB = 10**9


def working(tiled: bool) -> Working:
    return Working(encoding=GB, denoising=4 * GB, decoding=(2 if tiled else 9) * GB)


# About Wan 2.1 14B in bfloat16: 40 blocks.
WAN_14B = Model(
    {
        "text_encoder": Weights(11 * GB, group=2 * GB),
        "transformer": Weights(28 * GB, group=700_000_000, apart=500_000_000),
        "vae": Weights(GB // 2),
    },
    ("text_encoder",),
    ("transformer",),
    working,
)
PLENTY = 1000 * GB


def test_with_room_for_all_nothing_is_moved() -> None:
    plan = choose(WAN_14B, Room(80 * GB, PLENTY), low=False)
    assert (plan.in_turn, plan.tiled, plan.streamed) == (False, False, frozenset())
    assert plan.needs == (11 + 28 + 0.5 + 9) * GB


def test_a_device_that_is_nearly_full_with_all_parts_takes_them_in_turn() -> None:
    needs = choose(WAN_14B, Room(80 * GB, PLENTY), low=False).needs
    plan = choose(WAN_14B, Room(int(needs / SHARE) - 1, PLENTY), low=False)
    assert plan.in_turn
    assert plan.needs == (28 + 0.5 + 4) * GB
    assert not choose(WAN_14B, Room(int(needs / SHARE) + 1, PLENTY), low=False).in_turn


@pytest.mark.parametrize(
    ("device", "streamed", "tiled"),
    [
        (34, (), False),
        (24, ("transformer",), False),
        (11, ("transformer", "text_encoder"), False),
        (9, ("transformer", "text_encoder"), True),
    ],
)
def test_only_what_does_not_fit_is_streamed_or_decoded_in_tiles(
    device: int, streamed: tuple[str, ...], tiled: bool
) -> None:
    plan = choose(WAN_14B, Room(device * GB, PLENTY), low=False)
    assert (plan.in_turn, plan.streamed, plan.tiled) == (True, frozenset(streamed), tiled)
    assert plan.needs <= device * GB
    assert plan.ram == (28 if streamed else 0) * GB


def test_a_streamed_transformer_takes_three_blocks_and_what_is_in_none() -> None:
    plan = choose(WAN_14B, Room(9 * GB, PLENTY), low=False)
    assert plan.stages["denoising"] == int((0.5 + 3 * 0.7 + 0.5 + 4) * GB)
    assert plan.stages["encoding"] == (3 * 2 + 1) * GB


def test_what_needs_least_and_still_does_not_fit_is_told_with_its_phase() -> None:
    room = Room(6 * GB, PLENTY)
    plan = choose(WAN_14B, room, low=False)
    assert plan.needs > room.device
    assert plan.largest == "denoising"


def test_ram_may_be_what_is_short() -> None:
    room = Room(12 * GB, 20 * GB)
    plan = choose(WAN_14B, room, low=False)
    assert plan.needs <= room.device
    assert not fits_ram(plan, room)


def test_weights_that_are_converted_lie_in_ram_twice_while_they_are_read() -> None:
    parts = dict(WAN_14B.parts) | {"transformer": replace(WAN_14B.parts["transformer"], reading=29 * GB)}
    plan = choose(replace(WAN_14B, parts=parts), Room(24 * GB, PLENTY), low=False)
    assert plan.ram == (28 + 29) * GB


def test_layers_that_are_widened_while_they_compute_take_room_as_one() -> None:
    parts = dict(WAN_14B.parts) | {"transformer": Weights(14 * GB, reading=14 * GB, widened=GB)}
    plan = choose(replace(WAN_14B, parts=parts), Room(24 * GB, PLENTY), low=False)
    assert not plan.streamed
    assert plan.stages["denoising"] == (14 + 1 + 0.5 + 4) * GB


def test_low_takes_the_least_wherever_there_is_more() -> None:
    plan = choose(WAN_14B, Room(80 * GB, PLENTY), low=True)
    assert (plan.in_turn, plan.tiled, plan.streamed) == (True, True, frozenset({"transformer", "text_encoder"}))


def test_on_a_cpu_there_is_one_memory_and_nothing_to_stream_from() -> None:
    plan = choose(WAN_14B, Room(20 * GB), low=True)
    assert (plan.in_turn, plan.tiled, plan.streamed) == (True, True, frozenset())
    assert plan.ram == 0
    assert plan.stages["loading"] == 28 * GB


def test_encoders_that_are_not_needed_take_no_room() -> None:
    parts = {name: each for name, each in WAN_14B.parts.items() if name != "text_encoder"}
    plan = choose(replace(WAN_14B, parts=parts), Room(34 * GB, PLENTY), low=False)
    assert "encoding" not in plan.stages
    assert not plan.streamed


def test_two_denoisers_are_both_streamed() -> None:
    parts = dict(WAN_14B.parts) | {"transformer_2": WAN_14B.parts["transformer"]}
    plan = choose(
        replace(WAN_14B, parts=parts, denoisers=("transformer", "transformer_2")), Room(24 * GB, PLENTY), low=False
    )
    assert plan.streamed == {"transformer", "transformer_2"}
    assert plan.ram == 56 * GB
