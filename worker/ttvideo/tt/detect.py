"""What Tenstorrent boards this machine has.

`look` reads a few files of Linux, takes milliseconds and starts nothing; `look_closely` asks tt-smi, too.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ttvideo.errors import WorkerError
from ttvideo.tt import boards, problems, smi, sysfs
from ttvideo.tt.machine import Board, Chip, Machine, Problem, Versions
from ttvideo.tt.metal import tree

ROOT = Path("/")


def look(root: Path = ROOT, *, holders: bool = False, snapshot: smi.Snapshot | None = None) -> Machine:
    """The boards below `root`, or those that TTVIDEO_BOARD simulates.

    With `holders` it is looked up which processes have a chip open, which takes longer the more processes there are;
    what `snapshot` knows fills what Linux does not tell. Raises nothing: what is wrong is in the answer.
    """
    asked = os.environ.get("TTVIDEO_BOARD", "").strip()
    if asked:
        return simulated(asked)
    nodes = sysfs.nodes(root)
    home, metal = os.environ.get("TT_METAL_HOME", ""), tree.find()
    versions = Versions(
        kmd=sysfs.driver_version(root),
        ttnn=_ttnn(),
        metal=str(metal) if metal else "",
        smi=snapshot.version if snapshot else "",
    )
    if not nodes:
        why = problems.without_nodes(sysfs.pci_boards(root), sysfs.driver_loaded(root))
        return Machine((), None, versions, (why,))
    entries = snapshot.entries if snapshot else ()
    held = sysfs.holders(root) if holders else {}
    chips = (replace(sysfs.chip(root, node), holders=held.get(node, ())) for node in nodes)
    found = tuple(_boards((_filled(chip, entries) for chip in chips), entries))
    system = boards.system_of(_types(found))
    wrong = list(problems.of_boards(found, versions, system))
    shut = [node for node in nodes if not sysfs.may_open(root, node)]
    wrong += [problems.closed(shut)] if shut else []
    wrong += [problems.no_metal(home)] if home and metal is None else []
    return Machine(found, system, versions, tuple(wrong))


def look_closely(root: Path = ROOT, timeout: float = smi.TIMEOUT) -> Machine:
    """As `look` with holders, and what tt-smi says unless a chip is in use; `timeout` in seconds is tt-smi's.

    That tt-smi failed is one of the problems, too.
    """
    machine = look(root, holders=True)
    if machine.simulated or not machine.boards:
        return machine
    if machine.held:
        who = next(str(holder) for chip in machine.chips for holder in chip.holders)
        why = Problem(
            f"tt-smi was not asked, because {who} uses a chip.", "Ask again when it has ended.", "information"
        )
        return replace(machine, problems=(*machine.problems, why))
    try:
        snapshot = smi.ask(timeout)
    except WorkerError as error:
        return replace(machine, problems=(*machine.problems, Problem(error.message, error.hint)))
    return look(root, holders=True, snapshot=snapshot)


def simulated(name: str) -> Machine:
    """A machine with the boards of a system, without any readings; without boards for a name that is no system."""
    system = boards.system_named(name)
    if system is None:
        return Machine((), None, Versions(), (problems.no_system(name),), simulated=True)
    kind = system.board
    found = []
    for number in range(system.boards):
        nodes = range(number * kind.nodes, (number + 1) * kind.nodes)
        chips = [_simulated_chip(kind, node) for node in (*nodes, *[None] * (kind.chips - kind.nodes))]
        found.append(Board(tuple(chips)))
    return Machine(tuple(found), system, Versions(ttnn=_ttnn()), (problems.SIMULATED,), simulated=True)


def _simulated_chip(kind: boards.BoardType, node: int | None) -> Chip:
    return Chip(node=node, type=kind, spelling=kind.id, arch=kind.arch, serial="", bus="")


def _filled(chip: Chip, entries: Iterable[smi.Entry]) -> Chip:
    """The chip, with what tt-smi says of the one at its PCI address where Linux says nothing."""
    entry = next((e for e in entries if chip.bus and e.bus == chip.bus), None)
    if entry is None:
        return chip
    serial, spelling = chip.serial or entry.serial, chip.spelling or entry.spelling
    kind = chip.type or boards.board_type(spelling, serial)
    return _read(
        replace(chip, type=kind, serial=serial, spelling=spelling, arch=kind.arch if kind else chip.arch), entry
    )


def _read(chip: Chip, entry: smi.Entry) -> Chip:
    return replace(
        chip,
        answers=not entry.silent,
        celsius=entry.celsius if chip.celsius is None else chip.celsius,
        watts=entry.watts if chip.watts is None else chip.watts,
        megahertz=entry.megahertz if chip.megahertz is None else chip.megahertz,
        firmware=chip.firmware or entry.firmware,
    )


def _boards(chips: Iterable[Chip], entries: Iterable[smi.Entry]) -> Iterator[Board]:
    """Chips of one serial number are one board; those without a node are added."""
    groups: dict[str | int | None, list[Chip]] = {}
    for chip in chips:
        groups.setdefault(chip.serial or chip.node, []).append(chip)
    remote = {entry.serial: entry for entry in entries if entry.remote}
    for group in groups.values():
        first, kind = group[0], group[0].type
        if kind and kind.nodes < kind.chips:
            second = Chip(None, kind, first.spelling, first.arch, first.serial, bus="")
            group.append(_read(second, remote[first.serial]) if first.serial in remote else second)
        yield Board(tuple(group))


def _types(found: Iterable[Board]) -> Iterator[boards.BoardType | None]:
    """The type of each chip. One that does not answer is taken for another of those that do, if these are all alike."""
    known = {board.type for board in found if board.type}
    only = known.pop() if len(known) == 1 else None
    for board in found:
        first = board.chips[0]
        if board.type or only is None or first.arch not in (None, only.arch):
            yield from (chip.type for chip in board.chips)
        else:
            yield from [only] * (only.chips // only.nodes)


def _ttnn() -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("ttnn")
    return ""
