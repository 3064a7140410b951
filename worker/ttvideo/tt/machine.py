"""What was found out about a machine's Tenstorrent boards: values, no looking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ttvideo.tt.boards import Arch, BoardType, System


@dataclass(frozen=True)
class Holder:
    """A process that has a chip open."""

    pid: int | None
    """None for one that this container cannot see."""
    command: str
    """Empty if it may not be read."""

    def __str__(self) -> str:
        if self.pid is None:
            return "a process outside this container"
        return f"{self.command or 'a process'} (pid {self.pid})"


@dataclass(frozen=True)
class Chip:
    node: int | None
    """N of /dev/tenstorrent/N; None for a chip that is reached through another one of its board."""
    type: BoardType | None
    spelling: str
    """The board's type as the driver writes it, such as p300c; empty if it was not told."""
    arch: Arch | None
    serial: str
    """The board's, 16 hexadecimal digits; empty if it was not told."""
    bus: str
    """PCI address, such as 0000:01:00.0; empty for a chip without one."""
    answers: bool = True
    """Whether its telemetry could be read; always true for a chip behind another one that nobody asked."""
    celsius: float | None = None
    watts: float | None = None
    megahertz: float | None = None
    """Of the AI clock."""
    firmware: str = ""
    """Version of the firmware bundle."""
    holders: tuple[Holder, ...] = ()

    @property
    def name(self) -> str:
        return "the chip behind it" if self.node is None else f"/dev/tenstorrent/{self.node}"


@dataclass(frozen=True)
class Board:
    chips: tuple[Chip, ...]

    @property
    def type(self) -> BoardType | None:
        return self.chips[0].type

    @property
    def title(self) -> str:
        """Such as n300, or what is known of a board that does not say what it is."""
        first = self.chips[0]
        if first.spelling:
            return first.spelling
        return f"{first.arch.title} board" if first.arch else "unknown board"


@dataclass(frozen=True)
class Versions:
    """Empty where it is not there or does not say."""

    kmd: str = ""
    """Of the driver, tt-kmd."""
    ttnn: str = ""
    metal: str = ""
    """Folder of TT_METAL_HOME, and its commit."""
    smi: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong, in one sentence, and what to do."""

    message: str
    hint: str
    severity: Literal["error", "warning", "information"] = "warning"
    """error: a board or all of them cannot be used; information: nothing is wrong."""


@dataclass(frozen=True)
class Machine:
    boards: tuple[Board, ...]
    system: System | None
    """None without boards, and for a set of boards that is no system of boards.py."""
    versions: Versions
    problems: tuple[Problem, ...]
    simulated: bool = False
    """The boards are TTVIDEO_BOARD's: there is nothing that computes."""

    @property
    def chips(self) -> Iterator[Chip]:
        return (chip for board in self.boards for chip in board.chips)

    @property
    def held(self) -> bool:
        return any(chip.holders for chip in self.chips)

    @property
    def title(self) -> str:
        """Such as 'T3K: 4 × n300, 8 chips', marked if it is simulated; empty without boards."""
        if not self.boards:
            return ""
        names = [board.title for board in self.boards]
        counted = ", ".join(f"{names.count(name)} × {name}" for name in dict.fromkeys(names))
        if self.system and self.system.board.nodes > 2:
            counted = self.system.board.id
        answering, number = sum(chip.answers for chip in self.chips), sum(1 for _ in self.chips)
        chips = f"{number} chip{'s' if number > 1 else ''}"
        if self.system and answering < self.system.chips:
            chips = f"{answering} of {self.system.chips} chips answer"
        text = f"{counted}, {chips}"
        text = f"{self.system.title}: {text}" if self.system else text
        return f"SIMULATED {text}" if self.simulated else text
