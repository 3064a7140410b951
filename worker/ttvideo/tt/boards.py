"""Facts about Tenstorrent's boards and the systems that are built of them. Where each is from stands beside it.

What no source says is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GIB = 2**30
FLOPS_PER_CYCLE = 4096
"""A Tensix core's, at LoFi: 8x16 times 16x16 (tt-metal, tech_reports/matrix_engine/matrix_engine.md)."""


@dataclass(frozen=True)
class Arch:
    id: str
    title: str
    pci_device: int
    """PCI device id; the vendor is PCI_VENDOR."""
    arch_name: str | None
    """What TT_METAL_ARCH_NAME is set to; None where nothing has to be set."""
    clock: float
    """The highest clock of the Tensix cores, in Hz."""


# PCI ids: tt-kmd, enumerate.h. TT_METAL_ARCH_NAME: the video lesson sets it on the P100, and on no Wormhole board.
# Clocks: docs.tenstorrent.com/aibs/{wormhole,blackhole}/specifications.
PCI_VENDOR = 0x1E52
WORMHOLE = Arch("wormhole", "Wormhole", 0x401E, arch_name=None, clock=1.0e9)
BLACKHOLE = Arch("blackhole", "Blackhole", 0xB140, arch_name="blackhole", clock=1.35e9)
ARCHS = (WORMHOLE, BLACKHOLE)


@dataclass(frozen=True)
class BoardType:
    id: str
    arch: Arch
    upis: frozenset[int]
    """Bits 36 to 55 of a board's serial number, which say what it is."""
    spellings: frozenset[str]
    """How drivers and tools write it, in lower case and without tt-smi's " L" and " R"."""
    chips: int
    nodes: int
    """How many of the chips have a /dev/tenstorrent/N: the others are reached through those."""
    dram: int | None
    """Bytes of DRAM of one chip."""
    cores: int
    """Tensix cores of one chip."""
    bandwidth: float
    """Of one chip's DRAM, in bytes per second."""


# UPIs and spellings: tt-smi 6.2.1 (get_board_type), tt-kmd's telemetry.c (tt_card_type in sysfs), and tt-umd's cluster
# descriptions (ubb, ubb_blackhole, and names without the last letter).
# Chips of a board: docs.tenstorrent.com/aibs (n150s, n300s, p100a, p150a, p150b); p300 from tt-inference-server
# ("Single P300 card (2 dies)"); a Galaxy's tray has 8 (tt-kmd, enumerate.c: GALAXY_CHIPS_PER_UBB).
# Nodes: the second chip of an n300 hangs behind the first; both of a p300 and all of a Galaxy are on PCIe (tt-umd's
# description blackhole_P300_both_mmio; tt-dra-driver, single-host.md).
# DRAM: docs.tenstorrent.com/aibs/{wormhole,blackhole}/specifications: 12 GB for each Wormhole chip, 32 GB for each
# Blackhole chip, 28 GB for the p100a. The p150c, the p300 and the Galaxies are not on those pages: tt-umd (commit
# 3ed9cb6d0533) has 6 banks of 2 GiB in a Wormhole and 8 of 4 GiB in a Blackhole chip (wormhole_implementation.hpp and
# blackhole_implementation.hpp), of which it expects one to be missing on the p100 and none on the others
# (cluster_descriptor_types.hpp, expected_dram_harvested_units_map).
# Tensix cores and bandwidth of DRAM: the same pages; of the 140 cores they give the p150a, firmware of 2026 leaves 120,
# as tt-umd's description blackhole_P150 does. Cores of the p300 and the Galaxies: tt-umd's descriptions, in which two
# columns, nothing and one column are left out. Their bandwidth is taken for that of the same chip on other boards.
N150 = BoardType("n150", WORMHOLE, frozenset({0x18}), frozenset({"n150"}), 1, 1, 12 * GIB, 72, 288e9)
N300 = BoardType("n300", WORMHOLE, frozenset({0x14}), frozenset({"n300"}), 2, 1, 12 * GIB, 64, 288e9)
P100 = BoardType(
    "p100", BLACKHOLE, frozenset({0x36, 0x43}), frozenset({"p100", "p100a", "bh-scrappy"}), 1, 1, 28 * GIB, 120, 448e9
)
P150 = BoardType(
    "p150",
    BLACKHOLE,
    frozenset({0x40, 0x41, 0x42}),
    frozenset({"p150", "p150a", "p150b", "p150c"}),
    1,
    1,
    32 * GIB,
    120,
    512e9,
)
P300 = BoardType(
    "p300",
    BLACKHOLE,
    frozenset({0x44, 0x45, 0x46}),
    frozenset({"p300", "p300a", "p300b", "p300c"}),
    2,
    2,
    32 * GIB,
    120,
    512e9,
)
GALAXY_WORMHOLE = BoardType(
    "tt-galaxy-wh",
    WORMHOLE,
    frozenset({0x35}),
    frozenset({"tt-galaxy-wh", "galaxy-wormhole", "ubb"}),
    8,
    8,
    12 * GIB,
    80,
    288e9,
)
GALAXY_BLACKHOLE = BoardType(
    "tt-galaxy-bh",
    BLACKHOLE,
    frozenset({0x47}),
    frozenset({"tt-galaxy-bh", "galaxy-blackhole", "ubb_blackhole"}),
    8,
    8,
    32 * GIB,
    130,
    512e9,
)
BOARD_TYPES = (N150, N300, P100, P150, P300, GALAXY_WORMHOLE, GALAXY_BLACKHOLE)


@dataclass(frozen=True)
class System:
    id: str
    """As tt-inference-server names it, in lower case; TTVIDEO_BOARD takes it."""
    title: str
    board: BoardType
    chips: int
    meshes: tuple[tuple[int, int], ...]
    """Rows and columns of the meshes the chips can be opened as; the first is the one MESH_DEVICE stands for."""
    mesh_device: str
    """What MESH_DEVICE is set to."""
    also: frozenset[str] = frozenset()
    """Other names people use."""

    @property
    def boards(self) -> int:
        return self.chips // self.board.chips


# What makes a system: tt-inference-server, workflows/device_utils.py and workflow_types.py.
# MESH_DEVICE and its meshes: tables of tt-metal's demos (N150 (1,1) ... TG and BHGLX (8,4), P300x2 (1,4));
# tt-inference-server writes BH-Galaxy for BHGLX.
# Second meshes: tt_dit's pipelines (WH LoudBox 2x4, WH Galaxy 4x8, BH QuietBox 2x2), workflow_types.py (P150X8 2x4).
# Each mesh of each system opens on ttnn's mock boards (tests/ttnn).
SYSTEMS = (
    System("n150", "N150", N150, 1, ((1, 1),), "N150"),
    System("n150x4", "N150X4", N150, 4, ((1, 4),), "N150x4"),
    System("n300", "N300", N300, 2, ((1, 2),), "N300"),
    System("t3k", "T3K", N300, 8, ((1, 8), (2, 4)), "T3K", frozenset({"n300x4"})),
    System("p100", "P100", P100, 1, ((1, 1),), "P100"),
    System("p150", "P150", P150, 1, ((1, 1),), "P150"),
    System("p150x4", "P150X4", P150, 4, ((1, 4), (2, 2)), "P150x4"),
    System("p150x8", "P150X8", P150, 8, ((1, 8), (2, 4)), "P150x8"),
    System("p300", "P300", P300, 2, ((1, 2),), "P300"),
    System("p300x2", "P300X2 (QuietBox 2)", P300, 4, ((1, 4), (2, 2)), "P300x2", frozenset({"qb2", "quietbox2"})),
    System("galaxy", "Wormhole Galaxy", GALAXY_WORMHOLE, 32, ((8, 4), (4, 8)), "TG", frozenset({"wh-galaxy"})),
    System(
        "bh-galaxy",
        "Blackhole Galaxy",
        GALAXY_BLACKHOLE,
        32,
        ((8, 4), (4, 8)),
        "BHGLX",
        frozenset({"blackhole_galaxy"}),
    ),
)


def board_type(spelling: str | None, serial: str | None) -> BoardType | None:
    """By how a tool spells it ('n300 L', 'p300c'), else by its serial number (hexadecimal); None for an unknown one."""
    name = (spelling or "").strip().lower().removesuffix(" l").removesuffix(" r")
    for known in BOARD_TYPES:
        if name in known.spellings:
            return known
    try:
        upi = int(serial or "", 16) >> 36 & 0xFFFFF
    except ValueError:
        return None
    return next((known for known in BOARD_TYPES if upi in known.upis), None)


def arch_of_pci(device: int) -> Arch | None:
    return next((arch for arch in ARCHS if arch.pci_device == device), None)


def system_named(name: str) -> System | None:
    """By id, title or another of its names, however it is capitalised."""
    wanted = name.strip().lower()
    return next((s for s in SYSTEMS if wanted in {s.id, s.mesh_device.lower(), *s.also}), None)


def system_of(types: Iterable[BoardType | None]) -> System | None:
    """The system whose chips these are, one board type for each chip; None for a mixture or a number not listed."""
    chips = list(types)
    return next((s for s in SYSTEMS if chips.count(s.board) == len(chips) == s.chips), None)
