"""Resets chips with tt-smi, and finds out whether they are back: that tt-smi ended with 0 proves nothing.

Here is what concerns the chips; the queue and its jobs are jobs/reset.py's.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttvideo.contract import ResetState
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import detect, smi
from ttvideo.tt.machine import Chip, Machine

POWER = "Reset once more; if that does not help, switch the machine off and on (not only restart it)."


@dataclass(frozen=True)
class Limits:
    """In seconds."""

    reset: float = 180.0
    """For `tt-smi -r`."""
    reset_many: float = 1200.0
    """The same for more than 8 chips: a Galaxy has been seen to take 15 minutes (tt-smi, issue 85)."""
    back: float = 120.0
    """For the chips to answer again afterwards."""
    snapshot: float = smi.TIMEOUT
    poll: float = 1.0


LIMITS = Limits()


@dataclass(frozen=True)
class Outcome:
    state: ResetState
    message: str
    hint: str = ""


Tell = Callable[[str], None]
"""Called with what is done now, in a sentence."""


def refusal(machine: Machine, chips: Sequence[Chip], own: Collection[int]) -> Outcome | None:
    """Why these chips cannot be reset; `own` are the pids of our engines, which will let go."""
    if machine.simulated:
        return _refused(
            "The boards are simulated: there is nothing to reset.", "Unset TTVIDEO_BOARD to see what is really here."
        )
    if not chips:
        why = machine.problems[0] if machine.problems else None
        return _refused(
            why.message if why and not machine.boards else "TT_VISIBLE_DEVICES leaves no chip to reset.",
            why.hint if why and not machine.boards else "Unset it, or name chips that `ttvideo devices` lists.",
        )
    if shutil.which("tt-smi") is None:
        return _refused("tt-smi, which resets boards, is not installed.", "Install it: pip install tt-smi")
    for chip in chips:
        for holder in chip.holders:
            if holder.pid not in own:
                return _refused(
                    f"{holder} uses {chip.name}, and would lose what it does.",
                    "End it yourself, then reset again: nobody else's program is ended here.",
                )
    return None


def reset(root: Path, machine: Machine, chips: Sequence[Chip], limits: Limits, tell: Tell) -> Outcome:
    """Reset `chips` of `machine` and verify that all of them are back. Nobody may use one meanwhile."""
    # PCI addresses stay the same over a reset, the numbers of nodes may not (tt-umd, TT_VISIBLE_DEVICES.md).
    by_bus = all(chip.bus for chip in chips)
    targets = [chip.bus if by_bus else chip.name for chip in chips]
    tell(f"`tt-smi -r` resets {_named(chips)}.")
    trouble = None
    try:
        smi.reset(targets, limits.reset_many if len(chips) > 8 else limits.reset)
    except WorkerError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return _refused(error.message, error.hint)
        trouble = error
    outcome = _verify(root, machine, chips, limits, tell)
    if trouble is None or outcome.state != "reset_complete":
        return outcome if trouble is None else Outcome(outcome.state, f"{trouble.message} {outcome.message}", POWER)
    return Outcome(
        "reset_unverified", f"{trouble.message} The chips answer, but may not have been reset.", trouble.hint
    )


def _verify(root: Path, machine: Machine, chips: Sequence[Chip], limits: Limits, tell: Tell) -> Outcome:
    tell("Waiting for the chips to answer.")
    deadline = time.monotonic() + limits.back
    while missing := _missing(detect.look(root), chips):
        if time.monotonic() > deadline:
            return Outcome("reset_unhealthy", f"{_named(missing)} did not come back after the reset.", POWER)
        time.sleep(limits.poll)
    tell("Asking tt-smi whether all chips are well.")
    while True:
        try:
            snapshot = smi.ask(limits.snapshot)
        except WorkerError as error:
            # The first one after a reset may fail.
            if time.monotonic() > deadline:
                return Outcome(
                    "reset_unverified",
                    f"The boards were reset, but tt-smi cannot say whether they are well. {error.message}",
                    "`ttvideo devices --check` opens them and computes something; then `ttvideo queue resume`.",
                )
        else:
            if (short := _short(machine, chips, snapshot)) is None:
                return Outcome(
                    "reset_complete", f"{_named(chips)} answer again." if len(chips) > 1 else _well(chips[0])
                )
            if time.monotonic() > deadline:
                return Outcome("reset_unhealthy", short, POWER)
        time.sleep(limits.poll)


def _missing(machine: Machine, chips: Sequence[Chip]) -> list[Chip]:
    """Those that have no node now, or do not answer."""
    back = {_key(chip) for chip in machine.chips if chip.node is not None and chip.answers}
    return [chip for chip in chips if _key(chip) not in back]


def _short(machine: Machine, chips: Sequence[Chip], snapshot: smi.Snapshot) -> str | None:
    """What a snapshot lacks of these chips and of those behind them, in a sentence. More than expected is fine."""
    ours = {_key(chip) for chip in chips}
    wanted: Counter[str] = Counter()
    titles = {}
    for board in machine.boards:
        if any(_key(chip) in ours for chip in board.chips):
            # A chip without a node is reset, and must come back, with the one it is reached through.
            mine = [chip for chip in board.chips if chip.node is None or _key(chip) in ours]
            wanted[board.chips[0].serial] += len(mine)
            titles[board.chips[0].serial] = board.title
    told = Counter(entry.serial for entry in snapshot.entries if not entry.silent)
    for serial, number in wanted.items():
        # A chip that has no serial number is one of all that tt-smi tells of.
        back = told[serial] if serial else sum(told.values())
        if back < number:
            which = f"the {titles[serial]} with serial number {serial}" if serial else "these boards"
            return f"Of {which} only {back} of {number} chips came back."
    return None


def _key(chip: Chip) -> str:
    return chip.bus or chip.name


def _named(chips: Sequence[Chip]) -> str:
    names = [f"{chip.name}" + (f" (PCI {chip.bus})" if chip.bus else "") for chip in chips]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _well(chip: Chip) -> str:
    return f"{_named([chip])} answers again."


def _refused(message: str, hint: str) -> Outcome:
    return Outcome("refused", message, hint)
