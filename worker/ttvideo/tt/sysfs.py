"""What Linux says about Tenstorrent chips: files only, no process is started and no device is opened.

The attributes are those of tt-kmd (docs/sysfs-attributes.md and telemetry.c there): /sys/class/tenstorrent/
tenstorrent!N/tt_*, hwmon below its PCI device, /proc/driver/tenstorrent/N/pids. Each may be missing, and reading one
may fail while a chip is reset or after it has died.
"""

from __future__ import annotations

import os
from pathlib import Path

from ttvideo.tt import boards
from ttvideo.tt.machine import Chip, Holder

DEAD_CELSIUS = 1000.0
"""A chip whose controller has died reports such temperatures (seen in tt-animatediff's notes)."""
COMMAND_LENGTH = 80


def driver_version(root: Path) -> str:
    return _read(root / "sys/module/tenstorrent/version")


def driver_loaded(root: Path) -> bool:
    return (root / "sys/module/tenstorrent").exists()


def pci_boards(root: Path) -> list[str]:
    """PCI addresses of Tenstorrent's devices, driver or not."""
    vendors = (root / "sys/bus/pci/devices").glob("*/vendor")
    return sorted(file.parent.name for file in vendors if _hexadecimal(_read(file)) == boards.PCI_VENDOR)


def nodes(root: Path) -> list[int]:
    """N of each /dev/tenstorrent/N that this process can see; a container may have been given only some."""
    try:
        names = os.listdir(root / "dev/tenstorrent")
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdecimal())


def may_open(root: Path, node: int) -> bool:
    return os.access(root / "dev/tenstorrent" / str(node), os.R_OK | os.W_OK)


def chip(root: Path, node: int) -> Chip:
    folder = _folder(root, node)
    pci = folder / "device"
    hwmon = next(iter(sorted((pci / "hwmon").glob("hwmon*"))), pci / "no hwmon")
    serial, spelling = _read(folder / "tt_serial"), _read(folder / "tt_card_type")
    kind = boards.board_type(spelling, serial)
    celsius = _scaled(hwmon / "temp1_input", 1000)
    alive = celsius is None or celsius <= DEAD_CELSIUS
    return Chip(
        node=node,
        type=kind,
        spelling=spelling if spelling != "unknown" else kind.id if kind else "",
        arch=kind.arch if kind else boards.arch_of_pci(_hexadecimal(_read(pci / "device"))),
        serial=serial.upper(),
        bus=Path(os.path.realpath(pci)).name if pci.exists() else "",
        answers=bool(serial or spelling) and alive,
        celsius=celsius if alive else None,
        watts=_scaled(hwmon / "power1_input", 1_000_000),
        megahertz=_scaled(folder / "tt_aiclk", 1),
        firmware=_read(folder / "tt_fw_bundle_ver"),
    )


def heartbeat(root: Path, node: int) -> int | None:
    """What the chip's controller counts up as long as it lives."""
    text = _read(_folder(root, node) / "tt_heartbeat")
    return int(text) if text.isdecimal() else None


def holders(root: Path) -> dict[int, tuple[Holder, ...]]:
    """The processes that have each node open: those the driver lists, and those whose files we may look at."""
    found: dict[int, dict[int, Holder]] = {node: {} for node in nodes(root)}
    for node, held in found.items():
        for pid in _read(root / f"proc/driver/tenstorrent/{node}/pids").split():
            # The driver writes 0 for a process that is not in our pid namespace.
            if pid.isdecimal() and int(pid) == 0:
                held[0] = Holder(None, "")
            elif pid.isdecimal():
                held[int(pid)] = Holder(int(pid), _command(root, pid))
    for pid in (name for name in _listed(root / "proc") if name.isdecimal()):
        for link in _links(root / "proc" / pid / "fd"):
            folder, _, name = link.rpartition("/")
            if folder == "/dev/tenstorrent" and name.isdecimal() and int(name) in found:
                found[int(name)][int(pid)] = Holder(int(pid), _command(root, pid))
    return {node: tuple(held[pid] for pid in sorted(held)) for node, held in found.items()}


def _folder(root: Path, node: int) -> Path:
    """The sysfs folder of a node. In a container /dev/tenstorrent/0 may be another chip than tenstorrent!0: the device
    number decides."""
    classes = root / "sys/class/tenstorrent"
    try:
        device = os.stat(root / "dev/tenstorrent" / str(node)).st_rdev
    except OSError:
        device = 0
    if device:
        number = f"{os.major(device)}:{os.minor(device)}"
        for folder in sorted(classes.glob("tenstorrent!*")):
            if _read(folder / "dev") == number:
                return folder
    return classes / f"tenstorrent!{node}"


def _command(root: Path, pid: str) -> str:
    try:
        raw = (root / "proc" / pid / "cmdline").read_bytes()
    except OSError:
        return ""
    text = raw.decode(errors="replace").replace("\0", " ").strip()
    # A process may call itself anything: what is not printable would reach a terminal.
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= COMMAND_LENGTH else f"{text[:COMMAND_LENGTH]}…"


def _links(folder: Path) -> list[str]:
    links = []
    for name in _listed(folder):
        try:
            links.append(os.readlink(folder / name))
        except OSError:  # closed meanwhile, or another user's
            continue
    return links


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read(file: Path) -> str:
    """The file's text, empty if it is not there or cannot be read, as an attribute of a dead chip."""
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _scaled(file: Path, divisor: int) -> float | None:
    try:
        return int(_read(file)) / divisor
    except ValueError:
        return None


def _hexadecimal(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return -1
