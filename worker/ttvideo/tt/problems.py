"""What can be wrong with a machine's boards, each in a sentence with what to do: answers, not errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ttvideo.errors import WorkerError
from ttvideo.tt import boards, environment
from ttvideo.tt.machine import Board, Chip, Problem, Versions

OLDEST_DRIVER = (2, 0, 0)
"""What tt-smi 6.2.1 asks of tt-kmd."""
INSTALLING = "https://docs.tenstorrent.com/getting-started"
SIMULATED = Problem(
    "The boards are simulated, because TTVIDEO_BOARD is set: ttnn checks what runs there, torch computes the numbers.",
    "Unset TTVIDEO_BOARD to see what is really here.",
    "information",
)


def without_nodes(pci: Sequence[str], driver: bool) -> Problem:
    """Why there is no /dev/tenstorrent/N, from the PCI addresses of boards and whether the driver is loaded."""
    if not pci:
        return Problem(
            "No Tenstorrent board was found on this machine.",
            "Videos are made on the processor or an NVIDIA GPU. If a board is built in, see whether `lspci -d 1e52:` "
            "shows it; a container must be given /dev/tenstorrent.",
            "information",
        )
    where = f"{_number(len(pci), 'Tenstorrent device')} on PCI ({', '.join(pci[:4])}{', …' if len(pci) > 4 else ''})"
    if not driver:
        return Problem(
            f"{where}, but the driver, tt-kmd, is not loaded.",
            f"Load it (sudo modprobe tenstorrent), or install it as {INSTALLING} says.",
            "error",
        )
    return Problem(
        f"{where} and the driver is loaded, but /dev/tenstorrent is empty or missing.",
        "In a container, give it the devices (docker run --device /dev/tenstorrent); else look into `dmesg`.",
        "error",
    )


def no_system(name: str) -> Problem:
    return Problem(
        f"TTVIDEO_BOARD is '{name[:40]}', which is no Tenstorrent system.",
        f"It may be {', '.join(known.id for known in boards.SYSTEMS)}; unset it to see what is really here.",
        "error",
    )


def of_boards(found: Sequence[Board], versions: Versions, system: boards.System | None) -> Iterator[Problem]:
    chips = [chip for board in found for chip in board.chips]
    if versions.kmd and _version(versions.kmd) < OLDEST_DRIVER:
        yield Problem(
            f"The driver, tt-kmd {versions.kmd}, is older than 2.0.0: what it says of its chips may be incomplete.",
            f"Update it as {INSTALLING} says.",
        )
    yield from (_dead(chip) for chip in chips if not chip.answers)
    for board in found:
        kind = board.type
        if kind and len(board.chips) % kind.chips:
            yield Problem(
                f"The {board.title} with serial number {board.chips[0].serial} shows {len(board.chips)} of its "
                f"{-(-len(board.chips) // kind.chips) * kind.chips} chips.",
                "Give this container all chips of the board; else reset it: `ttvideo reset`.",
                "error",
            )
    if system is None and all(chip.answers for chip in chips):
        yield Problem(
            "These boards together are no system that is known here: which mesh they form is not known.",
            f"Known are {', '.join(known.id for known in boards.SYSTEMS)}; TT_VISIBLE_DEVICES chooses among the chips.",
        )
    if not versions.ttnn:
        yield from _no_ttnn()


def closed(nodes: Sequence[int]) -> Problem:
    """Nodes that this user may not open."""
    names = ", ".join(f"/dev/tenstorrent/{node}" for node in nodes)
    return Problem(
        f"You may not open {names}.", "Ask who looks after this machine for read and write access to it.", "error"
    )


def no_metal(folder: str) -> Problem:
    return Problem(f"TT_METAL_HOME is {folder}, which is no folder.", "Correct it, or unset it.")


def _no_ttnn() -> Iterator[Problem]:
    """Another Python than this one may have it."""
    try:
        environment.interpreter()
    except WorkerError as error:
        yield Problem(error.message, error.hint)


def _dead(chip: Chip) -> Problem:
    where = f" (PCI {chip.bus})" if chip.bus else ""
    if chip.node is None:
        return Problem(
            f"The second chip of the {chip.spelling} with serial number {chip.serial} does not answer tt-smi.",
            "Reset the board: `ttvideo reset`.",
            "error",
        )
    return Problem(
        f"{chip.name}{where} does not answer: its telemetry is missing or makes no sense.",
        "If the machine has just started, wait two minutes. Else reset the boards: `ttvideo reset`; if that does not "
        "help, switch the machine off and on.",
        "error",
    )


def _version(text: str) -> tuple[int, ...]:
    """Of '2.4.0-rc1': (2, 4, 0)."""
    return tuple(int(part) for part in text.partition("-")[0].split(".") if part.isdecimal())


def _number(count: int, what: str) -> str:
    return f"There is {count} {what}" if count == 1 else f"There are {count} {what}s"
