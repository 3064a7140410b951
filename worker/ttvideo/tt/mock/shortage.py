"""How much memory is missing, from the words of ttnn 0.81.1's errors (libtt_metal: allocator, program)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

BANKS = re.compile(
    r"allocate \d+ B (DRAM|L1)\w* buffer across (\d+) banks, where each bank needs to store (\d+) B"
    r".*?largest free block: (\d+) B"
)
PROGRAM = re.compile(r"grow to (\d+) B which is beyond max L1 size of (\d+) B")
CLASH = re.compile(r"clash with L1 buffers.*?allocated at (\d+) and static circular buffer region ends at (\d+)")


@dataclass(frozen=True)
class Shortage:
    memory: Literal["DRAM", "L1"]
    missing: int
    """Bytes: of a whole chip for DRAM, of a core for L1."""


def shortage(said: str) -> Shortage | None:
    """None for an error of another kind."""
    text = " ".join(said.split())
    if match := BANKS.search(text):
        banks, needed, free = (int(number) for number in match.groups()[1:])
        return Shortage("DRAM", banks * (needed - free)) if match[1] == "DRAM" else Shortage("L1", needed - free)
    if match := PROGRAM.search(text):
        return Shortage("L1", int(match[1]) - int(match[2]))
    if match := CLASH.search(text):
        return Shortage("L1", int(match[2]) - int(match[1]))
    return None
