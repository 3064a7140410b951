"""How a board of the table in boards.py looks to tt-umd: its cluster descriptions, which mock boards are made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ttvideo.tt import boards

Position = tuple[int, int]
Link = tuple[int, int]


@dataclass(frozen=True)
class Silicon:
    """Of an architecture: what a whole chip has, of which each board leaves something out."""

    umd: str
    line: int
    """Tensix cores in a row (Wormhole) or column (Blackhole), which are left out as a whole."""
    cores: int
    banks: int
    """Of DRAM."""
    bank: int
    """Bytes of one of them."""
    ethernet_missing: int
    """Mask of the Ethernet cores that no chip has on the boards that are sold."""


# Wormhole: 80 cores in 10 rows of 8, 6 GDDR channels. Blackhole: 140 cores in 14 columns of 10, 8 channels, 14 Ethernet
# cores of which 12 are used (tt-umd, device/api/umd/device/arch; its cluster descriptions).
SILICON = {
    boards.WORMHOLE: Silicon("wormhole_b0", 8, 80, 6, 2 * boards.GIB, 0),
    boards.BLACKHOLE: Silicon("blackhole", 10, 140, 8, 4 * boards.GIB, 0b100100000),
}
ALL_ETHERNET = 0x3FFF
"""A p100 has no Ethernet."""
LINKS = {boards.GALAXY_WORMHOLE: 4, boards.P150: 4}
"""Ethernet channels between two neighbours where that are not 2 (tt-metal, fabric/mesh_graph_descriptors)."""
TORI = {boards.GALAXY_BLACKHOLE}
"""Whose outer chips are wired to those of the opposite side (tt-umd, blackhole_galaxy)."""
# A Galaxy's chips come in trays, known by the PCI bus (tt-metal, fabric: ubb bus ids), of 4 rows and 2 columns.
TRAY_BUSES = {boards.GALAXY_WORMHOLE: (0xC0, 0x80, 0x00, 0x40), boards.GALAXY_BLACKHOLE: (0x00, 0x40, 0xC0, 0x80)}
TRAY_ROWS = 4


def write(system: boards.System) -> str:
    """The description as tt-umd reads it: YAML, of which JSON is a part."""
    return json.dumps(describe(system), indent=1)


def describe(system: boards.System) -> dict[str, Any]:
    """Chips are counted along the rows of the mesh; those that hang behind another have no node of their own."""
    kind, chips, positions = system.board, range(system.chips), list(_positions(system))
    trays = [_tray(kind, position) for position in positions] if kind in TRAY_BUSES else None
    places = [place for _, place in trays] if trays else [chip % kind.chips for chip in chips]
    own = [chip for chip in chips if chip % kind.chips < kind.nodes]
    description: dict[str, Any] = {
        "arch": dict.fromkeys(chips, SILICON[kind.arch].umd),
        # The Ethernet firmware of Wormhole's cards knows chips by where they are; the others have none of this.
        "chips": {}
        if trays or kind.arch is boards.BLACKHOLE
        else {chip: [column, row, 0, 0] for chip, (row, column) in enumerate(positions)},
        "chip_unique_ids": {chip: 1 + chip for chip in chips},
        "ethernet_connections": list(_channels(system, positions)),
        "ethernet_connections_to_remote_devices": [],
        "chips_with_mmio": [{chip: number} for number, chip in enumerate(own)],
        "io_device_type": "PCIe",
        "harvesting": {chip: _harvesting(kind, places[chip]) for chip in chips},
        "boards": [
            [{"board_id": _serial(kind, members[0])}, {"board_type": _name(kind)}, {"chips": list(members)}]
            for members in _boards(system)
        ],
        "asic_locations": dict(enumerate(places)),
    }
    if trays:
        description["chip_to_bus_id"] = {chip: hex(bus + place) for chip, (bus, place) in enumerate(trays)}
    return description


def shape(system: boards.System) -> Position:
    """Rows and columns in which the chips are wired: the mesh that is nearest to a square, upright if there are two."""
    return min(system.meshes, key=lambda mesh: (max(mesh), -mesh[0]))


def _positions(system: boards.System) -> Iterator[Position]:
    rows, columns = shape(system)
    yield from ((row, column) for row in range(rows) for column in range(columns))


def _boards(system: boards.System) -> Iterator[range]:
    """The chips of each board; all of a Galaxy's are listed as one."""
    size = system.chips if system.board in TRAY_BUSES else system.board.chips
    yield from (range(first, first + size) for first in range(0, system.chips, size))


def _channels(system: boards.System, positions: list[Position]) -> Iterator[list[dict[str, int]]]:
    used = [0] * system.chips
    for pair in links(system, positions):
        for _ in range(LINKS.get(system.board, 2)):
            ends = []
            for chip in pair:
                ends.append({"chip": chip, "chan": used[chip]})
                used[chip] += 1
            yield ends


def links(system: boards.System, positions: list[Position]) -> Iterator[Link]:
    """Pairs of chips that are wired to each other."""
    rows, columns = shape(system)
    at = {position: chip for chip, position in enumerate(positions)}
    torus = system.board in TORI
    for (row, column), chip in at.items():
        for length, step, there in (
            (columns, column + 1, (row, (column + 1) % columns)),
            (rows, row + 1, ((row + 1) % rows, column)),
        ):
            if step < length or (torus and length > 2):
                yield chip, at[there]


def _harvesting(kind: boards.BoardType, place: int) -> dict[str, Any]:
    """What is left out of a chip. Which row or column differs from chip to chip; ttnn sees how many."""
    silicon = SILICON[kind.arch]
    lines = (silicon.cores - kind.cores) // silicon.line
    banks = silicon.banks - kind.dram // silicon.bank if kind.dram else 0
    blackhole = kind.arch is boards.BLACKHOLE
    return {
        "noc_translation": True,
        "harvest_mask": _mask(6, lines),
        "dram_harvesting_mask": _mask(3, banks),
        "eth_harvesting_mask": ALL_ETHERNET if kind is boards.P100 else silicon.ethernet_missing,
        # Of a Blackhole's two PCIe cores one is used: on the right chip of a p300 and in a Galaxy it is the other.
        "pcie_harvesting_mask": (0b01 if place else 0b10) if blackhole else 0,
        "l2cpu_harvesting_mask": 0,
    }


def _mask(first: int, count: int) -> int:
    return sum(1 << bit for bit in range(first, first + count))


def _name(kind: boards.BoardType) -> str:
    return {boards.GALAXY_WORMHOLE: "ubb", boards.GALAXY_BLACKHOLE: "ubb_blackhole"}.get(kind, kind.id)


def _serial(kind: boards.BoardType, number: int) -> int:
    return min(kind.upis) << 36 | 1 + number


def _tray(kind: boards.BoardType, position: Position) -> tuple[int, int]:
    """Bus of the tray and place in it, 1 to 8. The first of each tray is in the corner of the whole mesh."""
    row, column = position
    below, right = row >= TRAY_ROWS, column >= 2
    depth = 2 * TRAY_ROWS - 1 - row if below else row
    beside = 3 - column if right else column
    buses = TRAY_BUSES[kind]
    # Of a Wormhole Galaxy tray 3 is beside tray 1 and 4 below it (tt-umd, 6u); the same is taken for Blackhole.
    tray = buses[{(False, False): 0, (False, True): 2, (True, True): 1, (True, False): 3}[below, right]]
    return tray, 1 + depth + TRAY_ROWS * beside
