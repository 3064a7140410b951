"""Whether a model fits a board, found out without one: its program runs on a mock board, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.state import cache_folder
from ttvideo.tt import boards, environment
from ttvideo.tt.engine.client import EngineProcess
from ttvideo.tt.machine import Machine, Versions

if TYPE_CHECKING:
    from ttvideo.tt.mock.trial import Subject

Phase = Literal["loading", "compiling", "denoising"]
SECONDS = 1800.0
"""A large model on a busy machine takes minutes; what takes longer hangs."""
CLOSE_SECONDS = 10.0
SOURCES = (
    "tt-metal's tech_reports/matrix_engine (4096 floating-point operations a cycle and core, less at higher fidelity) "
    "and docs.tenstorrent.com/aibs (cores, clock, bandwidth of DRAM)"
)


@dataclass(frozen=True)
class Needs:
    """What a program that runs needs of a chip."""

    dram_loaded: int
    """Bytes before the first step; convolutions put their weights there with it."""
    dram_peak: int
    dram_total: int
    l1_peak: int
    """Bytes of a core."""
    l1_total: int
    programs: int
    """That are compiled the first time."""
    operations: int
    """Of one step, on the board."""
    transfers: int
    """Of one step, between host and board."""
    seconds: float
    """Of one step: the roofline, which is less than any board takes."""
    costs: tuple[tuple[str, int, float], ...]
    """Device operation, calls, seconds of the roofline; the largest first."""


@dataclass(frozen=True)
class Refused:
    phase: Phase
    operation: str
    """With the shapes of what it was given."""
    said: str
    """By ttnn."""
    memory: Literal["DRAM", "L1"] | None
    """What is too small; None when it is refused for another reason."""
    missing: int
    """Bytes: of a chip for DRAM, of a core for L1."""


@dataclass(frozen=True)
class Found:
    ttnn: str
    needs: Needs | None
    refused: Refused | None


def preflight(
    subject: Subject, system: boards.System, on_phase: Callable[[Phase], None], on_tick: Callable[[], None]
) -> Found:
    """Run the program's first three steps on a mesh of mock boards. Takes from seconds to minutes.

    `on_tick` is called a few times a second and may raise to end it. Raises WorkerError: NO_DEVICE without a Python
    that has ttnn, INTERNAL when the process ended by itself.
    """
    folder = cache_folder() / "ttnn"
    folder.mkdir(parents=True, exist_ok=True)
    # The real boards and what their lesson exports do not matter here.
    given = environment.of_engine(Machine((), None, Versions(), ()))
    process = EngineProcess([environment.interpreter(), "-m", "ttvideo.tt.mock.trial"], given, folder)
    request = {"do": "try", "board": system.id, "folder": str(cache_folder() / "mock"), "subject": asdict(subject)}
    try:
        done, _ = process.ask(
            request,
            on_event=lambda event, _: on_phase(event["phase"]),
            on_tick=on_tick,
            timeout=SECONDS,
        )
    except WorkerError as error:
        if error.kind is not ErrorKind.DEVICE_FAILED:
            raise
        raise WorkerError(
            ErrorKind.INTERNAL,
            "The process that tried the program on a mock board ended before it was done.",
            "Try a smaller size; this machine may have too little memory. The log has its last words.",
        ) from error
    finally:
        process.end(CLOSE_SECONDS)
    return _found(done)


def _found(done: Mapping[str, Any]) -> Found:
    refused = done.get("refused")
    if refused is None:
        numbers = {name: value for name, value in done.items() if name not in ("ttnn", "costs", "refused")}
        return Found(done["ttnn"], Needs(**numbers, costs=tuple(map(tuple, done["costs"]))), None)
    short = refused["shortage"] or {"memory": None, "missing": 0}
    told = {name: refused[name] for name in ("phase", "operation", "said")}
    return Found(done["ttnn"], None, Refused(**told, **short))
