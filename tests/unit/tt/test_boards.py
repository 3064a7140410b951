"""The table of boards, held against itself and against facts that others wrote down."""

from __future__ import annotations

from math import prod

import pytest

from ttvideo.tt import boards

# Type and serial number of a board, and the number of chips, in tt-umd's descriptions of clusters; which system it is.
DESCRIBED = {
    "wormhole_N150": ("n150", 72059269368820857, 1, "n150"),
    "wormhole_N300": ("n300", 72058994491072686, 2, "n300"),
    "t3k_cluster_desc": ("n300", 72058994491928619, 8, "t3k"),
    "6u_cluster_desc": ("ubb", 72061240465162240, 32, "galaxy"),
    "blackhole_P100": ("p100", 4613626507328, 1, "p100"),
    "blackhole_4xP150": ("p150", 4476187513102, 4, "p150x4"),
    "blackhole_P300_both_mmio": ("p300", 4746770444292, 2, "p300"),
    "blackhole_galaxy": ("ubb_blackhole", 4892773056512, 32, "bh-galaxy"),
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_descriptions_of_others_say_the_same(name: str) -> None:
    spelling, serial, chips, system = DESCRIBED[name]
    kind = boards.board_type(spelling, None)
    assert boards.board_type(None, f"{serial:016X}") is kind is not None
    assert boards.system_of([kind] * chips) is boards.system_named(system) is not None


@pytest.mark.parametrize("system", boards.SYSTEMS, ids=lambda system: system.id)
def test_a_system_is_whole(system: boards.System) -> None:
    assert all(prod(mesh) == system.chips for mesh in system.meshes)
    assert system.chips % system.board.chips == 0
    names = {system.id, system.id.upper(), system.mesh_device, f" {system.mesh_device.lower()} ", *system.also}
    assert {boards.system_named(name) for name in names} == {system}
    assert boards.system_of([system.board] * system.chips) is system


def test_no_spelling_and_no_number_means_two_boards() -> None:
    for facts in ([k.spellings for k in boards.BOARD_TYPES], [k.upis for k in boards.BOARD_TYPES]):
        assert len(frozenset().union(*facts)) == sum(map(len, facts))
    names = [name for s in boards.SYSTEMS for name in {s.id, s.mesh_device.lower(), *s.also}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("spelling", "serial", "kind"),
    [
        ("n300 R", None, boards.N300),
        ("n150 L", "", boards.N150),
        ("p300c", "0000046131924062", boards.P300),
        ("unknown", "0000046131924062", boards.P300),
        (None, "0100018611811B28", boards.N150),
        ("bh-scrappy", None, boards.P100),
        ("galaxy-blackhole", None, boards.GALAXY_BLACKHOLE),
        ("e150", "", None),
        ("", "nonsense", None),
    ],
)
def test_a_board_is_known_by_any_spelling_or_its_number(
    spelling: str | None, serial: str | None, kind: boards.BoardType | None
) -> None:
    assert boards.board_type(spelling, serial) is kind


def test_what_is_no_system() -> None:
    assert boards.system_of([]) is None
    assert boards.system_of([boards.N150, boards.N300]) is None
    assert boards.system_of([boards.N150] * 3) is None
    assert boards.system_of([None]) is None
    assert boards.system_named("") is None
