"""Machines with Tenstorrent boards, as Linux and tt-smi show them: small trees of files, and snapshots.

The names of files and fields are tt-kmd's (docs/sysfs-attributes.md, telemetry.c) and tt-smi's (log.py); the readings
are made up within the usual ranges. Nothing was recorded on a board.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORMHOLE, BLACKHOLE = "0x401e", "0xb140"
PCI_DEVICE = {"n150": WORMHOLE, "n300": WORMHOLE, "galaxy-wormhole": WORMHOLE}
UPI = {"n150": 0x18, "n300": 0x14, "galaxy-wormhole": 0x35, "galaxy-blackhole": 0x47}
UPI |= {"p100a": 0x43, "p150a": 0x40, "p150b": 0x41, "p300c": 0x46}


def serial(kind: str, number: int = 0) -> str:
    """A board's serial number, 16 digits, as bits 36 to 55 tell its type."""
    return f"{UPI[kind] << 36 | 0x131924062 + number:016X}"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


@dataclass
class Tree:
    """The files of a machine below `root`."""

    root: Path
    driver: str | None = "2.4.1"
    nodes: int = 0
    boards: int = 0
    kinds: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        if self.driver:
            write(self.root / "sys/module/tenstorrent/version", self.driver)

    def board(self, kind: str, nodes: int = 1) -> Tree:
        """Add a board whose first `nodes` chips are on PCIe."""
        for _ in range(nodes):
            self._chip(kind, serial(kind, self.boards))
        self.boards += 1
        return self

    def _chip(self, kind: str, number: str) -> None:
        folder, pci = self.folder(self.nodes), self.pci(self.nodes)
        self.nodes, readings = self.nodes + 1, {"tt_serial": number, "tt_card_type": kind, "tt_aiclk": "500"}
        readings |= {"tt_fw_bundle_ver": "18.7.0.0", "tt_heartbeat": "4711"}
        write(pci / "vendor", "0x1e52")
        write(pci / "device", PCI_DEVICE.get(kind, BLACKHOLE))
        if not self.driver:
            return
        write(self.root / f"dev/tenstorrent/{self.nodes - 1}", "")
        for name, value in readings.items():
            write(folder / name, value)
        write(pci / "hwmon/hwmon3/temp1_input", "38500")
        write(pci / "hwmon/hwmon3/power1_input", "17000000")
        (folder / "device").symlink_to(pci)

    def folder(self, node: int) -> Path:
        return self.root / f"sys/class/tenstorrent/tenstorrent!{node}"

    def pci(self, node: int) -> Path:
        return self.root / f"sys/bus/pci/devices/0000:{node + 1:02x}:00.0"

    def dead(self, node: int) -> Tree:
        """A chip of which the driver has a node and no telemetry."""
        for file in self.folder(node).glob("tt_*"):
            file.unlink()
        for file in (self.pci(node) / "hwmon/hwmon3").iterdir():
            file.unlink()
        return self

    def held(self, node: int, pid: int, command: str) -> Tree:
        """A process that has the node open."""
        process = self.root / f"proc/{pid}"
        write(process / "cmdline", command.replace(" ", "\0"))
        (process / "fd").mkdir()
        (process / "fd/0").symlink_to("/dev/null")
        (process / "fd/7").symlink_to(f"/dev/tenstorrent/{node}")
        return self


def machine(name: str, root: Path) -> Tree:
    """One of the machines that the golden texts are of."""
    if name == "driver missing":
        return Tree(root, driver=None).board("p150a")
    tree = Tree(root) if name != "none" else Tree(root, driver=None)
    if name == "old driver":
        tree = Tree(root, driver="1.34.0")
    kinds = {
        "none": [],
        "n150": [("n150", 1)],
        "n300": [("n300", 1)],
        "t3k": [("n300", 1)] * 4,
        "p100": [("p100a", 1)],
        "p150": [("p150a", 1)],
        "p300c x2": [("p300c", 2)] * 2,
        "galaxy": [("galaxy-wormhole", 32)],
        "bh-galaxy": [("galaxy-blackhole", 8)] * 4,
        "dead chip": [("n300", 1)] * 4,
        "old driver": [("n150", 1)],
        "mixture": [("n150", 1), ("p150b", 1)],
    }
    for kind, nodes in kinds[name]:
        tree.board(kind, nodes)
    return tree.dead(2) if name == "dead chip" else tree


MACHINES = (
    "none",
    "n150",
    "n300",
    "t3k",
    "p100",
    "p150",
    "p300c x2",
    "galaxy",
    "bh-galaxy",
    "dead chip",
    "driver missing",
    "old driver",
    "mixture",
)


def entry(kind: str, number: str, bus: str, **telemetry: str | None) -> dict[str, Any]:
    """A chip in a snapshot of tt-smi 6."""
    return {
        "smbus_telem": {"AICLK": "0x320", "TDP": "0x10", "ASIC_TEMPERATURE": None, "TT_FLASH_VERSION": None},
        "board_info": {"bus_id": bus, "board_type": kind, "board_id": number.lower(), "coords": "N/A"},
        "telemetry": {"power": " 16.0", "aiclk": " 800", "asic_temperature": "34.8", "fan_speed": "N/A", **telemetry},
        "firmwares": {"fw_bundle_version": "19.13.1.0", "cm_fw": None},
        "limits": {},
    }


def snapshot(*entries: dict[str, Any]) -> str:
    about = {"time": "2026-08-20T12:00:00", "host_info": {}, "host_sw_vers": {"tt_smi": "6.2.1", "pyluwen": "N/A"}}
    return json.dumps({**about, "device_info": entries, "processes": []}, indent=4)


def n300_snapshot() -> str:
    number = serial("n300")
    return snapshot(entry("n300 L", number, "0000:01:00.0"), entry("n300 R", number, "N/A", asic_temperature="41.2"))


def old_entry(kind: str, number: str, bus: str) -> dict[str, Any]:
    """As of old versions: the type beside the telemetry, and that as registers."""
    registers = {"ASIC_TEMPERATURE": "0x2DE0260", "AICLK": "0x3E801F4", "TDP": "0x640011", "VCORE": None}
    return {"board_type": kind, "board_info": {"bus_id": bus, "board_id": number}, "telemetry": registers}


def fake_smi(folder: Path, program: str) -> Path:
    """A tt-smi of which `program`, in Python, is what it does; the folder is to be put onto PATH.

    Each call adds a line to the file `calls` beside it.
    """
    folder.mkdir(exist_ok=True)
    file = folder / "tt-smi"
    lines = (f"#!{sys.executable}", "import os, sys, time", f"open({str(folder / 'calls')!r}, 'a').write('called\\n')")
    file.write_text("\n".join((*lines, program)))
    file.chmod(0o755)
    return folder
