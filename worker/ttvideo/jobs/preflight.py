"""Whether a model fits a Tenstorrent board, in the words that terminal and editor show."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable

from ttvideo import families
from ttvideo.contract import Preflight, PreflightNeeds, PreflightParams
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families.family import Family
from ttvideo.tt import boards, detect
from ttvideo.tt.preflight import SOURCES, Found, Phase, Refused, preflight

log = logging.getLogger(__name__)

DEFAULT_BOARD = "n150"
PHASES: dict[Phase, str] = {
    "loading": "Its weights are put on a mock board.",
    "compiling": "Its first steps run on a mock board: every operation is checked, every program built.",
    "denoising": "One more step runs on a mock board and is counted.",
}
OnChange = Callable[[Preflight], None]
_numbers = itertools.count(1)


class Trial:
    """One preflight. `begin` answers at once; `run`, maybe on another thread, takes from seconds to minutes."""

    def __init__(self, asked: PreflightParams, on_change: OnChange = lambda preflight: None) -> None:
        self._asked, self._on_change = asked, on_change
        self._stopped = threading.Event()

    def begin(self) -> Preflight:
        """Raises WorkerError: INVALID_PARAMETERS, UNSUPPORTED (a model without a program of ours)."""
        self._system = _system(self._asked.board)
        family, params = families.fitted(self._asked.model, self._asked.parameters)
        _check(family)
        self._params, self._family = params, family
        self._state = Preflight(
            id=next(_numbers),
            state="running",
            message="A process with ttnn is started.",
            model=family.id,
            title=family.title,
            board=self._system.id,
            board_title=self._system.title,
            parameters=params.model_dump(mode="json", by_alias=True),
        )
        return self._state

    def run(self) -> Preflight:
        """The end of it. Raises Cancelled after `stop`."""
        from ttvideo.families.preflight import divided, steps, subject

        try:
            tried, shared = divided(self._params, subject(self._family, self._params), self._system)
            found = preflight(tried, self._system, self._phase, self._tick)
        except WorkerError as error:
            return self._tell(state="failed", message=error.message, hint=error.hint)
        except Cancelled:
            raise
        except Exception as error:
            log.exception("unexpected error in a preflight")
            what = f"The preflight was broken off: {type(error).__name__}: {error}"
            return self._tell(state="failed", message=what, hint="The log has the details.")
        told = verdict(self._state, found, steps(self._params))
        if shared:
            told["hint"] = f"{shared} {told['hint']}"
        return self._tell(**told)

    def stop(self) -> None:
        """Nothing more is told, and the process is ended."""
        self._stopped.set()

    def _phase(self, phase: Phase) -> None:
        self._tell(message=PHASES[phase])

    def _tick(self) -> None:
        if self._stopped.is_set():
            raise Cancelled

    def _tell(self, **news: object) -> Preflight:
        self._state = self._state.model_copy(update=news)
        if not self._stopped.is_set():
            self._on_change(self._state)
        return self._state


def verdict(asked: Preflight, found: Found, steps: int) -> dict[str, object]:
    """State, message, hint and numbers of what was found out."""
    if found.needs is None:
        assert found.refused is not None
        return {**_refusal(asked, found.refused), "ttnn": found.ttnn}
    needs = found.needs
    numbers = {name: getattr(needs, name) for name in PreflightNeeds.model_fields if hasattr(needs, name)}
    counted = PreflightNeeds(**numbers, step_seconds=needs.seconds, clip_seconds=needs.seconds * steps, sources=SOURCES)
    return {
        "state": "fits",
        "message": f"{asked.title} fits {asked.board_title}: while it denoises, at most {memory(needs.dram_peak)} of a "
        f"chip's {memory(needs.dram_total)} DRAM are in use.",
        "hint": "ttnn checked all its operations for that board's chips, and nothing was computed: that kernels "
        "compile, and how long they take, only a board can tell.",
        "needs": counted,
        "ttnn": found.ttnn,
    }


def _refusal(asked: Preflight, refused: Refused) -> dict[str, object]:
    where = refused.operation or "an operation"
    if refused.memory is None:
        return {
            "state": "refused",
            "message": f"ttnn refuses {where} of {asked.title} for {asked.board_title}: {refused.said}",
            "hint": "Another size or number of frames may do.",
        }
    whose = "the chip's DRAM" if refused.memory == "DRAM" else "a core's L1"
    when = "while the weights were put there" if refused.phase == "loading" else f"in {where}"
    return {
        "state": "too_large",
        "message": f"{asked.title} does not fit {asked.board_title}: {when}, {whose} lacks {memory(refused.missing)}.",
        "hint": "Ask for a smaller size or fewer frames, or take a board with more memory."
        if refused.memory == "DRAM"
        else "Ask for another size or fewer frames: all boards of that chip have the same L1.",
    }


def memory(count: int) -> str:
    """A number of bytes in words."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


def _check(family: Family) -> None:
    from ttvideo.families.preflight import refusal

    if (why := refusal(family)) is not None:
        raise why


def _system(name: str | None) -> boards.System:
    if name is None:
        here = detect.look().system
        name = here.id if here is not None else DEFAULT_BOARD
    system = boards.system_named(name)
    if system is None:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"There is no Tenstorrent system '{name[:40]}'.",
            f"It may be {', '.join(known.id for known in boards.SYSTEMS)}.",
        )
    return system
